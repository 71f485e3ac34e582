/* The table is that of docs/lessons/README.md itself, put into the program, so that the two cannot differ. */
#include "cmd/lessons.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "base/text.h"

EMBED_FILE("attn_lessons", ATTN_LESSONS);
extern const unsigned char attn_lessons[], attn_lessons_end[];

enum { LESSON_CELL = 400, LESSON_WORDS = 1000, LESSON_WHOLE = 4 };

/* A row of the table: `| shows | `run` | [title](page) | words |`. */
struct lesson {
    char shows[LESSON_CELL], run[LESSON_CELL], title[LESSON_CELL], page[LESSON_CELL], words[LESSON_CELL];
};

/* Copies a cell without the blanks and backticks around it, and `\|` as `|`; returns what follows its end, or NULL. */
static const char *lesson_cell(const char *text, char cell[LESSON_CELL])
{
    size_t length = 0;
    text += strspn(text, " `");
    for (; *text && *text != '|' && *text != '\n'; text++) {
        text += text[0] == '\\' && text[1] == '|';
        if (length + 1 < LESSON_CELL)
            cell[length++] = *text;
    }
    while (length > 0 && strchr(" `", cell[length - 1]))
        length--;
    cell[length] = 0;
    return *text == '|' ? text + 1 : NULL;
}

/* Parts `[title](page)`, which stands in lesson->title. */
static void lesson_part_link(struct lesson *lesson)
{
    char *middle = strstr(lesson->title, "](");
    if (!middle)
        return;
    *middle = 0;
    memmove(lesson->page, middle + 2, strcspn(middle + 2, ")"));
    memmove(lesson->title, lesson->title + 1, strlen(lesson->title));
}

/* The next row from *text on, which is moved behind it; false at the end of the table. */
static bool lesson_next(const char **text, struct lesson *lesson)
{
    while (**text) {
        const char *line = *text;
        const char *end = strchr(line, '\n');
        *text = end ? end + 1 : line + strlen(line);
        memset(lesson, 0, sizeof *lesson);
        if (*line != '|' || !(line = lesson_cell(line + 1, lesson->shows)) || line[1] != '`')
            continue;
        if ((line = lesson_cell(line, lesson->run)) && (line = lesson_cell(line, lesson->title)) &&
            lesson_cell(line, lesson->words)) {
            lesson_part_link(lesson);
            return true;
        }
    }
    return false;
}

/* Writes a row, under the name of its page where the row before, whose page is `before`, had another. */
static void lesson_write(struct out *out, const struct lesson *lesson, char before[LESSON_CELL])
{
    if (strcmp(before, lesson->page) != 0)
        out_format(out, "\n%s (docs/lessons/%s)\n", lesson->title, lesson->page);
    memcpy(before, lesson->page, LESSON_CELL);
    out_format(out, "  %s\n    $ %s\n", lesson->shows, lesson->run);
}

void lessons_write_all(struct out *out)
{
    const char *text = (const char *)attn_lessons;
    char before[LESSON_CELL] = "";
    struct lesson lesson;
    out_text(out, "Attention in commands: to show what a line says, run the command below it. The\n"
                  "pages of docs/lessons have a few sentences and a picture each. attn help WORD\n"
                  "finds the lines of a word, such as attn help quadratic.\n");
    while (lesson_next(&text, &lesson))
        lesson_write(out, &lesson, before);
}

/* The length of the part of `text` that is a word or the inside of one: letters and digits, and all that is not ASCII. */
static size_t lesson_word_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || (unsigned char)text[length] >= 0x80)
        length++;
    return length;
}

