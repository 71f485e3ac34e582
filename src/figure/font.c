/*
 * Glyphs by stb_truetype, each rendered once for a size and a place between two pixels, then kept.
 *
 * stb_truetype does not check all of its allocations, so its memory comes from an arena that exists
 * beforehand. If that is full, a long jump leaves it, which loses nothing because the arena stays ours.
 */
#include "figure/font.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/font_data.h"

/* More than ten times what the most intricate glyph of the fonts named in the build takes at the largest
 * size. */
enum { ARENA_SIZE = 1 << 20 };

/* As fine as the eye can tell: a step is 3 % of the contrast between letter and ground. */
enum { COVERAGE_LEVELS = 32 };

struct font_arena {
    size_t used;
    jmp_buf full;
    _Alignas(16) unsigned char memory[ARENA_SIZE];
};

static void *arena_alloc(size_t size, void *context)
{
    struct font_arena *arena = context;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size || rounded > ARENA_SIZE - arena->used)
        longjmp(arena->full, 1);
    void *memory = arena->memory + arena->used;
    arena->used += rounded;
    return memory;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wcast-align"
#define STBTT_STATIC
#define STBTT_malloc(size, context) arena_alloc(size, context)
#define STBTT_free(memory, context) ((void)(memory), (void)(context))
#define STBTT_assert(condition) ((void)0)
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb_truetype.h>
#pragma GCC diagnostic pop

/* A rendered glyph. Empty entries have used false. */
struct entry {
    bool used, is_colored;
    uint8_t face, quarter;
    int glyph;
    float size;
    int left, top, width, height;
    size_t coverage; /* offset */
};

struct font {
    stbtt_fontinfo face[FONT_FACES];
    struct font_arena *arena;
    const struct font_file *file; /* that the user names; NULL: none. Borrowed */
    struct font_face *own;        /* its face */
    struct entry *entries;        /* a hash table, at most half full, of a power of two */
    size_t entry_count, entry_room;
    uint8_t *coverage;
    size_t coverage_size, coverage_room;
};

_Static_assert((int)FONT_OWN == (int)FONT_FACES, "the face behind the built-in ones");

struct font *font_open(const struct font_file *file, struct error *error)
{
    struct font *font = memory_zeroed(1, sizeof *font, error);
    if (!font)
        return NULL;
    font->arena = memory_alloc(1, sizeof *font->arena, error);
    font->entry_room = 256;
    font->entries = memory_zeroed(font->entry_room, sizeof *font->entries, error);
    if (!font->arena || !font->entries)
        goto fail;
    for (int i = 0; i < FONT_FACES; i++) {
        int offset = stbtt_GetFontOffsetForIndex(font_data[i], 0);
        if (offset < 0 || !stbtt_InitFont(&font->face[i], font_data[i], offset)) {
            error_set(error, ERROR_SYSTEM, "the font that was built in is not TrueType");
            goto fail;
        }
        font->face[i].userdata = font->arena;
    }
    font->file = file;
    font->own = file ? font_face_open(file, error) : NULL;
    if (file && !font->own)
        goto fail;
    return font;
fail:
    font_close(font);
    return NULL;
}

void font_close(struct font *font)
{
    if (!font)
        return;
    font_face_close(font->own);
    free(font->arena);
    free(font->entries);
    free(font->coverage);
    free(font);
}

struct font_face *font_own(const struct font *font)
{
    return font->own;
}

const struct font_file *font_own_file(const struct font *font)
{
    return font->file;
}

bool font_find(const struct font *font, uint32_t code, int *face, int *glyph)
{
    for (int i = 0; i < FONT_FACES; i++) {
        int found = stbtt_FindGlyphIndex(&font->face[i], (int)code);
        if (found > 0) {
            *face = i;
            *glyph = found;
            return true;
        }
    }
    return false;
}

double font_advance(const struct font *font, int face, int glyph, double size)
{
    int advance, bearing;
    stbtt_GetGlyphHMetrics(&font->face[face], glyph, &advance, &bearing);
    return advance * (double)stbtt_ScaleForMappingEmToPixels(&font->face[face], (float)size);
}

void font_extent(const struct font *font, int face, int glyph, double size, double *left, double *right)
{
    const stbtt_fontinfo *info = &font->face[face];
    double scale = (double)stbtt_ScaleForMappingEmToPixels(info, (float)size);
    int x0 = 0, y0, x1 = 0, y1;
    stbtt_GetGlyphBox(info, glyph, &x0, &y0, &x1, &y1);
    *left = x0 * scale;
    *right = x1 * scale;
}

/* The place of a glyph in the table, or the empty one where it belongs. */
static struct entry *entry_place(struct entry *entries, size_t room, const struct entry *key)
{
    uint32_t bits;
    memcpy(&bits, &key->size, sizeof bits);
    uint32_t hash = ((uint32_t)key->glyph * 8 + key->face * 4u + key->quarter) * 2654435761u ^ bits * 40503u;
    for (size_t i = hash >> 7;; i++) {
        struct entry *entry = &entries[i & (room - 1)];
        if (!entry->used || (entry->glyph == key->glyph && entry->face == key->face &&
                             entry->quarter == key->quarter && entry->size == key->size))
            return entry;
    }
}

