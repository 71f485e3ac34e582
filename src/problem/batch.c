#include "problem/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "problem/deferred.h"

/* ---- one of a batch ---- */

/* The axes that a tensor of one sequence has, without one for heads: where there are more, the first is that of the batch. 0: it
 * is no tensor of a sequence. */
static int sequence_rank(enum input which)
{
    switch (which) {
    case INPUT_EMBEDDINGS:
    case INPUT_CONTEXT:
    case INPUT_GATE:
    case INPUT_ATTENTION:
    case INPUT_Q:
    case INPUT_K:
    case INPUT_V:
    case INPUT_PAST_K:
    case INPUT_PAST_V:
    case INPUT_MASK:
    case INPUT_OR_MASK:
    case INPUT_BIAS:
    case INPUT_DECAY:
    case INPUT_BETA:
        return 2;
    case INPUT_POSITIONS:
    case INPUT_KEY_POSITIONS:
    case INPUT_SEGMENTS:
    case INPUT_KEY_SEGMENTS:
    case INPUT_KEY_MASK:
    case INPUT_QUERY_SCALE:
    case INPUT_WORDS:
    case INPUT_KEY_WORDS:
        return 1;
    default:
        return 0;
    }
}

/* The length of the batch; 0: there is none. */
static size_t batch_length(const struct inputs *inputs)
{
    static const enum input tells[] = {INPUT_ATTENTION, INPUT_EMBEDDINGS, INPUT_Q, INPUT_K, INPUT_V};
    if (inputs->batch_size > 0)
        return inputs->batch_size;
    for (size_t i = 0; i < sizeof tells / sizeof *tells; i++) {
        const struct tensor *t = &inputs->all.tensor[tells[i]];
        if (t->data && t->rank > sequence_rank(tells[i]))
            return t->shape[0];
    }
    return 0;
}

/* Leaves the part of the first axis. Borrowed numbers stay where they are, because other tensors may have them too. */
static void take_first(struct tensor *t, size_t index)
{
    const size_t part = tensor_count(t) / t->shape[0];
    if (t->is_borrowed)
        t->data += index * part;
    else
        memmove(t->data, t->data + index * part, part * sizeof *t->data);
    for (int i = 1; i < t->rank; i++)
        t->shape[i - 1] = t->shape[i];
    t->rank--;
}

/* The queries of a sequence; 0: not known. */
static size_t query_count(const struct inputs *inputs)
{
    static const enum input tells[] = {INPUT_ATTENTION, INPUT_Q, INPUT_EMBEDDINGS};
    for (size_t i = 0; i < sizeof tells / sizeof *tells; i++) {
        const struct tensor *t = &inputs->all.tensor[tells[i]];
        if (!t->data && inputs->layer_count > 0)
            t = &inputs->layers[0].tensor[tells[i]];
        if (t->data && t->rank >= 2)
            return t->shape[t->rank - 2];
    }
    return 0;
}

/* The mask of a tokenizer has a number a key of each sequence: that of the sequence becomes key_mask. */
static bool choose_key_mask(struct inputs *inputs, size_t length, size_t batch, struct error *error)
{
    struct tensor *mask = &inputs->all.tensor[INPUT_MASK], *keys = &inputs->all.tensor[INPUT_KEY_MASK];
    if (!mask->data || !mask->may_be_keys || mask->rank != 2 || mask->shape[0] != length || keys->data)
        return true;
    if (query_count(inputs) == length)
        return place_error(
            &mask->place, error,
            "a mask of %zu×%zu may be one of pairs, or of the keys of each of %zu sequences: expected "
            "it as mask or as key_mask",
            length, mask->shape[1], length);
    take_first(mask, batch);
    *keys = *mask;
    *mask = (struct tensor){0};
    return true;
}

