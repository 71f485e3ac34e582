#include "read/word_text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "read/csv_private.h"

/* ---- small letters ---- */

/* The small letter of a capital of two bytes: Latin-1, Latin Extended-A, Greek and Cyrillic, whose small letters take as many
 * bytes (UnicodeData.txt of Unicode 15, fields 0 and 13). */
static uint32_t small_letter(uint32_t code)
{
    static const struct {
        uint32_t first, last, to;
    } ranges[] = {{0x00C0, 0x00D6, 0x00E0}, {0x00D8, 0x00DE, 0x00F8}, {0x0178, 0x0178, 0x00FF},
                  {0x0386, 0x0386, 0x03AC}, {0x0388, 0x038A, 0x03AD}, {0x038C, 0x038C, 0x03CC},
                  {0x038E, 0x038F, 0x03CD}, {0x0391, 0x03A1, 0x03B1}, {0x03A3, 0x03AB, 0x03C3},
                  {0x0400, 0x040F, 0x0450}, {0x0410, 0x042F, 0x0430}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].to + (code - ranges[i].first);
    const bool even = (code >= 0x0100 && code <= 0x012F) || (code >= 0x0132 && code <= 0x0137) ||
                      (code >= 0x014A && code <= 0x0177);
    const bool odd = (code >= 0x0139 && code <= 0x0148) || (code >= 0x0179 && code <= 0x017E);
    return (even && code % 2 == 0) || (odd && code % 2 == 1) ? code + 1 : code;
}

/* Writes the word in small letters, in as many bytes. */
static void fold(char *to, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)word[i];
        to[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : word[i];
        if (byte < 0xC3 || byte > 0xDF || i + 1 == length || ((unsigned char)word[i + 1] & 0xC0) != 0x80)
            continue;
        char two[4];
        text_encode(small_letter((uint32_t)(byte & 0x1F) << 6 | ((unsigned char)word[i + 1] & 0x3F)), two);
        memcpy(to + i++, two, 2);
    }
}

/* ---- the spellings ---- */

/* The slot that has the forms of that folded text, or else is free for them. */
static size_t *form_slot(const struct word_text *words, const char *folded, size_t length)
{
    size_t at = hash_bytes(folded, length) & (words->slots - 1);
    for (;; at = (at + 1) & (words->slots - 1)) {
        const size_t i = words->slot[at];
        if (i == SIZE_MAX ||
            (words->forms[i].length == length && memcmp(words->forms[i].folded, folded, length) == 0))
            return &words->slot[at];
    }
}

/* The form that is spelled so; NULL: none. `folded` is its folded text. */
static struct word_form *form_of(const struct word_text *words, const char *text, const char *folded,
                                 size_t length)
{
    if (words->slots == 0)
        return NULL;
    for (size_t i = *form_slot(words, folded, length); i != SIZE_MAX; i = words->forms[i].same)
        if (memcmp(words->forms[i].text, text, length) == 0)
            return &words->forms[i];
    return NULL;
}

static void form_link(struct word_text *words, size_t i)
{
    size_t *slot = form_slot(words, words->forms[i].folded, words->forms[i].length);
    words->forms[i].same = *slot;
    *slot = i;
}

/* Makes room for one form more: at most half of the slots are taken. */
static bool forms_grow(struct word_text *words, struct error *error)
{
    if (words->count < words->room)
        return true;
    const size_t room = words->room ? 2 * words->room : 32;
    if (!memory_resize(&words->forms, room, sizeof *words->forms, error) ||
        !memory_resize(&words->slot, 2 * room, sizeof *words->slot, error))
        return false;
    words->room = room;
    words->slots = 2 * room;
    memset(words->slot, 0xff, words->slots * sizeof *words->slot);
    for (size_t i = 0; i < words->count; i++)
        form_link(words, i);
    return true;
}

/* Adds a spelling, unless it is there. */
static bool add_form(struct word_text *words, const char *text, size_t length, struct error *error)
{
    if (!forms_grow(words, error))
        return false;
    struct word_form form = {.length = length, .row = SIZE_MAX};
    form.text = text_copy_part(text, length);
    form.folded = text_copy_part(text, length);
    if (!form.text || !form.folded) {
        free(form.text);
        free(form.folded);
        return error_memory(error, length + 1);
    }
    fold(form.folded, text, length);
    if (form_of(words, form.text, form.folded, length)) {
        free(form.text);
        free(form.folded);
        return true;
    }
    words->forms[words->count] = form;
    form_link(words, words->count++);
    words->lengths[length < 255 ? length : 255] = true;
    words->longest = length > words->longest ? length : words->longest;
    return true;
}