static bool table_grow(struct font *font, struct error *error)
{
    size_t room = font->entry_room * 2;
    struct entry *entries = memory_zeroed(room, sizeof *entries, error);
    if (!entries)
        return false;
    for (size_t i = 0; i < font->entry_room; i++)
        if (font->entries[i].used)
            *entry_place(entries, room, &font->entries[i]) = font->entries[i];
    free(font->entries);
    font->entries = entries;
    font->entry_room = room;
    return true;
}

/* `bytes` of coverage more, zeroed. A blank has none, and the first glyph may be one: there is memory all the same. */
static bool coverage_grow(struct font *font, size_t bytes, struct error *error)
{
    if (!font->coverage || font->coverage_room - font->coverage_size < bytes) {
        size_t room = font->coverage_room * 2 + bytes + 4096;
        if (!memory_resize(&font->coverage, room, 1, error))
            return false;
        font->coverage_room = room;
    }
    if (bytes > 0) /* a blank first of all has none, and there is no memory yet */
        memset(font->coverage + font->coverage_size, 0, bytes);
    return true;
}

/* To one of COVERAGE_LEVELS, so that letters take few colours. */
static void round_coverage(uint8_t *coverage, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned level = (coverage[i] * (COVERAGE_LEVELS - 1) + 127u) / 255;
        coverage[i] = (uint8_t)(level * 255 / (COVERAGE_LEVELS - 1));
    }
}

/* Fills in the rest of an entry whose key is set, of the font that the user names. */
static bool glyph_render_own(struct font *font, struct entry *entry, struct error *error)
{
    struct font_raster raster;
    if (!font_face_render(font->own, entry->glyph, (double)entry->size, entry->quarter, &raster, error))
        return false;
    entry->left = raster.left;
    entry->top = raster.top;
    entry->width = raster.width;
    entry->height = raster.height;
    entry->is_colored = raster.is_colored;
    entry->coverage = font->coverage_size;
    const size_t bytes = (size_t)raster.width * (size_t)raster.height * (raster.is_colored ? 4 : 1);
    if (!coverage_grow(font, bytes, error))
        return false;
    memcpy(font->coverage + entry->coverage, raster.pixels, bytes);
    if (!raster.is_colored)
        round_coverage(font->coverage + entry->coverage, bytes);
    font->coverage_size += bytes;
    return true;
}

/* Fills in the rest of an entry whose key is set. */
static bool glyph_render(struct font *font, struct entry *entry, struct error *error)
{
    const stbtt_fontinfo *face = &font->face[entry->face];
    float scale = stbtt_ScaleForMappingEmToPixels(face, entry->size);
    float shift = (float)entry->quarter / 4;
    int right, bottom;

    font->arena->used = 0;
    if (setjmp(font->arena->full) != 0)
        return error_set(error, ERROR_SYSTEM, "a character is too intricate to be drawn");
    stbtt_GetGlyphBitmapBoxSubpixel(face, entry->glyph, scale, scale, shift, 0, &entry->left, &entry->top,
                                    &right, &bottom);
    entry->width = right - entry->left;
    entry->height = bottom - entry->top;
    entry->coverage = font->coverage_size;
    size_t bytes = (size_t)entry->width * (size_t)entry->height;
    if (!coverage_grow(font, bytes, error))
        return false;
    if (bytes > 0)
        stbtt_MakeGlyphBitmapSubpixel(face, font->coverage + entry->coverage, entry->width, entry->height,
                                      entry->width, scale, scale, shift, 0, entry->glyph);
    round_coverage(font->coverage + entry->coverage, bytes);
    font->coverage_size += bytes;
    return true;
}

bool font_glyph(struct font *font, int face, int glyph, double size, int quarter, struct font_bitmap *bitmap,
                struct error *error)
{
    struct entry key = {.used = true,
                        .face = (uint8_t)face,
                        .quarter = (uint8_t)quarter,
                        .glyph = glyph,
                        .size = (float)size};
    struct entry *entry = entry_place(font->entries, font->entry_room, &key);
    if (!entry->used) {
        if ((font->entry_count + 1) * 2 > font->entry_room) {
            if (!table_grow(font, error))
                return false;
            entry = entry_place(font->entries, font->entry_room, &key);
        }
        if (!(face == FONT_OWN ? glyph_render_own : glyph_render)(font, &key, error))
            return false;
        *entry = key;
        font->entry_count++;
    }
    *bitmap = (struct font_bitmap){
        entry->left,      entry->top, entry->width, entry->height, font->coverage + entry->coverage,
        entry->is_colored};
    return true;
}
