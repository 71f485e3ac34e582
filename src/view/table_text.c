#include "view/table_text.h"

#include "base/text.h"

void table_text(struct out *out, const char *text, size_t width, bool at_right)
{
    if (!at_right)
        out_text(out, text);
    for (size_t has = text_columns(text); has < width; has++)
        out_char(out, ' ');
    if (at_right)
        out_text(out, text);
}
