#include "figure/font_raster.h"

#ifdef ATTN_FONT_FILES
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A glyph that is larger than this is none that anybody drew, in ems. */
enum { GLYPH_LARGEST = 16 };

/* A picture from FreeType's blue, green, red, alpha, `scale` times as large: the mean of all pixels that one covers. */
static void strike_scale(uint8_t *to, int width, int height, const FT_Bitmap *bitmap, double scale)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int left = (int)(x / scale), right = (int)fmin(ceil((x + 1) / scale), bitmap->width);
            const int top = (int)(y / scale), bottom = (int)fmin(ceil((y + 1) / scale), bitmap->rows);
            double sum[4] = {0}, area = 0;
            for (int v = top; v < bottom; v++)
                for (int u = left; u < right; u++) {
                    const uint8_t *pixel = bitmap->buffer + (ptrdiff_t)v * bitmap->pitch + (ptrdiff_t)u * 4;
                    const double part = (fmin(u + 1, (x + 1) / scale) - fmax(u, x / scale)) *
                                        (fmin(v + 1, (y + 1) / scale) - fmax(v, y / scale));
                    for (int c = 0; c < 4; c++)
                        sum[c] += part * pixel[c < 3 ? 2 - c : 3];
                    area += part;
                }
            const double whole = fmax(area, 1 / (scale * scale)); /* beyond the edge there is nothing */
            for (int c = 0; c < 4; c++)
                to[((size_t)y * (size_t)width + (size_t)x) * 4 + (size_t)c] = (uint8_t)(sum[c] / whole + 0.5);
        }
}

/* A picture in colour, of `em` pixels an em, as one of `size`. */
static FT_Error raster_colors(FT_GlyphSlot slot, double em, double size, uint8_t **own,
                              struct font_raster *raster)
{
    const FT_Bitmap *bitmap = &slot->bitmap;
    const double most = GLYPH_LARGEST * em, scale = size / em;
    if (bitmap->width > most || bitmap->rows > most || abs(slot->bitmap_left) > most ||
        abs(slot->bitmap_top) > most)
        return FT_Err_Raster_Overflow;
    const int width = (int)ceil(bitmap->width * scale), height = (int)ceil(bitmap->rows * scale);
    uint8_t *pixels = realloc(*own, (size_t)width * (size_t)height * 4 + 1);
    if (!pixels)
        return FT_Err_Out_Of_Memory;
    *own = pixels;
    strike_scale(pixels, width, height, bitmap, scale);
    *raster = (struct font_raster){.left = (int)floor(slot->bitmap_left * scale + 0.5),
                                   .top = (int)floor(-slot->bitmap_top * scale + 0.5),
                                   .width = width,
                                   .height = height,
                                   .is_colored = true,
                                   .pixels = pixels};
    return FT_Err_Ok;
}

/* The pictures of the smallest size that is not below `size`, else the largest. Returns their pixels an em; 0: there are none. */
static double strike_choose(FT_Face ft, double size)
{
    int best = -1;
    for (int i = 0; i < ft->num_fixed_sizes; i++) {
        const double em = (double)ft->available_sizes[i].y_ppem / 64,
                     chosen = best < 0 ? 0 : (double)ft->available_sizes[best].y_ppem / 64;
        if (em > 0 && (best < 0 || (chosen < size ? em > chosen : em >= size && em < chosen)))
            best = i;
    }
    if (best < 0 || FT_Select_Size(ft, best))
        return 0;
    return (double)ft->available_sizes[best].y_ppem / 64;
}

/* The picture that a font of pictures has of a glyph; *found says whether. */
static FT_Error raster_strike(FT_Face ft, int glyph, double size, uint8_t **own, struct font_raster *raster,
                              bool *found)
{
    const double em = FT_HAS_COLOR(ft) && FT_HAS_FIXED_SIZES(ft) ? strike_choose(ft, size) : 0;
    *found = false;
    if (em <= 0)
        return FT_Err_Ok;
    const FT_Error code = FT_Load_Glyph(ft, (FT_UInt)glyph, FT_LOAD_COLOR | FT_LOAD_NO_HINTING);
    if (code && !FT_IS_SCALABLE(ft))
        return code;
    *found = !code && ft->glyph->format == FT_GLYPH_FORMAT_BITMAP &&
             ft->glyph->bitmap.pixel_mode == FT_PIXEL_MODE_BGRA;
    return *found ? raster_colors(ft->glyph, em, size, own, raster) : FT_Err_Ok;
}

