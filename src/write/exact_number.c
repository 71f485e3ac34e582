#include "write/exact_number.h"

#include <math.h>

static bool is_integral(enum dtype dtype)
{
    return dtype >= DTYPE_BOOL && dtype <= DTYPE_U64;
}

void exact_number(struct out *out, enum dtype dtype, long double value)
{
    if (!isfinite(value))
        out_text(out, "null");
    else if (is_integral(dtype))
        out_format(out, "%.0Lf", value);
    else if (dtype == DTYPE_F64)
        out_double(out, (double)value);
    else
        out_float(out, (float)value);
}

enum dtype exact_number_holds(enum dtype dtype)
{
    return dtype_kind(dtype)->count == 1 ? dtype : DTYPE_UNKNOWN;
}
