/*
 * Alignments as translators write them: for each sentence its words and the weights of a row for each target word, which is
 * the query, over the source words.
 *
 *   Nematus, amuNMT, OpenNMT (Lua), Sockeye: a line "NUMBER ||| target words ||| SCORE ||| source words ||| NUMBERS", a line of
 *   weights for each target word, an empty line. The numbers behind the source words are lengths in some, 0 in others.
 *   Marian: a line "target words ||| w,w,w w,w,w", a list for each target word; of n-best lists "NUMBER ||| " is before it and
 *   scores are behind it. Columns of 0 behind the last are the padding of its batch.
 *
 * Most have one row and one column more than words, for the end of the sentence. Sources: Marian's
 * src/data/alignment.cpp (SoftAlignToString), amuNMT's writer, and M4t1ss/SoftAlignments, which reads them all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number_read.h"
#include "base/text.h"
#include "read/csv_private.h"
#include "read/read.h"

enum { FIELDS_MOST = 8, SHOWN_NUMBER = 60, PROBED_MOST = 1 << 20 };

/* A part of a line, without blanks around it. */
struct alignment_field {
    const char *start, *end;
};

enum alignment_form { ALIGNMENT_NONE, ALIGNMENT_ROWS, ALIGNMENT_LISTS };

/* A sentence's first line. */
struct heading {
    struct alignment_field field[FIELDS_MOST];
    size_t count;
    size_t target; /* the field of the target words; in ALIGNMENT_LISTS the weights are behind it */
};

struct alignment_file {
    const struct source *source;
    const char *end;
    struct error *error;
};

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *alignment_line_end(const char *at, const char *end)
{
    const char *line = memchr(at, '\n', (size_t)(end - at));
    return line ? line : end;
}

static struct alignment_field field_trim(const char *start, const char *end)
{
    while (start < end && is_gap(*start))
        start++;
    while (end > start && is_gap(end[-1]))
        end--;
    return (struct alignment_field){start, end};
}

/* The next "|||" of a line that stands between blanks or the ends of the line; NULL: there is none. */
static const char *find_bars(const char *line, const char *at, const char *end)
{
    for (const char *bars; (bars = memmem(at, (size_t)(end - at), "|||", 3)); at = bars + 1)
        if ((bars == line || is_gap(bars[-1])) && (bars + 3 == end || is_gap(bars[3])))
            return bars;
    return NULL;
}

static bool is_number(struct alignment_field field)
{
    float value;
    return field.start < field.end && number_read_loose(field.start, field.end, '.', &value) == field.end;
}

/* Whether the field is lists of numbers: each begins with a number and a comma. */
static bool is_lists(struct alignment_field field)
{
    float value;
    const char *number = number_read_loose(field.start, field.end, '.', &value);
    return number && number < field.end && *number == ',';
}

/* Cuts a line at its bars, and finds what is where. */
static enum alignment_form read_heading(struct heading *heading, const char *line, const char *end)
{
    *heading = (struct heading){0};
    for (const char *at = line; heading->count < FIELDS_MOST;) {
        const char *bars = find_bars(line, at, end);
        heading->field[heading->count++] = field_trim(at, bars ? bars : end);
        if (!bars)
            break;
        at = bars + 3;
    }
    for (size_t i = 1; i < heading->count; i++)
        if (is_lists(heading->field[i])) {
            heading->target = i - 1;
            return ALIGNMENT_LISTS;
        }
    heading->target = 1;
    return heading->count >= 5 && is_number(heading->field[0]) && is_number(heading->field[2])
               ? ALIGNMENT_ROWS
               : ALIGNMENT_NONE;
}

static int alignments_probe(const char *data, size_t size, const char *name)
{
    struct heading heading;
    (void)name;
    /* Other files may have lines of a gigabyte. */
    const char *end = data + (size < PROBED_MOST ? size : PROBED_MOST);
    return read_heading(&heading, data, alignment_line_end(data, end)) == ALIGNMENT_NONE ? 0 : 2;
}

/* ---- weights ---- */

/* Rows of weights, as they are read. */
struct weight_rows {
    float *data; /* owned */
    size_t count, room, rows, columns;
};

