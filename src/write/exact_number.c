#include "write/exact_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_integral(enum dtype dtype)
{
    return dtype >= DTYPE_BOOL && dtype <= DTYPE_U64;
}

void exact_number(struct out *out, enum dtype dtype, long double value)
{
    char text[40];
    if (!isfinite(value)) {
        out_text(out, "null");
    } else if (is_integral(dtype)) {
        out_format(out, "%.0Lf", value);
    } else if (dtype != DTYPE_F64 || (long double)(float)value == value) {
        out_float(out, (float)value);
    } else {
        int digits = 15;
        do
            snprintf(text, sizeof text, "%.*g", digits, (double)value);
        while (strtod(text, NULL) != (double)value && digits++ < 17);
        out_text(out, text);
    }
}