/* Adds a piece of the text as it stands, and in small letters. */
static bool add_piece(struct word_text *words, const char *text, size_t length, struct error *error)
{
    if (length == 0)
        return true;
    const size_t before = words->count;
    if (!add_form(words, text, length, error))
        return false;
    if (words->count == before)
        return true;
    char *folded = text_copy_part(words->forms[before].folded, length);
    const bool ok = folded ? add_form(words, folded, length, error) : error_memory(error, length + 1);
    free(folded);
    return ok;
}

/* ---- the pieces of a word of the text ---- */

/* A word of the text, cut at: lead | stem | ending | tail. Lead and tail are punctuation, the ending is one of English that
 * Stanford's tokenizer, and with it GloVe, has as a word of its own. */
struct word_cut {
    const char *word;
    size_t lead, stem, ending, tail; /* lengths */
};

static bool is_punctuation(uint32_t code)
{
    return (code > ' ' && code < 0x7F &&
            !((code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
              (code >= 'a' && code <= 'z'))) ||
           code == 0xA1 || code == 0xAB || code == 0xBB || code == 0xBF ||
           (code >= 0x2010 && code <= 0x205E) || (code >= 0x3001 && code <= 0x3011);
}

/* Bytes of punctuation in front of text[0..length). */
static size_t punctuation(const char *text, size_t length)
{
    const char *at = text;
    while (at < text + length) {
        const char *next = at;
        if (!is_punctuation(text_decode(&next)))
            break;
        at = next;
    }
    return (size_t)(at - text);
}

/* The length of the ending of text[0..length), an apostrophe of either kind and letters; 0: it has none. */
static size_t find_ending(const char *text, size_t length)
{
    static const char *const endings[] = {"n't",      "'s",       "'re",      "'ve",     "'ll",
                                          "'d",       "'m",       "n\u2019t", "\u2019s", "\u2019re",
                                          "\u2019ve", "\u2019ll", "\u2019d",  "\u2019m"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t size = strlen(endings[i]);
        if (length > size && strncasecmp(text + length - size, endings[i], size) == 0)
            return size;
    }
    return 0;
}

static struct word_cut cut_word(const char *word, size_t length)
{
    struct word_cut cut = {.word = word, .lead = punctuation(word, length)};
    size_t end = cut.lead, at = end;
    while (at < length) {
        const char *next = word + at;
        const bool is_part = !is_punctuation(text_decode(&next));
        at = (size_t)(next - word);
        end = is_part ? at : end;
    }
    cut.tail = length - end;
    cut.ending = find_ending(word + cut.lead, end - cut.lead);
    cut.stem = end - cut.lead - cut.ending;
    return cut;
}

/* Adds a run of punctuation, whole and by its characters. */
static bool add_run(struct word_text *words, const char *run, size_t length, struct error *error)
{
    bool ok = add_piece(words, run, length, error);
    for (const char *at = run; ok && at < run + length;) {
        const char *start = at;
        text_decode(&at);
        ok = add_piece(words, start, (size_t)(at - start), error);
    }
    return ok;
}

/* The ending with the apostrophe of ASCII, as files spell it. Returns its length. */
static size_t plain_ending(char out[8], const char *ending, size_t length)
{
    size_t size = 0;
    for (size_t i = 0; i < length && size < 8; i++) {
        const bool quote = (unsigned char)ending[i] == 0xE2;
        out[size++] = quote ? '\'' : ending[i];
        i += quote ? 2 : 0;
    }
    return size;
}

static bool add_word(struct word_text *words, const char *word, size_t length, struct error *error)
{
    const struct word_cut cut = cut_word(word, length);
    const char *stem = word + cut.lead, *ending = stem + cut.stem;
    char plain[8];
    return add_piece(words, word, length, error) && add_run(words, word, cut.lead, error) &&
           add_piece(words, stem, cut.stem + cut.ending, error) && add_piece(words, stem, cut.stem, error) &&
           add_piece(words, ending, cut.ending, error) &&
           add_piece(words, plain, plain_ending(plain, ending, cut.ending), error) &&
           add_run(words, ending + cut.ending, cut.tail, error);
}

/* The next word of the text at *at; moves *at behind it. Its length; 0: there is none. */
static size_t next_word(const char **at, const char **word)
{
    static const char blanks[] = " \t\r\n\v\f";
    *word = *at + strspn(*at, blanks);
    const size_t length = strcspn(*word, blanks);
    *at = *word + length;
    return length;
}

bool word_text_begin(struct word_text *words, const char *text, struct error *error)
{
    *words = (struct word_text){.text = text};
    const char *word;
    for (size_t length; (length = next_word(&text, &word)) > 0;)
        if (!add_word(words, word, length, error))
            return false;
    if (words->count == 0)
        return error_set(error, ERROR_USAGE, "--text is empty: expected words");
    words->folded = memory_alloc(words->longest, 1, error);
    return words->folded;
}

void word_text_free(struct word_text *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->forms[i].text);
        free(words->forms[i].folded);
    }
    free(words->forms);
    free(words->slot);
    free(words->folded);
    *words = (struct word_text){0};
}

