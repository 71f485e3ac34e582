/*
 * FreeType makes pixels of glyphs, HarfBuzz places them. The file is hostile: FreeType has a bounded memory here, sizes of glyphs
 * are looked at before they are rendered, and the programs in fonts (hinting) never run.
 */
#include "figure/font_face.h"

#ifdef ATTN_FONT_FILES
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_MODULE_H
#include FT_TRUETYPE_TABLES_H
#include <hb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/font_raster.h"

/* Bytes that FreeType may hold for one face: ten times what it takes for the largest font of Debian and a glyph of 1000 pixels. */
enum { FACE_MEMORY = 64 << 20 };
/* No two glyphs that belong together are so many ems apart. */
enum { FACE_FARTHEST = 16 };

/* What FreeType holds, and may still take. */
struct font_budget {
    size_t left;
    bool is_spent;
};

struct font_face {
    const struct font_file *file;
    struct font_budget budget;
    struct FT_MemoryRec_ memory;
    FT_Library library;
    FT_Face ft;
    hb_font_t *hb;
    hb_buffer_t *buffer;
    double em; /* units of HarfBuzz */
    struct font_place *places;
    size_t place_count, place_room;
    uint8_t *pixels; /* of the glyph rendered last, where they are not FreeType's */
};

/* A block of FreeType's begins with its size. */
enum { BLOCK_HEAD = 16 };

static void *budget_take(FT_Memory memory, long size)
{
    struct font_budget *budget = memory->user;
    if (size < 0 || (size_t)size > budget->left) {
        budget->is_spent = true;
        return NULL;
    }
    unsigned char *block = malloc((size_t)size + BLOCK_HEAD);
    if (!block)
        return NULL;
    budget->left -= (size_t)size;
    memcpy(block, &size, sizeof size);
    return block + BLOCK_HEAD;
}

static void budget_give_back(FT_Memory memory, void *block)
{
    struct font_budget *budget = memory->user;
    unsigned char *start = (unsigned char *)block - BLOCK_HEAD;
    long size;
    memcpy(&size, start, sizeof size);
    budget->left += (size_t)size;
    free(start);
}

static void *budget_resize(FT_Memory memory, long before, long size, void *block)
{
    void *next = budget_take(memory, size);
    if (next && block) {
        memcpy(next, block, (size_t)(before < size ? before : size));
        budget_give_back(memory, block);
    }
    return next;
}

/* Says what FreeType says. Always false. */
static bool face_error(const struct font_face *face, FT_Error code, const char *what, struct error *error)
{
    const char *name = face->file->source.name;
    if (code == FT_Err_Out_Of_Memory && !face->budget.is_spent)
        return error_memory(error, face->file->source.size);
    if (code == FT_Err_Out_Of_Memory)
        return error_set(error, ERROR_INPUT,
                         "%s: %s takes more than %d MiB: expected a sound TrueType or OpenType font", name,
                         what, FACE_MEMORY >> 20);
    return error_set(error, ERROR_INPUT,
                     "%s: %s is broken (error %d of FreeType): expected a sound TrueType or OpenType font",
                     name, what, code);
}

/* Whether the pictures in colour are all of a kind that FreeType does not paint by itself: gradients of COLR, version 1. */
static bool has_gradients(FT_Face ft)
{
    FT_Byte head[4]; /* the version, and how many glyphs have pictures of version 0 */
    FT_ULong length = sizeof head;
    return !FT_HAS_FIXED_SIZES(ft) &&
           !FT_Load_Sfnt_Table(ft, FT_MAKE_TAG('C', 'O', 'L', 'R'), 0, head, &length) && head[1] == 1 &&
           head[2] == 0 && head[3] == 0;
}

