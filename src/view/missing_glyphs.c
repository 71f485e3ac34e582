#include "view/missing_glyphs.h"

#include <stdlib.h>

#include "base/memory.h"
#include "figure/typeset.h"
#include "view/pictures.h"

/* The characters without a glyph found so far. */
struct missing {
    struct font *font;
    uint8_t *known; /* a bit for every code point; owned */
    uint32_t first; /* the first of them */
    size_t count;   /* different ones */
};

enum { CODE_POINTS = 0x110000 };

static void missing_add(struct missing *missing, const char *text)
{
    for (uint32_t code; (code = typeset_missing(missing->font, &text)) != 0;) {
        uint8_t *byte = &missing->known[code / 8], bit = (uint8_t)(1u << code % 8);
        if (missing->count == 0)
            missing->first = code;
        missing->count += !(*byte & bit);
        *byte |= bit;
    }
}

static void missing_add_all(struct missing *missing, const char *const *labels, size_t count)
{
    for (size_t i = 0; labels && i < count; i++)
        missing_add(missing, labels[i]);
}

/* The titles of maps over patches. */
static void missing_add_patches(struct missing *missing, const struct patch_view *patches)
{
    missing_add(missing, patches->from);
    for (size_t k = 0; patch_view_maps(patches) > 1 && k < patches->key_count; k++) {
        char name[PATCH_NAME];
        patch_view_name(patches, true, patches->key_first + k, name);
        missing_add(missing, name);
    }
}

bool missing_glyphs_warn(const struct excerpt *excerpt, const enum stage *stages, size_t count,
                         const struct patch_view *patches, const struct font_file *font,
                         struct warnings *warnings, struct error *error)
{
    struct missing missing = {.font = font_open(font, error),
                              .known = memory_zeroed(CODE_POINTS / 8, 1, error)};
    bool ok = missing.font && missing.known;
    if (ok && excerpt->result->problem->title)
        missing_add(&missing, excerpt->result->problem->title);
    for (size_t s = 0; ok && s < count; s++) {
        enum stage stage = stages[s];
        const struct stage_shape *shape = &excerpt->shape[stage];
        struct sides labels = pictures_labels(excerpt, stage, patches);
        missing_add_all(&missing, labels.rows, shape->rows);
        missing_add_all(&missing, labels.columns, shape->columns);
        if (patches && shape->is_pairs)
            missing_add_patches(&missing, patches);
    }
    if (ok && missing.count > 0)
        warnings_add(warnings,
                     "the fonts have no glyph for %zu character%s, drawn as %s of hexadecimal code%s U+%04X",
                     missing.count, missing.count == 1 ? "" : "s", missing.count == 1 ? "a box" : "boxes",
                     missing.count == 1 ? ":" : "; the first is", (unsigned)missing.first);
    font_close(missing.font);
    free(missing.known);
    return ok;
}