/* ---- the words of the file ---- */

bool word_text_wants(const struct word_text *words, const char *word, size_t length)
{
    if (length > words->longest || !words->lengths[length < 255 ? length : 255])
        return false;
    fold(words->folded, word, length);
    return *form_slot(words, words->folded, length) != SIZE_MAX;
}

void word_text_meet(struct word_text *words, const char *word, size_t length, size_t row)
{
    if (!word_text_wants(words, word, length))
        return;
    for (size_t i = *form_slot(words, words->folded, length); i != SIZE_MAX; i = words->forms[i].same) {
        struct word_form *form = &words->forms[i];
        if (memcmp(form->text, word, length) != 0)
            form->near = form->near ? form->near : word;
        else if (form->row == SIZE_MAX)
            form->row = row;
    }
}

/* ---- the choice ---- */

void word_rows_free(struct word_rows *rows)
{
    free(rows->row);
    labels_free(&rows->labels);
    *rows = (struct word_rows){0};
}

/* The form of text[0..length) as it is spelled (`small`: in small letters); NULL without memory, and where there is none. */
static const struct word_form *find_form(const struct word_text *words, const char *text, size_t length,
                                         bool small)
{
    fold(words->folded, text, length);
    return form_of(words, small ? words->folded : text, words->folded, length);
}

/* The form that the file has for a piece: as it stands, else in small letters; NULL: it has neither. */
static const struct word_form *met_form(const struct word_text *words, const char *text, size_t length)
{
    for (int small = 0; length > 0 && small < 2; small++) {
        const struct word_form *form = find_form(words, text, length, small);
        if (form && form->row != SIZE_MAX)
            return form;
    }
    return NULL;
}

/* Forms one behind the other; those of a word. */
struct form_list {
    const struct word_form **at;
    size_t count, room;
    bool complete; /* all of its pieces were met */
};

static bool list_form(struct form_list *list, const struct word_form *form, struct error *error)
{
    if (!form) {
        list->complete = false;
        return true;
    }
    if (list->count == list->room) {
        const size_t room = list->room ? 2 * list->room : 8;
        if (!memory_resize(&list->at, room, sizeof *list->at, error))
            return false;
        list->room = room;
    }
    list->at[list->count++] = form;
    return true;
}

/* A run of punctuation, whole, else its characters. */
static bool list_run(const struct word_text *words, const char *run, size_t length, struct form_list *list,
                     struct error *error)
{
    const struct word_form *whole = met_form(words, run, length);
    if (whole || length == 0)
        return length == 0 || list_form(list, whole, error);
    for (const char *at = run; at < run + length;) {
        const char *start = at;
        text_decode(&at);
        if (!list_form(list, met_form(words, start, (size_t)(at - start)), error))
            return false;
    }
    return true;
}

/* What is between the punctuation: whole, else stem and ending. */
static bool list_core(const struct word_text *words, const struct word_cut *cut, struct form_list *list,
                      struct error *error)
{
    const char *stem = cut->word + cut->lead, *ending = stem + cut->stem;
    const size_t whole = cut->stem + cut->ending;
    const struct word_form *form = met_form(words, stem, whole);
    if (whole == 0 || form || cut->ending == 0)
        return whole == 0 || list_form(list, form, error);
    char plain[8];
    const size_t length = plain_ending(plain, ending, cut->ending);
    const struct word_form *last = met_form(words, ending, cut->ending);
    return list_form(list, met_form(words, stem, cut->stem), error) &&
           list_form(list, last ? last : met_form(words, plain, length), error);
}

/* The forms of a word of the text: the word itself, else its pieces. */
static bool list_word(const struct word_text *words, const char *word, size_t length, struct form_list *list,
                      struct error *error)
{
    list->count = 0;
    list->complete = true;
    const struct word_form *form = met_form(words, word, length);
    if (form)
        return list_form(list, form, error);
    const struct word_cut cut = cut_word(word, length);
    return list_run(words, word, cut.lead, list, error) && list_core(words, &cut, list, error) &&
           list_run(words, word + length - cut.tail, cut.tail, list, error);
}

