/*
 * Files of word vectors: a line a word, with its numbers behind it and blanks between. word2vec's text and fastText's .vec
 * have "COUNT DIM" as first line, GloVe's have none. With a text (read_target.text) only the rows of its words are read: the
 * file is scanned once and its memory given back as the scan goes. Sources of the forms: word2vec.c of word2vec, the
 * documentation of fastText ("word vectors"), the files glove.*.txt of GloVe, of which glove.840B has words with blanks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number_read.h"
#include "base/text.h"
#include "read/csv_private.h"
#include "read/read.h"
#include "read/word_text.h"

enum {
    LOOKED_AT = 16, /* lines that decide how many numbers a line has */
    DIM_LEAST = 2,  /* with one number a line, a table of numbers might be meant */
    DIM_MOST = 1 << 14,
    CELL_MOST = 64,               /* bytes of a number; other files may have lines of a gigabyte */
    WHOLE_MOST = 64 << 20,        /* bytes of a file that is read without --text */
    PASSED_AT_ONCE = 16 << 20,    /* bytes after which memory is given back */
    BINARY_NUMBER = sizeof(float) /* of word2vec's binary form */
};

/* How a file holds its vectors. */
struct vectors {
    size_t dim;      /* 0: it is no such file */
    size_t words;    /* that the first line says; 0: there is no such line */
    size_t start;    /* of the first vector */
    char blank;      /* behind a word */
    bool are_named;  /* a line looked at begins with a word that is no number */
    bool are_binary; /* the numbers behind the first word are not text */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *line_of(const char *at, const char *end)
{
    const char *line = memchr(at, '\n', (size_t)(end - at));
    return line ? line : end;
}

/* The end of the line at[0..end), without the blanks behind its last number. */
static const char *without_blanks(const char *at, const char *end)
{
    while (end > at && is_blank(end[-1]))
        end--;
    return end;
}

/* The beginning of the last cell of at[0..end), which does not end in a blank. */
static const char *last_cell(const char *at, const char *end)
{
    while (end > at && !is_blank(end[-1]))
        end--;
    return end;
}

/* How many numbers stand at the end of a line, of which the first cell is none; at most DIM_MOST + 1. */
static size_t count_numbers(const char *at, const char *end)
{
    size_t count = 0;
    for (end = without_blanks(at, end); count <= DIM_MOST; count++) {
        const char *least = end - at > CELL_MOST ? end - CELL_MOST : at, *cell = last_cell(least, end);
        float value;
        if (cell == least || number_read_loose(cell, end, '.', &value) != end)
            return count;
        end = without_blanks(at, cell);
    }
    return count;
}

/* How many cells are in at[0..end), which ends a line. */
static size_t count_vector_cells(const char *at, const char *end)
{
    size_t count = 0;
    for (bool inside = false; at < end; at++) {
        count += !inside && !is_blank(*at);
        inside = !is_blank(*at);
    }
    return count;
}

/* A whole number above 0 at *at, with blanks before it; 0: none is there, or it is far too large. */
static size_t whole_number(const char **at, const char *end)
{
    size_t value = 0;
    while (*at < end && is_blank(**at))
        ++*at;
    for (; *at < end && **at >= '0' && **at <= '9' && value < SIZE_MAX / 20; ++*at)
        value = value * 10 + (size_t)(**at - '0');
    return value;
}

/* Reads a first line "COUNT DIM". R writes "1 2" above a table of two columns, which is none. */
static bool first_line(struct vectors *vectors, const char *data, const char *end)
{
    const char *line = line_of(data, end), *at = data;
    const size_t words = whole_number(&at, line);
    const bool apart = at > data && at < line && is_blank(*at);
    const size_t dim = whole_number(&at, line);
    if (!apart || words == 0 || dim < DIM_LEAST || dim > DIM_MOST || (words == 1 && dim == 2) ||
        without_blanks(at, line) != at || line == end)
        return false;
    *vectors = (struct vectors){.words = words, .dim = dim, .start = (size_t)(line + 1 - data), .blank = ' '};
    return true;
}

/* Whether floats follow the first word behind the first line: some byte of theirs is no character of text. */
static bool has_binary(const struct vectors *vectors, const char *data, const char *end)
{
    const char *at = data + vectors->start, *word = memchr(at, ' ', (size_t)(end - at));
    const size_t bytes = vectors->dim * BINARY_NUMBER;
    if (!word || (size_t)(end - word - 1) < bytes)
        return false;
    for (const char *p = word + 1; p < word + 1 + bytes; p++)
        if ((unsigned char)*p >= 0x7F || ((unsigned char)*p < ' ' && *p != '\t' && *p != '\n' && *p != '\r'))
            return true;
    return false;
}

/* Finds how many numbers a line has, by the first lines; vectors.dim 0: it is no file of vectors. */
static struct vectors find_vectors(const char *data, size_t size)
{
    struct vectors vectors = {.blank = ' '};
    const char *end = data + size, *at = data;
    const bool said = first_line(&vectors, data, end);
    vectors.are_binary = said && has_binary(&vectors, data, end);
    if (vectors.are_binary)
        return vectors;
    at += vectors.start;
    size_t dim = SIZE_MAX;
    for (int i = 0; i < (said ? 1 : LOOKED_AT) && at < end && dim >= DIM_LEAST; i++) {
        const char *line = line_of(at, end), *cell = at;
        const size_t numbers = count_numbers(at, line);
        while (cell < line && !is_blank(*cell))
            cell++;
        float value;
        vectors.are_named = vectors.are_named || number_read_loose(at, cell, '.', &value) != cell;
        if (i == 0 && cell < line)
            vectors.blank = *cell;
        dim = numbers < dim ? numbers : dim;
        at = line < end ? line + 1 : end;
    }
    if (dim > DIM_MOST || dim < (said ? vectors.dim : DIM_LEAST))
        return (struct vectors){0};
    vectors.dim = said ? vectors.dim : dim;
    return vectors;
}

/* ---- lines ---- */

/* A file that is being read. */
struct vector_file {
    const struct source *source;
    struct vectors form;
    struct error *error;
};

static size_t offset_in(const struct vector_file *file, const char *at)
{
    return (size_t)(at - file->source->data);
}

/* Where the numbers of the line at[0..end) begin, with the end of its word in *word; NULL and an error: there are too few. */
static const char *find_numbers(const struct vector_file *file, const char *at, const char *end,
                                const char **word)
{
    const char *cell = without_blanks(at, end);
    for (size_t i = 0; i < file->form.dim; i++) {
        const char *stop = cell;
        cell = last_cell(at, without_blanks(at, stop));
        if (cell > at)
            continue;
        source_error(file->source, offset_in(file, at), file->error,
                     "%zu cell%s in this line: expected a word and %zu numbers", i + 1, i == 0 ? "" : "s",
                     file->form.dim);
        return NULL;
    }
    *word = without_blanks(at, cell);
    return cell;
}

/* Reads the numbers of a line that ends at `end` into to[0..dim). */
static bool read_vector(const struct vector_file *file, const char *at, const char *end, float *to)
{
    for (size_t i = 0; i < file->form.dim; i++) {
        const char *stop = at;
        while (stop < end && !is_blank(*stop))
            stop++;
        if (number_read_loose(at, stop, '.', &to[i]) != stop) {
            char cell[60], shown[60];
            const size_t length = (size_t)(stop - at);
            memcpy(cell, at, length < sizeof cell - 1 ? length : sizeof cell - 1);
            cell[length < sizeof cell - 1 ? length : sizeof cell - 1] = 0;
            text_clean(shown, sizeof shown, cell);
            return source_error(file->source, offset_in(file, at), file->error,
                                "\"%s\" is not a number: expected a word and %zu numbers", shown,
                                file->form.dim);
        }
        for (at = stop; at < end && is_blank(*at);)
            at++;
    }
    return true;
}

/* Moves *at behind lines that are empty, but for blanks. */
static void skip_empty(const char **at, const char *end)
{
    const char *p = *at;
    while (p < end && (is_blank(*p) || *p == '\n'))
        if (*p++ == '\n')
            *at = p;
    *at = p == end ? end : *at;
}

/* The first line may be that of a larger file, of which only the beginning is here. */
static void warn_words(const struct vector_file *file, size_t lines, struct warnings *warnings)
{
    if (file->form.words > 0 && file->form.words != lines)
        warnings_add(warnings, "%s:1: the first line says %zu words, and %zu follow", file->source->name,
                     file->form.words, lines);
}

/* ---- some rows ---- */

/* Tells the words of the whole file; a row is the offset of its line. *lines becomes the number of lines. */
static void scan(const struct vector_file *file, struct word_text *words, size_t *lines)
{
    const struct source *source = file->source;
    const char *end = source->data + source->size, *at = source->data + file->form.start, *passed = at;
    for (*lines = 0; skip_empty(&at, end), at < end; ++*lines) {
        const char *line = line_of(at, end), *word = memchr(at, file->form.blank, (size_t)(line - at));
        /* A word with blanks is none of a text; one that begins as a word of it does has cells too many. */
        if (word && word_text_wants(words, at, (size_t)(word - at)) &&
            count_vector_cells(word, line) <= file->form.dim)
            word_text_meet(words, at, (size_t)(word - at), offset_in(file, at));
        at = line < end ? line + 1 : end;
        if (at - passed >= PASSED_AT_ONCE) {
            source_pass(source, passed, at);
            passed = at;
        }
    }
}

static bool read_chosen(const struct vector_file *file, const struct word_rows *rows, struct tensor *tensor)
{
    const char *end = file->source->data + file->source->size;
    size_t count;
    if (!size_multiply(rows->count, file->form.dim, &count))
        return error_memory(file->error, SIZE_MAX);
    tensor->data = memory_alloc(count, sizeof *tensor->data, file->error);
    for (size_t i = 0; tensor->data && i < rows->count; i++) {
        const char *at = file->source->data + rows->row[i], *line = line_of(at, end), *word;
        const char *numbers = find_numbers(file, at, line, &word);
        if (!numbers ||
            !read_vector(file, numbers, without_blanks(at, line), tensor->data + i * file->form.dim))
            return false;
    }
    tensor->rank = 2;
    tensor->shape[0] = rows->count;
    tensor->shape[1] = file->form.dim;
    return tensor->data;
}

static bool read_words(const struct vector_file *file, const char *text, struct inputs *inputs,
                       struct tensor *tensor, struct labels *labels, struct warnings *warnings)
{
    struct word_text words = {0};
    struct word_rows rows = {0};
    size_t lines = 0;
    bool ok = word_text_begin(&words, text, file->error);
    if (ok)
        scan(file, &words, &lines);
    ok = ok && word_text_choose(&words, file->source->name, &rows, &inputs->notes, file->error) &&
         read_chosen(file, &rows, tensor);
    if (ok) {
        warn_words(file, lines, warnings);
        rows.labels.place = tensor->place;
        *labels = rows.labels;
        rows.labels = (struct labels){0};
        inputs->has_text = true;
    }
    word_rows_free(&rows);
    word_text_free(&words);
    return ok;
}

/* ---- all rows ---- */

static bool read_all_rows(const struct vector_file *file, struct tensor *tensor, struct labels *labels,
                          struct warnings *warnings)
{
    const struct source *source = file->source;
    const char *end = source->data + source->size, *at = source->data + file->form.start;
    const size_t dim = file->form.dim;
    const struct csv csv = {.source = source, .error = file->error};
    size_t rows = 0, room = 0, label_room = 0;
    labels->given = true;
    for (; skip_empty(&at, end), at < end; rows++) {
        const char *line = line_of(at, end), *word, *numbers = find_numbers(file, at, line, &word);
        /* The numbers of a line take two bytes each at least, so that the room is bounded by the file. */
        if (rows == room) {
            size_t wanted = room ? 2 * room : 16, count;
            if (!size_multiply(wanted, dim, &count))
                return error_memory(file->error, SIZE_MAX);
            if (!numbers || !memory_resize(&tensor->data, count, sizeof *tensor->data, file->error))
                return false;
            room = wanted;
        }
        const struct cell cell = {.start = at, .end = word};
        if (!numbers ||
            !csv_add_label(labels, &label_room, csv_cell_text(&csv, &cell, file->error), file->error) ||
            !read_vector(file, numbers, without_blanks(at, line), tensor->data + rows * dim))
            return false;
        at = line < end ? line + 1 : end;
    }
    tensor->rank = 2;
    tensor->shape[0] = rows;
    tensor->shape[1] = dim;
    warn_words(file, rows, warnings);
    return true;
}

/* ---- the reader ---- */

static int vectors_probe(const char *data, size_t size, const char *name)
{
    if (text_ends_caseless(name, ".csv") || text_ends_caseless(name, ".tsv"))
        return 0;
    const struct vectors vectors = find_vectors(data, size);
    if (vectors.dim > 0 && vectors.words > 0)
        return 2;
    return vectors.dim > 0 && vectors.are_named;
}

/* What there is to say against the file before its numbers are read. */
static bool check_form(const struct vector_file *file, const char *text)
{
    const char *name = file->source->name;
    if (file->form.are_binary)
        return error_set(file->error, ERROR_INPUT,
                         "%s: this is word2vec's binary form: expected its text, which gensim writes: "
                         "KeyedVectors.load_word2vec_format(\"%s\", binary=True)"
                         ".save_word2vec_format(\"words.txt\", binary=False)",
                         name, name);
    if (file->form.dim == 0)
        return error_set(file->error, ERROR_INPUT,
                         "%s: no word vectors: expected lines of a word and its numbers", name);
    if (!text && file->source->size > WHOLE_MOST)
        return error_set(file->error, ERROR_INPUT,
                         "%s: more than %d MiB of word vectors: expected --text \"WORDS\", which takes the "
                         "rows of these words (or --input-format csv, which reads all)",
                         name, WHOLE_MOST >> 20);
    return true;
}

static bool put_vectors(struct inputs *inputs, enum input input, struct tensor *tensor, struct labels *labels,
                        struct warnings *warnings, struct error *error)
{
    if (!inputs_put_tensor(&inputs->all.tensor[input], tensor, input_names[input], error))
        return false;
    if (input == INPUT_EMBEDDINGS || input == INPUT_Q)
        inputs_offer_labels(&inputs->tokens, labels, "tokens", warnings);
    if (input == INPUT_CONTEXT || input == INPUT_K || input == INPUT_V)
        inputs_offer_labels(&inputs->key_tokens, labels, "key_tokens", warnings);
    return true;
}

static bool vectors_read(struct inputs *inputs, struct source *source, const struct read_target *target,
                         struct warnings *warnings, struct error *error)
{
    const struct vector_file file = {source, find_vectors(source->data, source->size), error};
    const bool is_tensor = target->what == READ_ANY || target->what == READ_TENSOR;
    const char *text = is_tensor ? target->text : NULL;
    if (is_tensor && !check_form(&file, text))
        return false;
    /* Lines without a first one are a table as any other. */
    if (!is_tensor || (!text && file.form.words == 0))
        return reader_csv.read(inputs, source, target, warnings, error);
    struct tensor tensor = {.holds = TENSOR_NUMBERS, .place = {source->name, 1, 1}};
    struct labels labels = {.place = tensor.place};
    const bool ok = (text ? read_words(&file, text, inputs, &tensor, &labels, warnings)
                          : read_all_rows(&file, &tensor, &labels, warnings)) &&
                    put_vectors(inputs, target->what == READ_TENSOR ? target->input : INPUT_EMBEDDINGS,
                                &tensor, &labels, warnings, error);
    tensor_free(&tensor);
    labels_free(&labels);
    return ok;
}

const struct reader reader_vectors = {vectors_probe, vectors_read};