static bool face_open_freetype(struct font_face *face, struct error *error)
{
    const struct source *source = &face->file->source;
    face->budget.left = FACE_MEMORY;
    face->memory = (struct FT_MemoryRec_){&face->budget, budget_take, budget_give_back, budget_resize};
    FT_Error code = FT_New_Library(&face->memory, &face->library);
    if (code)
        return error_memory(error, FACE_MEMORY);
    FT_Add_Default_Modules(face->library);
    code =
        FT_New_Memory_Face(face->library, (const FT_Byte *)source->data, (FT_Long)source->size, 0, &face->ft);
    if (code)
        return face_error(face, code, "the font", error);
    if (!FT_IS_SCALABLE(face->ft) && !(FT_HAS_COLOR(face->ft) && FT_HAS_FIXED_SIZES(face->ft)))
        return error_set(
            error, ERROR_INPUT,
            "%s: its glyphs are neither outlines nor pictures in colour: expected a font with either",
            source->name);
    if (has_gradients(face->ft))
        return error_set(error, ERROR_INPUT,
                         "%s: its pictures in colour are gradients (COLR, version 1): expected CBDT, sbix or "
                         "COLR, version 0",
                         source->name);
    return true;
}

static bool face_open_harfbuzz(struct font_face *face, struct error *error)
{
    const struct source *source = &face->file->source;
    hb_blob_t *blob =
        hb_blob_create(source->data, (unsigned)source->size, HB_MEMORY_MODE_READONLY, NULL, NULL);
    hb_face_t *made = hb_face_create(blob, 0);
    hb_blob_destroy(blob);
    const bool is_empty = hb_face_get_glyph_count(made) == 0;
    face->em = hb_face_get_upem(made);
    face->hb = hb_font_create(made);
    hb_face_destroy(made);
    face->buffer = hb_buffer_create();
    if (!hb_buffer_allocation_successful(face->buffer))
        return error_memory(error, source->size);
    return !is_empty || error_set(error, ERROR_INPUT,
                                  "%s: there are no glyphs in it: expected a sound TrueType or OpenType font",
                                  source->name);
}

struct font_face *font_face_open(const struct font_file *file, struct error *error)
{
    struct font_face *face = memory_zeroed(1, sizeof *face, error);
    if (!face)
        return NULL;
    face->file = file;
    if (face_open_freetype(face, error) && face_open_harfbuzz(face, error))
        return face;
    font_face_close(face);
    return NULL;
}

void font_face_close(struct font_face *face)
{
    if (!face)
        return;
    hb_buffer_destroy(face->buffer);
    hb_font_destroy(face->hb);
    if (face->library)
        FT_Done_Library(face->library);
    free(face->places);
    free(face->pixels);
    free(face);
}

const char *font_face_family(const struct font_face *face)
{
    return face->ft->family_name;
}

bool font_face_has(const struct font_face *face, uint32_t code)
{
    hb_codepoint_t glyph;
    return hb_font_get_nominal_glyph(face->hb, code, &glyph) && glyph != 0;
}

bool font_face_is_colored(const struct font_face *face)
{
    return FT_HAS_COLOR(face->ft);
}

static double within(double ems)
{
    return fmin(fmax(ems, -FACE_FARTHEST), FACE_FARTHEST);
}

/* Adds the glyphs that HarfBuzz has placed, from *width on. */
static bool face_take_places(struct font_face *face, double *width, struct error *error)
{
    unsigned count;
    const hb_glyph_info_t *infos = hb_buffer_get_glyph_infos(face->buffer, &count);
    const hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(face->buffer, NULL);
    if (face->place_count + count > face->place_room) {
        const size_t room = 2 * face->place_room + count + 32;
        if (!memory_resize(&face->places, room, sizeof *face->places, error))
            return false;
        face->place_room = room;
    }
    for (unsigned i = 0; i < count; i++) {
        face->places[face->place_count++] =
            (struct font_place){.glyph = (int)infos[i].codepoint,
                                .x = *width + within(positions[i].x_offset / face->em),
                                .y = within(-positions[i].y_offset / face->em)};
        *width += within(positions[i].x_advance / face->em);
    }
    return true;
}