static bool add_word_row(struct word_rows *rows, const struct word_form *form, struct error *error)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room ? 2 * rows->room : 16;
        if (!memory_resize(&rows->row, room, sizeof *rows->row, error))
            return false;
        rows->room = room;
    }
    char *label = text_copy_part(form->text, form->length);
    if (!label)
        return error_memory(error, form->length + 1);
    if (!csv_add_label(&rows->labels, &rows->label_room, label, error))
        return false;
    rows->row[rows->count++] = form->row;
    return true;
}

enum { SHOWN_WORD = 64, SHOWN_PIECES = 200 };

/* A word of the text, fit for a message. */
static void show_word(char out[SHOWN_WORD], const char *word, size_t length)
{
    char part[SHOWN_WORD];
    snprintf(part, sizeof part, "%.*s", (int)(length < sizeof part ? length : sizeof part - 1), word);
    text_clean(out, SHOWN_WORD, part);
}

/* Notes that the rows of a word are those of a word, or of pieces, spelled otherwise. */
static void note_forms(const struct form_list *list, const char *word, size_t length, const char *file,
                       struct warnings *notes)
{
    if (list->count == 1 && list->at[0]->length == length && memcmp(list->at[0]->text, word, length) == 0)
        return;
    char shown[SHOWN_WORD], piece[SHOWN_WORD], pieces[SHOWN_PIECES];
    size_t used = 0;
    for (size_t i = 0; i < list->count && used < sizeof pieces; i++) {
        show_word(piece, list->at[i]->text, list->at[i]->length);
        used += (size_t)snprintf(pieces + used, sizeof pieces - used, "%s\"%s\"", i > 0 ? " " : "", piece);
    }
    show_word(shown, word, length);
    warnings_add(notes, "%s: \"%s\" is taken for %s", file, shown, pieces);
}

/* What may have been meant by a word that the file has not: one that differs in case, or what is between the punctuation. */
static bool find_near(const struct word_text *words, const char *word, size_t length, char near[SHOWN_WORD])
{
    const struct word_cut cut = cut_word(word, length);
    const char *const texts[] = {word, word + cut.lead, word + cut.lead};
    const size_t lengths[] = {length, cut.stem + cut.ending, cut.stem};
    for (int i = 0; i < 3; i++) {
        const struct word_form *met = met_form(words, texts[i], lengths[i]);
        const struct word_form *form = lengths[i] > 0 ? find_form(words, texts[i], lengths[i], false) : NULL;
        if (met)
            show_word(near, met->text, met->length);
        else if (form && form->near)
            show_word(near, form->near, form->length);
        if (met || (form && form->near))
            return true;
    }
    return false;
}

/* The list of words that are missing, for the message. */
struct missing_words {
    char text[800];
    size_t used, count, more; /* more: for which there is no room */
};

static void add_missing(struct missing_words *missing, const struct word_text *words, const char *word,
                        size_t length)
{
    char shown[SHOWN_WORD], near[SHOWN_WORD] = "", one[3 * SHOWN_WORD];
    show_word(shown, word, length);
    const bool is_near = find_near(words, word, length, near);
    const int size = snprintf(one, sizeof one, "%s\"%s\"%s%s%s", missing->count > 0 ? ", " : "", shown,
                              is_near ? " (did you mean " : "", near, is_near ? "?)" : "");
    missing->count++;
    if (missing->more > 0 || missing->used + (size_t)size >= sizeof missing->text) {
        missing->more++;
        return;
    }
    memcpy(missing->text + missing->used, one, (size_t)size + 1);
    missing->used += (size_t)size;
}

static bool words_missing(const struct missing_words *missing, const char *file, struct error *error)
{
    char more[48] = "";
    if (missing->more > 0)
        snprintf(more, sizeof more, " and %zu more", missing->more);
    return error_set(error, ERROR_INPUT, "%s: no row for %s%s: expected words that the file has", file,
                     missing->text, more);
}

bool word_text_choose(const struct word_text *words, const char *file, struct word_rows *rows,
                      struct warnings *notes, struct error *error)
{
    struct form_list list = {0};
    struct missing_words missing = {.used = 0};
    const char *text = words->text, *word;
    bool ok = true;
    rows->labels.given = true;
    for (size_t length; ok && (length = next_word(&text, &word)) > 0;) {
        ok = list_word(words, word, length, &list, error);
        if (ok && !list.complete) {
            add_missing(&missing, words, word, length);
            continue;
        }
        for (size_t i = 0; ok && i < list.count; i++)
            ok = add_word_row(rows, list.at[i], error);
        if (ok)
            note_forms(&list, word, length, file, notes);
    }
    free(list.at);
    if (ok && missing.count > 0)
        return words_missing(&missing, file, error);
    return ok;
}
