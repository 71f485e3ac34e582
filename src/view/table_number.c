#include "view/table_number.h"

#include <math.h>

void table_number(struct out *out, int width, int decimals, double value)
{
    if (isnan(value))
        out_format(out, "%*s", width, "-");
    else if (value > -1000 && value < 1e5)
        out_format(out, "%*.*f", width, decimals, value);
    else
        out_format(out, " %*.2g", width - 1, value);
}
