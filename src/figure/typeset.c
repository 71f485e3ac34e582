#include "figure/typeset.h"

#include <fribidi.h>
#include <stdio.h>

#include "base/text.h"
#include "figure/font_runs.h"

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

/* Puts the characters in visual order and joins Arabic letters (Unicode UAX #9, by FriBidi). The direction of all is given, or by
 * FRIBIDI_PAR_ON that of the first that has one. */
static bool order_visually(uint32_t *codes, size_t count, FriBidiParType direction, struct error *error)
{
    FriBidiChar logical[TYPESET_CHARACTERS], visual[TYPESET_CHARACTERS + 1];
    FriBidiStrIndex from[TYPESET_CHARACTERS];

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
    if (font_is_invisible(code))
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

/* Characters in the built-in fonts, from left to right. */
static bool pen_line(struct pen *pen, const uint32_t *codes, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!pen_character(pen, codes[i], error))
            return false;
    return true;
}

/* Characters that follow each other in reading, of one font and level (UAX #9). */
struct font_run {
    size_t begin, count;
    bool is_own; /* in the font that the user names */
    FriBidiLevel level;
};

/* The runs of a text, in the order of reading. Returns how many, 0 without memory. */
static size_t runs_find(struct font_run runs[TYPESET_CHARACTERS], const uint32_t *codes, const bool *own,
                        size_t count)
{
    FriBidiChar logical[TYPESET_CHARACTERS];
    FriBidiLevel levels[TYPESET_CHARACTERS];
    FriBidiParType direction = FRIBIDI_PAR_ON;
    size_t run_count = 0;
    for (size_t i = 0; i < count; i++)
        logical[i] = is_direction_control(codes[i]) ? 0xFFFC : codes[i];
    if (!fribidi_log2vis(logical, (FriBidiStrIndex)count, &direction, NULL, NULL, NULL, levels))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct font_run *last = run_count > 0 ? &runs[run_count - 1] : NULL;
        if (!last || last->is_own != own[i] || last->level != levels[i])
            runs[run_count++] = (struct font_run){i, 0, own[i], levels[i]};
        runs[run_count - 1].count++;
    }
    return run_count;
}

/* From left to right: from the highest level down, all that is at it or above is turned round (UAX #9, L2). */
static void runs_order(struct font_run *runs, size_t count)
{
    FriBidiLevel highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = runs[i].level > highest ? runs[i].level : highest;
    for (FriBidiLevel level = highest; level > 0; level--)
        for (size_t begin = 0, end; begin < count; begin = end) {
            end = begin + 1;
            if (runs[begin].level < level)
                continue;
            while (end < count && runs[end].level >= level)
                end++;
            for (size_t i = begin, j = end - 1; i < j; i++, j--) {
                const struct font_run turned = runs[i];
                runs[i] = runs[j];
                runs[j] = turned;
            }
        }
}

/* A run in the font of the user. */
static bool pen_run(struct pen *pen, const uint32_t *codes, const struct font_run *run, struct error *error)
{
    const struct font_place *places;
    size_t count;
    double width;
    if (!font_face_shape(font_own(pen->font), codes + run->begin, run->count, run->level % 2, &places, &count,
                         &width, error))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!pen_glyph(pen, FONT_OWN, places[i].glyph, pen->x + places[i].x * pen->size,
                       places[i].y * pen->size, pen->size, error))
            return false;
    pen->x += width * pen->size;
    pen->base = pen->x;
    return true;
}

/* A text of which the user's font has a part. */
static bool pen_runs(struct pen *pen, uint32_t *codes, const bool *own, size_t count, struct error *error)
{
    struct font_run runs[TYPESET_CHARACTERS];
    const size_t run_count = runs_find(runs, codes, own, count);
    if (run_count == 0)
        return error_memory(error, count * sizeof *codes);
    runs_order(runs, run_count);
    for (size_t i = 0; i < run_count; i++) {
        uint32_t *first = codes + runs[i].begin;
        const FriBidiParType direction = runs[i].level % 2 ? FRIBIDI_PAR_RTL : FRIBIDI_PAR_LTR;
        if (!(runs[i].is_own ? pen_run(pen, codes, &runs[i], error)
                             : order_visually(first, runs[i].count, direction, error) &&
                                   pen_line(pen, first, runs[i].count, error)))
            return false;
    }
    return true;
}

/* Decodes as much of a text as is set. */
static size_t typeset_decode(const char *text, uint32_t codes[TYPESET_CHARACTERS])
{
    size_t count = 0;
    while (*text && count < TYPESET_CHARACTERS)
        codes[count++] = text_decode(&text);
    return count;
}

bool typeset_text(struct font *font, const char *text, double size, typeset_receiver *receiver, void *context,
                  double *width, struct error *error)
{
    uint32_t codes[TYPESET_CHARACTERS];
    bool own[TYPESET_CHARACTERS], ordered = false;
    const size_t count = typeset_decode(text, codes);
    struct pen pen = {font, size, 0, 0, receiver, context};
    bool ok;
    for (size_t i = 0; i < count; i++)
        ordered = ordered || is_right_to_left(codes[i]);
    if (font_own(font) && font_choose(font, codes, count, own))
        ok = pen_runs(&pen, codes, own, count, error);
    else
        ok = (!ordered || order_visually(codes, count, FRIBIDI_PAR_ON, error)) &&
             pen_line(&pen, codes, count, error);
    *width = pen.x;
    return ok;
}

size_t typeset_fonts(const struct font *font, const char *text, bool own[TYPESET_CHARACTERS])
{
    uint32_t codes[TYPESET_CHARACTERS];
    const size_t count = font_own(font) ? typeset_decode(text, codes) : 0;
    return font_choose(font, codes, count, own) ? count : 0;
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
    const struct font_face *own = font_own(font);
    int face, glyph;
    while (**text) {
        uint32_t code = text_decode(text);
        if (code >= 0xA0 && !font_is_invisible(code) && !is_direction_control(code) &&
            !font_find(font, code, &face, &glyph) && !(own && font_face_has(own, code)))
            return code;
    }
    return 0;
}

double typeset_width(struct font *font, const char *text, double size, struct error *error)
{
    double width = 0;
    return typeset_text(font, text, size, NULL, NULL, &width, error) ? width : 0;
}