/* Reads a row, whose numbers are apart by `between` (' ': any blanks), to its end. */
static bool read_weights(const struct alignment_file *file, struct weight_rows *rows,
                         struct alignment_field row, char between)
{
    size_t columns = 0;
    for (const char *at = row.start; at < row.end; columns++) {
        const char *stop = at;
        while (stop < row.end && (between == ',' ? *stop != ',' : !is_gap(*stop)))
            stop++;
        if (rows->count == rows->room) {
            const size_t room = rows->room ? 2 * rows->room : 256;
            if (!memory_resize(&rows->data, room, sizeof *rows->data, file->error))
                return false;
            rows->room = room;
        }
        if (number_read_loose(at, stop, '.', &rows->data[rows->count]) != stop) {
            char cell[SHOWN_NUMBER] = "", shown[SHOWN_NUMBER];
            const size_t length = (size_t)(stop - at);
            memcpy(cell, at, length < sizeof cell ? length : sizeof cell - 1);
            text_clean(shown, sizeof shown, cell);
            return source_error(file->source, (size_t)(at - file->source->data), file->error,
                                "\"%s\" is not a number: expected a weight", shown);
        }
        rows->count++;
        at = stop + (between == ',' && stop + 1 < row.end);
        if (between == ',' && at == stop && stop < row.end)
            return source_error(file->source, (size_t)(stop - file->source->data), file->error,
                                "the list ends in a comma: expected a weight behind it");
        while (between == ' ' && at < row.end && is_gap(*at))
            at++;
    }
    if (rows->rows == 0)
        rows->columns = columns;
    if (columns != rows->columns)
        return source_error(
            file->source, (size_t)(row.start - file->source->data), file->error,
            "this row has %zu weights, the rows before it have %zu: expected rows of one length", columns,
            rows->columns);
    rows->rows++;
    return true;
}

/* The lines below a heading, up to an empty one, the next heading, or the end. */
static bool read_row_lines(const struct alignment_file *file, struct weight_rows *rows, const char *at)
{
    while (at < file->end) {
        const char *line = alignment_line_end(at, file->end);
        const struct alignment_field row = field_trim(at, line);
        if (row.start == row.end || find_bars(at, at, line))
            return true;
        if (!read_weights(file, rows, row, ' '))
            return false;
        at = line < file->end ? line + 1 : file->end;
    }
    return true;
}

/* The lists of a field. */
static bool read_row_lists(const struct alignment_file *file, struct weight_rows *rows,
                           struct alignment_field lists)
{
    for (const char *at = lists.start; at < lists.end;) {
        const char *stop = at;
        while (stop < lists.end && !is_gap(*stop))
            stop++;
        if (!read_weights(file, rows, (struct alignment_field){at, stop}, ','))
            return false;
        for (at = stop; at < lists.end && is_gap(*at);)
            at++;
    }
    return true;
}

/* Leaves out columns behind the last that has a weight: the batch was padded to its longest sentence. */
static void leave_out_padding(struct weight_rows *rows, const char *name, struct warnings *notes)
{
    size_t kept = 1;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->data[i] != 0 && i % rows->columns >= kept)
            kept = i % rows->columns + 1;
    if (kept >= rows->columns)
        return;
    for (size_t i = 0; i < rows->rows; i++)
        memmove(rows->data + i * kept, rows->data + i * rows->columns, kept * sizeof *rows->data);
    warnings_add(notes, "%s: the last %zu of %zu columns are 0 in all rows, and are left out", name,
                 rows->columns - kept, rows->columns);
    rows->columns = kept;
    rows->count = rows->rows * kept;
}

/* ---- words ---- */

/* The words of a field as `count` labels; one more than words is the end of the sentence. */
static bool read_sentence_words(const struct alignment_file *file, struct alignment_field field, size_t count,
                                struct labels *labels)
{
    const struct csv csv = {.source = file->source, .error = file->error};
    size_t room = 0;
    labels->given = true;
    labels->place = source_place(file->source, (size_t)(field.start - file->source->data));
    for (const char *at = field.start; at < field.end;) {
        const char *stop = at;
        while (stop < field.end && !is_gap(*stop))
            stop++;
        const struct cell cell = {.start = at, .end = stop};
        if (!csv_add_label(labels, &room, csv_cell_text(&csv, &cell, file->error), file->error))
            return false;
        for (at = stop; at < field.end && is_gap(*at);)
            at++;
    }
    if (labels->count + 1 != count)
        return true;
    char *last = text_copy(SENTENCE_END);
    return last ? csv_add_label(labels, &room, last, file->error)
                : error_memory(file->error, sizeof SENTENCE_END);
}

/* Numbers as labels, where the file has no source words: the keys are not called by those of the queries. */
static bool number_keys(size_t count, struct labels *labels, struct error *error)
{
    size_t room = 0;
    labels->given = true;
    for (size_t i = 0; i < count; i++) {
        char *label = text_format("%zu", i);
        if (!label)
            return error_memory(error, 24);
        if (!csv_add_label(labels, &room, label, error))
            return false;
    }
    return true;
}

