#include "figure/font_runs.h"

#include <fribidi.h>

bool font_is_invisible(uint32_t code)
{
    return (code >= 0x200B && code <= 0x200F) || code == 0x2060 || (code >= 0xFE00 && code <= 0xFE0F) ||
           code == 0xFEFF || (code >= 0xE0000 && code <= 0xE01EF);
}

/* Of the scripts and signs that the built-in fonts show well, and that the other labels of a picture have. */
static bool is_plain(uint32_t code)
{
    return code < 0x530 || (code >= 0x1E00 && code < 0x2C00) || (code >= 0x2C60 && code < 0x2C80) ||
           (code >= 0xA720 && code < 0xA800) || (code >= 0xFB00 && code < 0xFB07) || code == 0xFFFC ||
           code == 0xFFFD;
}

/* Whether a character needs the font of the one before it: a mark on it, or what a joiner joins to it. */
static bool is_joined(const uint32_t *codes, size_t i)
{
    enum { JOINER = 0x200D };
    return codes[i - 1] == JOINER ||
           (codes[i] >= 0x80 && fribidi_get_bidi_type(codes[i]) == FRIBIDI_TYPE_NSM);
}

/* Whether a character that the user's font has is set in it though the text is not wholly. */
static bool is_for_own(const struct font *font, const uint32_t *codes, size_t count, size_t i)
{
    enum { AS_EMOJI = 0xFE0F };
    int face, glyph;
    return !is_plain(codes[i]) || (i + 1 < count && codes[i + 1] == AS_EMOJI) ||
           !font_find(font, codes[i], &face, &glyph);
}

bool font_choose(const struct font *font, const uint32_t *codes, size_t count, bool *own)
{
    const struct font_face *face = font_own(font);
    bool any = false, all = face && !font_face_is_colored(face);
    for (size_t i = 0; i < count; i++) {
        const bool is_shown = !font_is_invisible(codes[i]);
        const bool has = face && is_shown && font_face_has(face, codes[i]);
        const bool follows = i > 0 && own[i - 1] && (!is_shown || (has && is_joined(codes, i)));
        own[i] = follows || (has && is_for_own(font, codes, count, i));
        any = any || own[i];
        all = all && (has || !is_shown);
    }
    for (size_t i = 0; any && all && i < count; i++)
        own[i] = true;
    return any;
}
