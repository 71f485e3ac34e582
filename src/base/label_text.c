#include "base/label_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LABEL_COLUMNS = 14 };

void label_text(const char *label, char out[128])
{
    char clean[96];
    size_t used = 0, columns = 0;
    text_clean(clean, sizeof clean, label);
    memcpy(out, "\"", 2);
    used = 1;
    const char *at = clean;
    while (*at && columns < LABEL_COLUMNS) {
        const char *start = at;
        text_decode(&at);
        memcpy(out + used, start, (size_t)(at - start));
        used += (size_t)(at - start);
        out[used] = 0;
        columns = text_columns(out) - 1;
    }
    snprintf(out + used, 128 - used, *at ? "…\"" : "\"");
}

void label_numbered(size_t number, const char *label, char out[160])
{
    char text[128];
    label_text(label, text);
    snprintf(out, 160, "%zu %s", number, text);
}

const char *label_number(double x, char out[24])
{
    if (isnan(x))
        return strcpy(out, "NaN");
    if (isinf(x))
        return strcpy(out, x < 0 ? "-∞" : "∞");
    snprintf(out, 24, "%.4g", x == 0 ? 0 : x);
    return out;
}
