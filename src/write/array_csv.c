#include "write/array_csv.h"

#include <math.h>

#include "tensor/array_range.h"
#include "tensor/array_write.h"
#include "write/csv.h"
#include "write/exact_number.h"

static void array_csv_number(struct out *out, enum dtype dtype, const char *from)
{
    const long double value = array_range_number(dtype, from);
    float single;
    if (isfinite(value)) {
        exact_number(out, dtype, value);
        return;
    }
    dtype_kind(dtype)->widen(&single, from, 1);
    csv_value(out, single);
}

bool array_csv_write(const struct inputs *beside, const struct array *arrays, size_t count, struct out *out,
                     struct warnings *warnings, struct error *error)
{
    const struct labels *tokens = &beside->tokens;
    char shape[ARRAY_SHAPE_TEXT];
    struct out numbers;
    (void)warnings;
    if (count != 1)
        return error_set(error, ERROR_USAGE, "a CSV file holds one array, and there are %zu: expected one",
                         count);
    if (arrays->rank > 2)
        return error_set(error, ERROR_USAGE,
                         "%s: its shape is %s: expected at most two axes for CSV, as NAME[0] has them",
                         arrays->name[0] ? arrays->name : "the array", array_shape(arrays, shape));
    const size_t bytes = dtype_kind(arrays->dtype)->bytes;
    const size_t columns = arrays->rank > 0 ? arrays->shape[arrays->rank - 1] : 1;
    const size_t rows = arrays->rank > 1 ? arrays->shape[0] : 1;
    const bool has_tokens = arrays->rank == 2 && tokens->given && tokens->count == rows;
    out_begin(&numbers, -1, out->name);
    const bool ok = array_write(arrays, &numbers, error) && out_finish(&numbers, error);
    if (ok && has_tokens) {
        out_text(out, "token");
        for (size_t c = 0; c < columns; c++)
            out_format(out, ",%zu", c);
        out_char(out, '\n');
    }
    for (size_t i = 0; ok && i < rows && columns > 0; i++) {
        if (has_tokens)
            csv_field(out, tokens->text[i]);
        for (size_t c = 0; c < columns; c++) {
            out_text(out, c > 0 || has_tokens ? "," : "");
            array_csv_number(out, arrays->dtype, numbers.data + (i * columns + c) * bytes);
        }
        out_char(out, '\n');
    }
    out_free(&numbers);
    return ok;
}

static const char *const array_csv_endings[] = {".csv", NULL};

const struct format format_array_csv = {
    .name = "csv", .what = "a CSV file", .endings = array_csv_endings, .holds = exact_number_holds};