/* ---- the sentence ---- */

/* Finds the heading of the wanted sentence. *count: how many there are. NULL: it is not there. */
static const char *find_sentence(const struct alignment_file *file, size_t wanted, size_t *count)
{
    const char *found = NULL;
    *count = 0;
    for (const char *at = file->source->data; at < file->end;) {
        const char *line = alignment_line_end(at, file->end);
        if (find_bars(at, at, line) && (*count)++ == wanted)
            found = at;
        at = line < file->end ? line + 1 : file->end;
    }
    return found;
}

static bool read_sentence(const struct alignment_file *file, const char *at, struct weight_rows *rows,
                          struct labels *tokens, struct labels *key_tokens, struct warnings *notes)
{
    const char *line = alignment_line_end(at, file->end);
    struct heading heading;
    const enum alignment_form form = read_heading(&heading, at, line);
    const struct alignment_field *target = &heading.field[heading.target];
    bool ok = true;
    if (form == ALIGNMENT_LISTS)
        ok = read_row_lists(file, rows, target[1]);
    else if (form == ALIGNMENT_ROWS)
        ok = read_row_lines(file, rows, line < file->end ? line + 1 : file->end);
    if (ok && rows->rows == 0)
        return source_error(file->source, (size_t)(at - file->source->data), file->error,
                            "a sentence without weights: expected \"words ||| w,w,w w,w,w\", or \"number ||| "
                            "words ||| score ||| words ||| numbers\" and a row of weights for each word");
    if (ok && form == ALIGNMENT_LISTS)
        leave_out_padding(rows, file->source->name, notes);
    return ok && read_sentence_words(file, *target, rows->rows, tokens) &&
           (form == ALIGNMENT_LISTS ? number_keys(rows->columns, key_tokens, file->error)
                                    : read_sentence_words(file, heading.field[3], rows->columns, key_tokens));
}

static bool put_sentence(struct inputs *inputs, struct weight_rows *rows, struct labels *tokens,
                         struct labels *key_tokens, struct warnings *warnings, struct error *error)
{
    struct tensor tensor = {.data = rows->data,
                            .rank = 2,
                            .shape = {rows->rows, rows->columns},
                            .holds = TENSOR_NUMBERS,
                            .place = tokens->place};
    rows->data = NULL;
    const bool ok = inputs_put_tensor(&inputs->all.tensor[INPUT_ATTENTION], &tensor, "attention", error);
    tensor_free(&tensor);
    if (!ok)
        return false;
    inputs_offer_labels(&inputs->tokens, tokens, "tokens", warnings);
    inputs_offer_labels(&inputs->key_tokens, key_tokens, "key_tokens", warnings);
    return true;
}

static bool alignments_read(struct inputs *inputs, struct source *source, const struct read_target *target,
                            struct warnings *warnings, struct error *error)
{
    const struct alignment_file file = {source, source->data + source->size, error};
    if (target->what != READ_ANY && !(target->what == READ_TENSOR && target->input == INPUT_ATTENTION))
        return reader_csv.read(inputs, source, target, warnings, error);
    const size_t wanted = target->has_batch ? target->batch : 0;
    size_t count;
    const char *at = find_sentence(&file, wanted, &count);
    if (count == 0)
        return error_set(error, ERROR_INPUT,
                         "%s: no alignments: expected lines with ||| between words and weights",
                         source->name);
    if (!at)
        return error_set(error, ERROR_USAGE, "%s: there is no sentence %zu: expected 0 to %zu", source->name,
                         wanted, count - 1);
    if (count > 1 && !target->has_batch)
        warnings_add(warnings,
                     "%s: the first of %zu sentences is taken; --batch N takes another, counted from 0",
                     source->name, count);
    struct weight_rows rows = {0};
    struct labels tokens = {0}, key_tokens = {0};
    const bool ok = read_sentence(&file, at, &rows, &tokens, &key_tokens, &inputs->notes) &&
                    put_sentence(inputs, &rows, &tokens, &key_tokens, warnings, error);
    if (ok) {
        inputs->batch_size = count;
        inputs->batch_is_taken[INPUT_ATTENTION] = true;
    }
    free(rows.data);
    labels_free(&tokens);
    labels_free(&key_tokens);
    return ok;
}

const struct reader reader_alignments = {alignments_probe, alignments_read};
