#include "figure/label.h"

#include <fribidi.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ELLIPSIS "\u2026"
#define LEFT_TO_RIGHT_MARK "\u200E"
#define RIGHT_TO_LEFT_MARK "\u200F"
#define SPACE_SIGN "\u00B7"

/* Longest replacement of one character: \u{10FFFF}. */
enum { PIECE_SIZE = 16 };

/* A line gets two at worst. */
enum { MARK_SIZE = sizeof LEFT_TO_RIGHT_MARK - 1 };

static bool is_joiner(uint32_t code)
{
    return code == 0x200D;
}

static bool is_regional(uint32_t code)
{
    return code >= 0x1F1E6 && code <= 0x1F1FF;
}

/* The vowel signs of the Indic blocks stand at the same place in each (as in ISCII). */
static bool is_indic_sign(uint32_t code)
{
    uint32_t place = code & 0x7F;
    return code >= 0x900 && code < 0xE00 &&
           ((place >= 0x01 && place <= 0x03) || (place >= 0x3E && place <= 0x4D) ||
            (place >= 0x55 && place <= 0x57));
}

static bool is_virama(uint32_t code)
{
    return code >= 0x900 && code < 0xE00 && (code & 0x7F) == 0x4D;
}

static bool extends_character(uint32_t code)
{
    return is_joiner(code) || (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0x1F3FB && code <= 0x1F3FF) ||
           (code >= 0xE0020 && code <= 0xE007F) || is_indic_sign(code) || code == 0xE33 || code == 0xEB3 ||
           (code >= 0x80 && fribidi_get_bidi_type(code) == FRIBIDI_TYPE_NSM);
}

const char *label_character_end(const char *text)
{
    uint32_t before = text_decode(&text);
    bool flag_open = is_regional(before);
    while (*text) {
        const char *next = text;
        uint32_t code = text_decode(&next);
        bool second_of_flag = flag_open && is_regional(code);
        if (!extends_character(code) && !second_of_flag && !is_joiner(before) && !is_virama(before))
            break;
        flag_open = flag_open && !second_of_flag;
        before = code;
        text = next;
    }
    return text;
}

/* How one character is shown. Returns its length. */
static size_t show_character(char piece[PIECE_SIZE], uint32_t code)
{
    if (code == '\n')
        return (size_t)snprintf(piece, PIECE_SIZE, "\u21B5");
    if (code == '\t')
        return (size_t)snprintf(piece, PIECE_SIZE, "\u2192");
    if (code < 0x20)
        return text_encode(0x2400 + code, piece);
    bool control = (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
                   (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    if (control || code == 0xFFFE || code == 0xFFFF)
        return (size_t)snprintf(piece, PIECE_SIZE, "\\u{%X}", (unsigned)code);
    return text_encode(code, piece);
}

/* Shows as much of the text as there is room for, with an ellipsis if that was not all. */
static void show_all(char out[LABEL_SIZE], const char *text, bool blanks)
{
    size_t length = 0, characters = 0;
    bool leading = blanks;
    while (*text && characters < TYPESET_CHARACTERS - 32 &&
           length < LABEL_SIZE - PIECE_SIZE - sizeof ELLIPSIS - 2 * MARK_SIZE) {
        uint32_t code = text_decode(&text);
        leading = leading && code == ' ';
        char piece[PIECE_SIZE];
        size_t size = show_character(piece, code);
        if (leading || (blanks && code == ' ' && text[strspn(text, " ")] == '\0')) {
            size = sizeof SPACE_SIGN - 1;
            memcpy(piece, SPACE_SIGN, size);
        }
        memcpy(out + length, piece, size);
        length += size;
        characters += size > 4 ? size : 1;
    }
    memcpy(out + length, *text ? ELLIPSIS : "", *text ? sizeof ELLIPSIS : 1);
}

/* The first strong direction of the text; neutral if it has none. (UAX #9, P2 and P3.) */
static FriBidiParType direction_of(const char *text)
{
    FriBidiCharType types[TYPESET_CHARACTERS];
    FriBidiStrIndex count = 0;
    while (*text && count < TYPESET_CHARACTERS)
        types[count++] = fribidi_get_bidi_type(text_decode(&text));
    return fribidi_get_par_direction(types, count);
}

/* Gives a part of a text the direction that the whole has, by an invisible mark before it. */
static void keep_direction(char part[LABEL_SIZE], FriBidiParType whole)
{
    bool leftward = whole == FRIBIDI_PAR_RTL;
    FriBidiParType own = direction_of(part);
    if (part[0] == '\0' || own == whole || (own == FRIBIDI_PAR_ON && !leftward))
        return;
    memmove(part + MARK_SIZE, part, strlen(part) + 1);
    memcpy(part, leftward ? RIGHT_TO_LEFT_MARK : LEFT_TO_RIGHT_MARK, MARK_SIZE);
}

/* Cuts `out` so that it fits with an ellipsis. The ends of its characters are tried by halving. */
static bool cut_to_width(char out[LABEL_SIZE], struct font *font, double size, double width,
                         struct error *error)
{
    size_t ends[TYPESET_CHARACTERS + 1], count = 0;
    ends[count++] = 0;
    for (const char *at = out; *at && count <= TYPESET_CHARACTERS;) {
        at = label_character_end(at);
        ends[count++] = (size_t)(at - out);
    }
    char trial[LABEL_SIZE];
    size_t fits = 0, beyond = count;
    bool any = false;
    while (fits < beyond) {
        size_t middle = fits + (beyond - fits) / 2;
        memcpy(trial, out, ends[middle]);
        memcpy(trial + ends[middle], ELLIPSIS, sizeof ELLIPSIS);
        double reach;
        if (!typeset_text(font, trial, size, NULL, NULL, &reach, error))
            return false;
        if (reach > width) {
            beyond = middle;
        } else {
            any = true;
            if (fits == middle)
                break;
            fits = middle;
        }
    }
    if (any)
        memcpy(out + ends[fits], ELLIPSIS, sizeof ELLIPSIS);
    else
        out[0] = '\0';
    return true;
}

bool label_show(char out[LABEL_SIZE], const char *text, bool blanks, struct font *font, double size,
                double width, struct error *error)
{
    show_all(out, text, blanks);
    double reach;
    if (!typeset_text(font, out, size, NULL, NULL, &reach, error))
        return false;
    if (reach <= width)
        return true;
    FriBidiParType direction = direction_of(out);
    if (!cut_to_width(out, font, size, width, error))
        return false;
    keep_direction(out, direction);
    return true;
}

bool label_wrap(char first[LABEL_SIZE], char second[LABEL_SIZE], const char *text, struct font *font,
                double size, double width, struct error *error)
{
    char whole[LABEL_SIZE];
    show_all(whole, text, false);
    memcpy(first, whole, LABEL_SIZE);
    second[0] = '\0';
    double reach;
    if (!typeset_text(font, first, size, NULL, NULL, &reach, error))
        return false;
    if (reach <= width)
        return true;

    if (!cut_to_width(first, font, size, width, error))
        return false;
    size_t end = strlen(first), mark = sizeof ELLIPSIS - 1;
    end = end >= mark ? end - mark : 0;
    size_t space = end;
    while (space > 0 && whole[space] != ' ')
        space--;
    if (space > end / 2)
        end = space;
    FriBidiParType direction = direction_of(whole);
    if (end > 0) {
        first[end] = '\0';
        if (!label_show(second, whole + end + strspn(whole + end, " "), false, font, size, width, error))
            return false;
        keep_direction(second, direction);
    }
    keep_direction(first, direction);
    return true;
}
