#include "figure/stack.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* Ranges of characters that stand upright where a text is written downward (Unicode UAX #50, U, Tu and Tr), of East Asian scripts. */
static const uint32_t upright[][2] = {
    {0x1100, 0x11FF}, {0x2E80, 0x303F},   {0x3041, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7FF}, {0xF900, 0xFAFF},   {0xFE10, 0xFE1F},   {0xFE30, 0xFE4F},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6}, {0x1B000, 0x1B16F}, {0x1F200, 0x1F2FF}, {0x20000, 0x3FFFD},
};

/* A character, and its form for vertical writing. */
static const uint32_t vertical_forms[][2] = {
    {0x2026, 0x22EE}, {0x3001, 0xFE11}, {0x3002, 0xFE12}, {0x3008, 0xFE3F}, {0x3009, 0xFE40},
    {0x300A, 0xFE3D}, {0x300B, 0xFE3E}, {0x300C, 0xFE41}, {0x300D, 0xFE42}, {0x300E, 0xFE43},
    {0x300F, 0xFE44}, {0x3010, 0xFE3B}, {0x3011, 0xFE3C}, {0x3014, 0xFE39}, {0x3015, 0xFE3A},
    {0x3016, 0xFE17}, {0x3017, 0xFE18}, {0x301C, 0xFE34}, {0x30FC, 0xFE31}, {0xFF08, 0xFE35},
    {0xFF09, 0xFE36}, {0xFF0C, 0xFE10}, {0xFF3B, 0xFE47}, {0xFF3D, 0xFE48}, {0xFF3F, 0xFE33},
    {0xFF5B, 0xFE37}, {0xFF5D, 0xFE38}, {0xFF5E, 0xFE34},
};

/* Whether it needs no more than to stand there. Blanks that are shown as a middle dot, and ellipses, are of every script. */
static bool is_upright(uint32_t code)
{
    for (size_t i = 0; i < sizeof upright / sizeof *upright; i++)
        if (code >= upright[i][0] && code <= upright[i][1])
            return true;
    return false;
}

static bool is_of_every_script(uint32_t code)
{
    return code == 0xB7 || code == 0x2026 || (code >= 0xFE00 && code <= 0xFE0F) ||
           (code >= 0xE0100 && code <= 0xE01EF);
}

static uint32_t vertical_form(uint32_t code, const struct font *font)
{
    int face, glyph;
    for (size_t i = 0; i < sizeof vertical_forms / sizeof *vertical_forms; i++)
        if (vertical_forms[i][0] == code && font_find(font, vertical_forms[i][1], &face, &glyph))
            return vertical_forms[i][1];
    return code;
}

bool stack_text(char out[LABEL_SIZE], const char *text, const struct font *font)
{
    size_t length = 0;
    bool any = false;
    while (*text && length < LABEL_SIZE - 5) {
        const uint32_t code = text_decode(&text);
        const bool is_own = is_upright(code);
        if (!is_own && !is_of_every_script(code))
            return false;
        any = any || is_own;
        length += text_encode(vertical_form(code, font), out + length);
    }
    out[length] = '\0';
    return any && !*text;
}

bool stack_next(char out[LABEL_SIZE], const char **text)
{
    const char *end = **text ? label_character_end(*text) : *text;
    const size_t length = (size_t)(end - *text);
    if (length == 0 || length >= LABEL_SIZE)
        return false;
    memcpy(out, *text, length);
    out[length] = '\0';
    *text = end;
    return true;
}