/* Characters [begin, end) of one script, between those that stand around them. */
static bool face_shape_script(struct font_face *face, const uint32_t *codes, size_t count, size_t begin,
                              size_t end, hb_script_t script, bool is_leftward, double *width,
                              struct error *error)
{
    static const char *const shapers[] = {"ot", NULL};
    hb_buffer_t *buffer = face->buffer;
    hb_buffer_reset(buffer);
    hb_buffer_add_utf32(buffer, codes, (int)count, (unsigned)begin, (int)(end - begin));
    hb_buffer_set_direction(buffer, is_leftward ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
    hb_buffer_set_script(buffer, script);
    hb_buffer_set_language(buffer, hb_language_from_string("und", -1)); /* else that of the locale */
    if (!hb_shape_full(face->hb, buffer, NULL, 0, shapers) || !hb_buffer_allocation_successful(buffer))
        return error_memory(error, (end - begin) * sizeof *codes);
    return face_take_places(face, width, error);
}

/* The script of a character; none of its own have digits, signs and marks. */
static hb_script_t script_of(uint32_t code)
{
    const hb_script_t script = hb_unicode_script(hb_unicode_funcs_get_default(), code);
    const bool is_own =
        script != HB_SCRIPT_COMMON && script != HB_SCRIPT_INHERITED && script != HB_SCRIPT_UNKNOWN;
    return is_own ? script : HB_SCRIPT_COMMON;
}

/* The end of the characters from `begin` on that have the script of the first that has one, or none. */
static size_t script_end(const uint32_t *codes, size_t begin, size_t count, hb_script_t *script)
{
    *script = HB_SCRIPT_COMMON;
    while (begin < count) {
        const hb_script_t next = script_of(codes[begin]);
        if (next != HB_SCRIPT_COMMON && *script != HB_SCRIPT_COMMON && next != *script)
            break;
        *script = next != HB_SCRIPT_COMMON ? next : *script;
        begin++;
    }
    return begin;
}

bool font_face_shape(struct font_face *face, const uint32_t *codes, size_t count, bool is_leftward,
                     const struct font_place **places, size_t *place_count, double *width,
                     struct error *error)
{
    hb_script_t script;
    face->place_count = 0;
    *width = 0;
    for (size_t rest = count; rest > 0;) { /* from the left: of what runs leftward the last script first */
        size_t begin = is_leftward ? 0 : count - rest, end;
        while ((end = script_end(codes, begin, is_leftward ? rest : count, &script)) < rest && is_leftward)
            begin = end;
        if (!face_shape_script(face, codes, count, begin, end, script, is_leftward, width, error))
            return false;
        rest -= end - begin;
    }
    *places = face->places;
    *place_count = face->place_count;
    return true;
}

bool font_face_render(struct font_face *face, int glyph, double size, int quarter, struct font_raster *raster,
                      struct error *error)
{
    const int code = font_raster_render(face->ft, glyph, size, quarter, &face->pixels, raster);
    char what[32];
    snprintf(what, sizeof what, "glyph %d", glyph);
    return code == 0 || face_error(face, code, what, error);
}
#else
struct font_face *font_face_open(const struct font_file *file, struct error *error)
{
    (void)file;
    error_set(error, ERROR_USAGE, "this attn was built without FreeType and HarfBuzz");
    return NULL;
}

void font_face_close(struct font_face *face)
{
    (void)face;
}

const char *font_face_family(const struct font_face *face)
{
    (void)face;
    return NULL;
}

bool font_face_has(const struct font_face *face, uint32_t code)
{
    (void)face, (void)code;
    return false;
}

bool font_face_is_colored(const struct font_face *face)
{
    (void)face;
    return false;
}

bool font_face_shape(struct font_face *face, const uint32_t *codes, size_t count, bool is_leftward,
                     const struct font_place **places, size_t *place_count, double *width,
                     struct error *error)
{
    (void)face, (void)codes, (void)count, (void)is_leftward;
    *places = NULL;
    *place_count = 0;
    *width = 0;
    return error_set(error, ERROR_USAGE, "this attn was built without FreeType and HarfBuzz");
}

bool font_face_render(struct font_face *face, int glyph, double size, int quarter, struct font_raster *raster,
                      struct error *error)
{
    (void)face, (void)glyph, (void)size, (void)quarter;
    *raster = (struct font_raster){0};
    return error_set(error, ERROR_USAGE, "this attn was built without FreeType and HarfBuzz");
}
#endif