/* The numbers of the tokens of the sequence, where there are those of all. */
static bool choose_ids(struct tensor *ids, size_t length, size_t batch, struct error *error)
{
    if (!ids->data || ids->rank < 2)
        return true;
    if (ids->shape[0] != length)
        return place_error(
            &ids->place, error,
            "the numbers of the tokens are of %zu sequences: expected %zu, as many as the batch has",
            ids->shape[0], length);
    take_first(ids, batch);
    return true;
}

bool inputs_choose_batch(struct inputs *inputs, size_t batch, struct error *error)
{
    const size_t length = batch_length(inputs);
    if (length == 0)
        return error_set(
            error, ERROR_USAGE,
            "--batch chooses one of a batch, and no input has an axis for it: expected attention "
            "of B×heads×n×m or B×n×m, or embeddings, q and k of B×n×d");
    if (batch >= length)
        return error_set(error, ERROR_USAGE, "there is no sequence %zu in the batch: expected 0 to %zu",
                         batch, length - 1);
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *t = &inputs->all.tensor[i];
        if (t->data && !inputs->batch_is_taken[i] && sequence_rank(i) > 0 && t->rank > sequence_rank(i) &&
            t->shape[0] == length)
            take_first(t, batch);
    }
    return choose_key_mask(inputs, length, batch, error) && choose_ids(&inputs->ids, length, batch, error);
}

/* ---- rows for columns ---- */

static bool transpose_tensor(struct tensor *t, struct error *error)
{
    if (!t->data || t->rank < 2)
        return true;
    const size_t rows = t->shape[t->rank - 2], columns = t->shape[t->rank - 1], count = tensor_count(t);
    float *data = memory_alloc(count, sizeof *data, error);
    if (!data)
        return false;
    for (size_t first = 0; first < count; first += rows * columns)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                data[first + j * rows + i] = t->data[first + i * columns + j];
    tensor_replace(t, data);
    t->shape[t->rank - 2] = columns;
    t->shape[t->rank - 1] = rows;
    return true;
}

/* Labels of rows become those of columns; where only the rows have some, the columns of a square matrix have them too. */
static void turn_labels(struct labels *tokens, struct labels *key_tokens, const struct tensor *attention)
{
    const bool is_square = attention->shape[attention->rank - 1] == attention->shape[attention->rank - 2];
    if (is_square && !key_tokens->given)
        return;
    const struct labels before = *tokens;
    *tokens = *key_tokens;
    *key_tokens = before;
}

static bool transpose_layer(struct layer_inputs *layer, struct labels *tokens, struct labels *key_tokens,
                            bool has_mask, bool *found, struct error *error)
{
    struct tensor *attention = &layer->tensor[INPUT_ATTENTION];
    if (!attention->data || attention->rank < 2)
        return true;
    *found = true;
    turn_labels(tokens, key_tokens, attention);
    return transpose_tensor(attention, error) &&
           (!has_mask || transpose_tensor(&layer->tensor[INPUT_MASK], error));
}

bool inputs_transpose(struct inputs *inputs, struct error *error)
{
    bool found = false;
    if (!transpose_layer(&inputs->all, &inputs->tokens, &inputs->key_tokens, !inputs->from_option[INPUT_MASK],
                         &found, error))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++) {
        struct layer_inputs *layer = &inputs->layers[l];
        if (!transpose_layer(layer, &layer->tokens, &layer->key_tokens, true, &found, error))
            return false;
    }
    return found ||
           error_set(error, ERROR_USAGE,
                     "--transpose turns given weights round, and there are none: expected attention, or "
                     "--attention FILE");
}

/* ---- padding ---- */

/* Whether tensors beside attention have a place for each query or key. */
static bool has_others(const struct inputs *inputs)
{
    bool found = inputs->patch_grid[0] > 0 || inputs->layer_count > 0;
    for (enum input i = 0; i < INPUT_COUNT; i++)
        found = found || (i != INPUT_ATTENTION && inputs->all.tensor[i].data);
    return found;
}

