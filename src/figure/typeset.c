#include "figure/typeset.h"

#include <fribidi.h>
#include <stdio.h>

#include "base/text.h"

/* The box of a character that no font has, in ems. Two lines of small digits. */
#define BOX_TOP 0.93
#define BOX_BOTTOM 0.25
#define BOX_DIGIT 0.58 /* the size of its digits */
#define BOX_PAD 0.13

/* Symbols for the C0 controls, U+2400 to U+241F, stand for the controls themselves. */
static uint32_t shown_code(uint32_t code)
{
    return code >= 0x2400 && code < 0x2420 ? code - 0x2400 : code;
}

/* Draws nothing and takes no room: joiners, direction marks, variation selectors, byte order mark, tags. */
static bool is_invisible(uint32_t code)
{
    return (code >= 0x200B && code <= 0x200F) || code == 0x2060 || (code >= 0xFE00 && code <= 0xFE0F) ||
           code == 0xFEFF || (code >= 0xE0000 && code <= 0xE01EF);
}

static bool is_right_to_left(uint32_t code)
{
    return (code >= 0x590 && code <= 0x8FF) || code == 0x200F || (code >= 0xFB1D && code <= 0xFDFF) ||
           (code >= 0xFE70 && code < 0xFEFF) || (code >= 0x10800 && code <= 0x10FFF) ||
           (code >= 0x1E800 && code <= 0x1EFFF);
}

/* Embeddings, overrides and isolates would let a label reorder what stands around them: they are shown
 * instead. */
static bool is_direction_control(uint32_t code)
{
    return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/* Puts the characters in visual order and joins Arabic letters (Unicode UAX #9, by FriBidi). */
static bool order_visually(uint32_t *codes, size_t count, struct error *error)
{
    FriBidiChar logical[TYPESET_CHARACTERS], visual[TYPESET_CHARACTERS + 1];
    FriBidiStrIndex from[TYPESET_CHARACTERS];
    FriBidiParType direction = FRIBIDI_PAR_ON;

    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        logical[i] = is_direction_control(codes[i]) ? 0xFFFC : codes[i];
    if (!fribidi_log2vis(logical, (FriBidiStrIndex)count, &direction, visual, NULL, from, NULL))
        return error_memory(error, count * sizeof *visual);
    uint32_t ordered[TYPESET_CHARACTERS];
    for (size_t i = 0; i < count; i++) {
        uint32_t original = codes[from[i]];
        ordered[i] = is_direction_control(original) ? original : visual[i];
    }
    for (size_t i = 0; i < count; i++)
        codes[i] = ordered[i];
    return true;
}

/* The pen of a text that is set. */
struct pen {
    struct font *font;
    double size, x;
    double base; /* where the last glyph that takes room began */
    typeset_receiver *receiver;
    void *context;
};

static bool pen_glyph(const struct pen *pen, int face, int glyph, double x, double y, double size,
                      struct error *error)
{
    struct typeset_mark mark = {
        .x = (float)x, .y = (float)y, .size = (float)size, .face = face, .glyph = glyph};
    return !pen->receiver || pen->receiver(pen->context, &mark, error);
}

static bool pen_box(struct pen *pen, uint32_t code, struct error *error)
{
    char digits[9];
    int count = snprintf(digits, sizeof digits, code > 0xFFFF ? "%06X" : "%04X", (unsigned)code);
    double digit_size = pen->size * BOX_DIGIT, pad = pen->size * BOX_PAD;
    int face, zero;
    if (!font_find(pen->font, '0', &face, &zero))
        return true;
    double advance = font_advance(pen->font, face, zero, digit_size);
    double width = advance * (count / 2) + 2 * pad;
    struct typeset_mark frame = {.box = true,
                                 .x = (float)(pen->x + pen->size * 0.05),
                                 .y = (float)(-BOX_TOP * pen->size),
                                 .size = (float)pen->size,
                                 .width = (float)width,
                                 .height = (float)((BOX_TOP + BOX_BOTTOM) * pen->size)};
    if (pen->receiver && !pen->receiver(pen->context, &frame, error))
        return false;
    for (int i = 0; i < count; i++) {
        int column = i % (count / 2), row = i / (count / 2), glyph;
        double y = row == 0 ? -0.40 * pen->size : 0.15 * pen->size;
        if (font_find(pen->font, (uint32_t)digits[i], &face, &glyph) &&
            !pen_glyph(pen, face, glyph, frame.x + pad + column * advance, y, digit_size, error))
            return false;
    }
    pen->x += width + pen->size * 0.1;
    return true;
}

static bool pen_character(struct pen *pen, uint32_t code, struct error *error)
{
    int face, glyph;
    if (is_invisible(code))
        return true;
    if (is_direction_control(code) || !font_find(pen->font, code, &face, &glyph))
        return pen_box(pen, shown_code(code), error);
    /* The fonts place other marks themselves; those of right-to-left letters go over the middle of theirs. */
    if (is_right_to_left(code) && fribidi_get_bidi_type(code) == FRIBIDI_TYPE_NSM) {
        double left, right;
        font_extent(pen->font, face, glyph, pen->size, &left, &right);
        return pen_glyph(pen, face, glyph, (pen->base + pen->x - left - right) / 2, 0, pen->size, error);
    }
    if (!pen_glyph(pen, face, glyph, pen->x, 0, pen->size, error))
        return false;
    double advance = font_advance(pen->font, face, glyph, pen->size);
    if (advance > 0)
        pen->base = pen->x;
    pen->x += advance;
    return true;
}

bool typeset_text(struct font *font, const char *text, double size, typeset_receiver *receiver, void *context,
                  double *width, struct error *error)
{
    uint32_t codes[TYPESET_CHARACTERS];
    size_t count = 0;
    bool ordered = false;
    while (*text && count < TYPESET_CHARACTERS) {
        codes[count] = text_decode(&text);
        ordered = ordered || is_right_to_left(codes[count]);
        count++;
    }
    if (ordered && !order_visually(codes, count, error))
        return false;

    struct pen pen = {font, size, 0, 0, receiver, context};
    for (size_t i = 0; i < count; i++)
        if (!pen_character(&pen, codes[i], error))
            return false;
    *width = pen.x;
    return true;
}

bool typeset_is_leftward(const char *text)
{
    while (*text) {
        const uint32_t code = text_decode(&text);
        const FriBidiCharType type =
            is_direction_control(code) ? FRIBIDI_TYPE_ON : fribidi_get_bidi_type(code);
        if (FRIBIDI_IS_STRONG(type))
            return FRIBIDI_IS_RTL(type);
    }
    return false;
}

uint32_t typeset_missing(const struct font *font, const char **text)
{
    int face, glyph;
    while (**text) {
        uint32_t code = text_decode(text);
        if (code >= 0xA0 && !is_invisible(code) && !is_direction_control(code) &&
            !font_find(font, code, &face, &glyph))
            return code;
    }
    return 0;
}

double typeset_width(struct font *font, const char *text, double size, struct error *error)
{
    double width = 0;
    return typeset_text(font, text, size, NULL, NULL, &width, error) ? width : 0;
}
