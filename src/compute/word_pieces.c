#include "compute/word_pieces.h"

#include <string.h>

#include "base/text.h"

/* The length of the marker that begins a word, 0 if there is none. */
static size_t word_marker(const char *piece)
{
    static const char *const markers[] = {"Ġ", "▁", " "};
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++)
        if (text_begins(piece, markers[i]))
            return strlen(markers[i]);
    return 0;
}

static bool continues_word(const char *piece)
{
    return text_begins(piece, "##") && piece[2];
}

/* A token that is no part of a word: <s>, [CLS], <|endoftext|>, line breaks. Bytes such as <0xE2> are parts. */
static bool stands_alone(const char *piece)
{
    const size_t length = strlen(piece);
    const char last = length > 0 ? piece[length - 1] : 0;
    if (strcmp(piece, "<0x0A>") == 0 || text_begins(piece, "Ċ") || piece[0] == '\n')
        return true;
    return length > 2 && ((piece[0] == '<' && last == '>' && !text_begins(piece, "<0x")) ||
                          (piece[0] == '[' && last == ']'));
}

bool word_pieces(const struct labels *labels, size_t *of, size_t *count)
{
    bool begin = false, go_on = false;
    *count = 0;
    for (size_t i = 0; i < labels->count; i++) {
        begin = begin || word_marker(labels->text[i]) > 0;
        go_on = go_on || continues_word(labels->text[i]);
    }
    for (size_t i = 0; i < labels->count; i++) {
        const char *piece = labels->text[i];
        bool alone = stands_alone(piece) || (i > 0 && stands_alone(labels->text[i - 1]));
        bool same = begin ? word_marker(piece) == 0 && !alone : continues_word(piece);
        *count += i == 0 || !same;
        of[i] = *count - 1;
    }
    return begin || go_on;
}

const char *word_piece_text(const char *piece, bool first, bool *begins)
{
    const size_t marker = word_marker(piece);
    *begins = marker > 0;
    if (marker > 0)
        return piece + marker;
    return !first && continues_word(piece) ? piece + 2 : piece;
}
