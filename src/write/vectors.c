#include "write/vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/array_range.h"
#include "tensor/array_write.h"
#include "write/exact_number.h"

static bool vectors_check(const struct labels *tokens, const struct array *arrays, size_t count,
                          struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    const char *name = count == 1 && arrays->name[0] ? arrays->name : "the array";
    if (count != 1)
        return error_set(error, ERROR_USAGE,
                         "a file of word vectors holds one array, and there are %zu: expected one", count);
    if (arrays->rank != 2 || arrays->shape[0] == 0 || arrays->shape[1] == 0)
        return error_set(error, ERROR_USAGE, "%s: its shape is %s: expected rows of numbers, one a token",
                         name, array_shape(arrays, shape));
    if (tokens->count != arrays->shape[0])
        return error_set(error, ERROR_USAGE, "%s has %zu rows, and there are %zu tokens: expected one a row",
                         name, arrays->shape[0], tokens->count);
    for (size_t i = 0; i < tokens->count; i++)
        if (!tokens->text[i][0] || strpbrk(tokens->text[i], " \t\n\r\v\f"))
            return error_set(
                error, ERROR_INPUT,
                "token %zu is \"%.60s\": expected no blank and no empty token, for readers of word "
                "vectors end a word at its first blank",
                i, tokens->text[i]);
    return true;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Warns of tokens that stand twice: readers keep one vector of each. */
static bool warn_repeated(const struct labels *tokens, struct warnings *warnings, struct error *error)
{
    char **sorted = memory_alloc(tokens->count, sizeof *sorted, error);
    size_t repeated = 0;
    if (!sorted)
        return false;
    if (tokens->count > 0) {
        memcpy(sorted, tokens->text, tokens->count * sizeof *sorted);
        qsort(sorted, tokens->count, sizeof *sorted, compare_words);
    }
    for (size_t i = 1; i < tokens->count; i++)
        repeated += strcmp(sorted[i - 1], sorted[i]) == 0;
    free(sorted);
    if (repeated > 0)
        warnings_add(warnings, "%zu token%s again: readers of word vectors keep one vector of each", repeated,
                     repeated == 1 ? " stands" : "s stand");
    return true;
}

bool vectors_write(const struct inputs *beside, const struct array *arrays, size_t count, struct out *out,
                   struct warnings *warnings, struct error *error)
{
    const struct labels *tokens = &beside->tokens;
    struct out numbers;
    if (!vectors_check(tokens, arrays, count, error))
        return false;
    const size_t bytes = dtype_kind(arrays->dtype)->bytes, rows = arrays->shape[0],
                 columns = arrays->shape[1];
    out_begin(&numbers, -1, out->name);
    bool ok = array_write(arrays, &numbers, error) && out_finish(&numbers, error);
    out_format(out, "%zu %zu\n", rows, columns);
    for (size_t i = 0; ok && i < rows * columns; i++) {
        const long double value = array_range_number(arrays->dtype, numbers.data + i * bytes);
        if (i % columns == 0)
            out_text(out, tokens->text[i / columns]);
        if (isnan(value))
            ok = error_set(error, ERROR_INPUT,
                           "%s holds NaN or infinity at [%zu, %zu]: expected finite numbers",
                           arrays->name[0] ? arrays->name : "the array", i / columns, i % columns);
        out_char(out, ' ');
        exact_number(out, arrays->dtype, value);
        if (i % columns == columns - 1)
            out_char(out, '\n');
    }
    out_free(&numbers);
    return ok && warn_repeated(tokens, warnings, error);
}

static const char *const vectors_endings[] = {".vec", NULL};

const struct format format_vectors = {.name = "vectors",
                                      .what = "a file of word vectors",
                                      .endings = vectors_endings,
                                      .holds = exact_number_holds};
