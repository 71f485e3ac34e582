#include "view/vector_text.h"

#include "base/label_text.h"

void vector_write(struct out *out, const float *single, const double *doubled, size_t count, size_t shown,
                  const char *rest)
{
    out_char(out, '(');
    for (size_t c = 0; c < count && c < shown; c++) {
        char text[24];
        out_format(out, "%s%s", c > 0 ? ", " : "",
                   label_number(single ? (double)single[c] : doubled[c], text));
    }
    if (count > shown && rest)
        out_text(out, rest);
    else if (count > shown)
        out_format(out, ", … %zu numbers", count);
    out_char(out, ')');
}
