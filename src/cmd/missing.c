#include "cmd/missing.h"

#include <stdlib.h>

#include "base/memory.h"
#include "draw/font.h"

/* Those found so far. */
struct missing {
    struct font *font;
    uint8_t *known; /* a bit for every code point */
    uint32_t first;
    size_t count;
};

enum { CODE_POINTS = 0x110000 };

static void look_through(struct missing *missing, const char *text)
{
    for (uint32_t code; (code = font_missing(missing->font, &text)) != 0;) {
        uint8_t *byte = &missing->known[code / 8], bit = (uint8_t)(1u << code % 8);
        if (missing->count == 0)
            missing->first = code;
        missing->count += !(*byte & bit);
        *byte |= bit;
    }
}

bool missing_warn(const struct result *result, const struct options *options, const struct patches *patches,
                  struct warnings *warnings, struct error *error)
{
    const struct problem *problem = result->problem;
    struct missing missing = {.font = font_open(error), .known = memory_zeroed(CODE_POINTS / 8, 1, error)};
    bool ok = missing.font && missing.known;
    if (ok && problem->title)
        look_through(&missing, problem->title);
    /* Over a picture, and beside pooled cells, there are no labels. */
    bool labels = ok && !patches && result->held != HELD_POOLED;
    for (size_t i = 0; labels && i < result->query_count; i++)
        look_through(&missing, problem->tokens.text[result->query_first + i]);
    for (size_t i = 0; labels && i < result->key_count; i++)
        look_through(&missing, problem->key_tokens.text[result->key_first + i]);
    if (ok && missing.count > 0)
        warnings_add(warnings,
                     "the fonts have no glyph for %zu character%s, drawn as %s of hexadecimal code%s U+%04X",
                     missing.count, missing.count == 1 ? "" : "s", missing.count == 1 ? "a box" : "boxes",
                     missing.count == 1 ? ":" : "; the first is", (unsigned)missing.first);
    font_close(missing.font);
    free(missing.known);
    return ok;
}