/* The rows of a bitmap of coverage without what lies between them. */
static FT_Error raster_coverage(FT_GlyphSlot slot, uint8_t **own, struct font_raster *raster)
{
    const FT_Bitmap *bitmap = &slot->bitmap;
    const size_t width = bitmap->width, height = bitmap->rows;
    if (bitmap->pixel_mode != FT_PIXEL_MODE_GRAY && width * height > 0)
        return FT_Err_Invalid_Pixel_Size;
    uint8_t *pixels = realloc(*own, width * height + 1);
    if (!pixels)
        return FT_Err_Out_Of_Memory;
    *own = pixels;
    for (size_t y = 0; y < height && width > 0; y++)
        memcpy(pixels + y * width, bitmap->buffer + (ptrdiff_t)y * bitmap->pitch, width);
    *raster = (struct font_raster){.left = slot->bitmap_left,
                                   .top = -slot->bitmap_top,
                                   .width = (int)width,
                                   .height = (int)height,
                                   .pixels = pixels};
    return FT_Err_Ok;
}

/* Whether an outline stays within what GLYPH_LARGEST allows, so that its pixels do. */
static bool is_outline_fit(FT_Outline *outline, double size)
{
    FT_BBox box;
    const FT_Pos most = (FT_Pos)(size * 64 * GLYPH_LARGEST);
    FT_Outline_Get_CBox(outline, &box);
    return box.xMin >= -most && box.yMin >= -most && box.xMax <= most && box.yMax <= most;
}

int font_raster_render(struct FT_FaceRec_ *ft, int glyph, double size, int quarter, uint8_t **own,
                       struct font_raster *raster)
{
    bool found;
    *raster = (struct font_raster){0};
    FT_Error code = raster_strike(ft, glyph, size, own, raster, &found);
    if (code || found)
        return code;
    if (!FT_IS_SCALABLE(ft)) { /* a font of pictures that has none of this glyph, such as a blank's */
        raster->pixels = (const uint8_t *)"";
        return FT_Err_Ok;
    }
    const FT_Int32 how = FT_LOAD_NO_HINTING | FT_LOAD_NO_AUTOHINT | FT_LOAD_NO_BITMAP;
    code = FT_Set_Char_Size(ft, 0, (FT_F26Dot6)(size * 64 + 0.5), 72, 72);
    code = code ? code : FT_Load_Glyph(ft, (FT_UInt)glyph, how | FT_LOAD_COLOR);
    if (!code &&
        ft->glyph->format != FT_GLYPH_FORMAT_OUTLINE) /* a drawing in SVG: the outline, where there is one */
        code = FT_Load_Glyph(ft, (FT_UInt)glyph, how);
    if (code)
        return code;
    if (ft->glyph->format != FT_GLYPH_FORMAT_OUTLINE)
        return FT_Err_Invalid_Glyph_Format;
    if (!is_outline_fit(&ft->glyph->outline, size))
        return FT_Err_Raster_Overflow;
    FT_Outline_Translate(&ft->glyph->outline, quarter * 16, 0);
    code = FT_Render_Glyph(ft->glyph, FT_RENDER_MODE_NORMAL);
    if (code)
        return code;
    return ft->glyph->bitmap.pixel_mode == FT_PIXEL_MODE_BGRA
               ? raster_colors(ft->glyph, size, size, own, raster)
               : raster_coverage(ft->glyph, own, raster);
}
#else
int font_raster_render(struct FT_FaceRec_ *ft, int glyph, double size, int quarter, uint8_t **own,
                       struct font_raster *raster)
{
    (void)ft, (void)glyph, (void)size, (void)quarter, (void)own;
    *raster = (struct font_raster){0};
    return 1;
}
#endif