/* One more than the last row (`columns`: column) of the first `rows` rows of any matrix that has another number than 0. */
static size_t used_length(const struct tensor *t, size_t rows, bool columns)
{
    const size_t n = t->shape[t->rank - 2], m = t->shape[t->rank - 1];
    size_t used = 0;
    for (size_t i = 0; i < tensor_count(t); i++) {
        const size_t row = i / m % n, at = columns ? i % m : row;
        if (t->data[i] != 0 && row < rows && at >= used)
            used = at + 1;
    }
    return used;
}

/* Leaves so many rows and columns of each matrix. */
static bool keep_corner(struct tensor *t, size_t rows, size_t columns, struct error *error)
{
    if (!tensor_own(t, error))
        return false;
    const size_t n = t->shape[t->rank - 2], m = t->shape[t->rank - 1], matrices = tensor_count(t) / (n * m);
    float *to = t->data;
    for (size_t i = 0; i < matrices; i++)
        for (size_t row = 0; row < rows; row++, to += columns)
            memmove(to, t->data + (i * n + row) * m, columns * sizeof *to);
    t->shape[t->rank - 2] = rows;
    t->shape[t->rank - 1] = columns;
    return true;
}

static bool add_sentence_end(struct labels *labels, size_t length, struct error *error)
{
    if (!labels->is_sentence || labels->count + 1 != length)
        return true;
    if (!memory_resize(&labels->text, length, sizeof *labels->text, error))
        return false;
    labels->text[labels->count] = text_copy(SENTENCE_END);
    if (!labels->text[labels->count])
        return error_memory(error, sizeof SENTENCE_END);
    labels->count++;
    return true;
}

/* Whether there are more rows or columns than labels, so that the numbers behind these are looked at. */
static bool may_be_cut(const struct labels *labels, size_t length)
{
    return labels->given && length > labels->count;
}

/* How many of `length` rows, or columns, of the first `rows` rows stay: those of the labels, with the end of a sentence, if those
 * behind are 0. The numbers are looked at only where there are fewer labels. */
static size_t axis_kept(const struct tensor *t, const struct labels *labels, size_t rows, size_t length,
                        bool columns)
{
    if (!may_be_cut(labels, length))
        return length;
    const size_t used = used_length(t, rows, columns);
    if (used <= labels->count)
        return labels->count;
    return labels->is_sentence && used == labels->count + 1 ? used : length;
}

bool inputs_cut_padding(struct inputs *inputs, struct warnings *warnings, struct error *error)
{
    struct tensor *t = &inputs->all.tensor[INPUT_ATTENTION];
    struct labels *tokens = &inputs->tokens, *key_tokens = &inputs->key_tokens;
    if (!t->data || t->rank < 2 || tensor_count(t) == 0 || has_others(inputs))
        return true;
    const size_t n = t->shape[t->rank - 2], m = t->shape[t->rank - 1];
    const bool is_self = !key_tokens->given && n == m;
    if ((may_be_cut(tokens, n) || may_be_cut(is_self ? tokens : key_tokens, m)) &&
        !deferred_fetch(inputs, NULL, error))
        return false;
    size_t rows = axis_kept(t, tokens, n, n, false);
    /* A translator's rows go on behind the end of its sentence. */
    if (tokens->is_sentence && rows > tokens->count + 1) {
        rows = tokens->count;
        warnings_add(
            warnings,
            "%s: attention has %zu rows, and the sentence %zu words: the rows behind them are left out",
            t->place.file, n, rows);
    }
    const size_t columns = axis_kept(t, is_self ? tokens : key_tokens, rows, m, true);
    if (rows == 0 || columns == 0)
        return true;
    if (rows < n || columns < m) {
        warnings_add(&inputs->notes, "%s: attention is %zu×%zu, and is cut to the tokens, %zu×%zu",
                     t->place.file, n, m, rows, columns);
        if (!keep_corner(t, rows, columns, error))
            return false;
    }
    return add_sentence_end(tokens, rows, error) && add_sentence_end(key_tokens, columns, error);
}