/* Copies `text` in small letters, with a blank before each word and at the end, and without the s of plurals. */
static void lesson_fold(const char *text, char folded[LESSON_WORDS])
{
    size_t length = 0;
    while (*text && length + LESSON_WORD + 2 < LESSON_WORDS) {
        size_t word = lesson_word_length(text);
        size_t kept = word < LESSON_WORD ? word : LESSON_WORD;
        kept -= kept >= LESSON_WHOLE && tolower((unsigned char)text[kept - 1]) == 's' &&
                tolower((unsigned char)text[kept - 2]) != 's';
        if (word > 0)
            folded[length++] = ' ';
        for (size_t i = 0; i < kept; i++)
            folded[length++] = (char)tolower((unsigned char)text[i]);
        text += word + (word == 0);
    }
    strcpy(folded + length, " ");
}

/* Whether `text` has the folded words, one after the other; of the last the beginning may be enough. */
static bool lesson_has(const char *text, const char *folded)
{
    char all[LESSON_WORDS];
    lesson_fold(text, all);
    size_t length = strlen(folded) - 1; /* without the blank at the end */
    bool whole = length < 1 + LESSON_WHOLE;
    for (const char *at = all; *at; at++)
        if (strncmp(at, folded, whole ? length + 1 : length) == 0)
            return true;
    return false;
}

/* Whether a row has the folded words, one after the other, in a cell of its own. */
static bool lesson_has_phrase(const struct lesson *lesson, const char *folded)
{
    return lesson_has(lesson->words, folded) || lesson_has(lesson->shows, folded) ||
           lesson_has(lesson->title, folded);
}

/* Whether it has each of the folded words of three bytes or more somewhere, of which there are some. */
static bool lesson_has_each(const struct lesson *lesson, const char *folded)
{
    enum { SHORTEST = 3 };
    bool has = false;
    for (const char *at = folded; at[1]; at += 1 + strcspn(at + 1, " ")) {
        char word[LESSON_WORD + 3];
        const size_t length = strcspn(at + 1, " ");
        snprintf(word, sizeof word, " %.*s ", (int)length, at + 1);
        if (length >= SHORTEST && !(has = lesson_has_phrase(lesson, word)))
            return false;
    }
    return has;
}

/* Writes the rows that have the words, as `matches` says. */
static bool lessons_write_rows(struct out *out, const char *word,
                               bool (*matches)(const struct lesson *lesson, const char *folded))
{
    const char *text = (const char *)attn_lessons;
    char before[LESSON_CELL] = "", folded[LESSON_WORDS];
    struct lesson lesson;
    bool found = false;
    lesson_fold(word, folded);
    while (folded[1] && lesson_next(&text, &lesson)) {
        if (!matches(&lesson, folded))
            continue;
        if (!found) {
            char clean[LESSON_WORD];
            text_clean(clean, sizeof clean, word);
            out_format(out, "%s, in the course that attn help lessons lists:\n", clean);
        }
        lesson_write(out, &lesson, before);
        found = true;
    }
    return found;
}

bool lessons_write(struct out *out, const char *word)
{
    return lessons_write_rows(out, word, lesson_has_phrase) || lessons_write_rows(out, word, lesson_has_each);
}

/* Puts the nearest to `word` of near, which may be empty, and the parts of `phrases` into near. Ends the parts in `phrases`. */
static void lesson_nearer(const char *word, char *phrases, const char *between, char near[LESSON_WORD])
{
    for (char *rest, *part = strtok_r(phrases, between, &rest); part; part = strtok_r(NULL, between, &rest)) {
        part += strspn(part, " ");
        const char *both[] = {*near ? near : part, part, NULL};
        const char *nearest = text_nearest(word, both);
        if (nearest && nearest != near)
            snprintf(near, LESSON_WORD, "%s", nearest);
    }
}

bool lessons_near(const char *word, char near[LESSON_WORD])
{
    const char *text = (const char *)attn_lessons;
    struct lesson lesson;
    *near = 0;
    while (lesson_next(&text, &lesson)) {
        char phrases[LESSON_CELL];
        memcpy(phrases, lesson.words, LESSON_CELL);
        lesson_nearer(word, phrases, ",", near);
        lesson_nearer(word, lesson.words, ", ", near);
    }
    return *near;
}
