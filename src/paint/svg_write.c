#include "paint/svg_write.h"

#include <math.h>
#include <stdint.h>

#include "base/text.h"

#define PNG_ADDRESS "data:image/png;base64,"

void svg_length(struct out *out, double length)
{
    const long long hundredths = llround(length * 100);
    const long long size = hundredths < 0 ? -hundredths : hundredths, part = size % 100;
    if (hundredths < 0)
        out_char(out, '-');
    if (size >= 100 || part == 0)
        out_format(out, "%lld", size / 100);
    if (part > 0)
        out_format(out, part % 10 > 0 ? ".%02lld" : ".%lld", part % 10 > 0 ? part : part / 10);
}

static const char *escaped(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void svg_text(struct out *out, const char *text)
{
    while (*text) {
        const uint32_t code = text_decode(&text);
        const char *name = escaped(code);
        char encoded[4];
        /* Marks of direction are unfit for terminals; here they keep a text that was cut in its direction. */
        const int is_mark = code == 0x200E || code == 0x200F;
        const int is_bad = (text_is_unfit(code) && !is_mark) || (code & 0xFFFE) == 0xFFFE;
        if (code == 0xFEFF) /* takes no room */
            continue;
        if (name)
            out_text(out, name);
        else
            out_bytes(out, encoded, text_encode(is_bad ? 0xFFFD : code, encoded));
    }
}

void svg_color(struct out *out, struct color color)
{
    const bool is_short = color.r % 17 == 0 && color.g % 17 == 0 && color.b % 17 == 0;
    if (is_short)
        out_format(out, "#%x%x%x", color.r / 17, color.g / 17, color.b / 17);
    else
        out_format(out, "#%02x%02x%02x", color.r, color.g, color.b);
}

size_t svg_png_address_size(size_t size)
{
    return sizeof PNG_ADDRESS - 1 + (size + 2) / 3 * 4;
}

void svg_png_address(struct out *out, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    out_text(out, PNG_ADDRESS);
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t three = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                               (left > 2 ? from[i + 2] : 0);
        const char four[4] = {digits[three >> 18], digits[three >> 12 & 63],
                              left > 1 ? digits[three >> 6 & 63] : '=', left > 2 ? digits[three & 63] : '='};
        out_bytes(out, four, sizeof four);
    }
}
