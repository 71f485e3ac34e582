#include "problem/pieces.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* What marks the pieces of a list. */
struct piece_marks {
    bool bytes;    /* Ġ or Ċ: each character stands for a byte */
    bool blanks;   /* ▁ */
    bool inside;   /* ## */
    bool word_end; /* </w> */
};

static struct piece_marks find_marks(const struct labels *labels)
{
    struct piece_marks marks = {0};
    for (size_t i = 0; i < labels->count; i++) {
        const char *text = labels->text[i];
        marks.bytes = marks.bytes || strstr(text, "Ġ") || strstr(text, "Ċ");
        marks.blanks = marks.blanks || strstr(text, "▁");
        marks.inside = marks.inside || (text_begins(text, "##") && text[2]);
        marks.word_end = marks.word_end || (text_ends(text, "</w>") && strlen(text) > 4);
    }
    return marks;
}

/*
 * The byte that a character of byte-level BPE stands for, or -1. Printable characters of Latin-1 stand for themselves, the
 * other bytes, in their order, for the characters from U+0100 on (bytes_to_unicode of OpenAI's gpt-2, encoder.py).
 */
static int byte_of(uint32_t code)
{
    uint32_t next = 0x100;
    if ((code >= 0x21 && code <= 0x7E) || (code >= 0xA1 && code <= 0xFF && code != 0xAD))
        return (int)code;
    for (int byte = 0; byte < 256; byte++) {
        const bool itself = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
        if (!itself && code == next++)
            return byte;
    }
    return -1;
}

/* The bytes of a piece of byte-level BPE, into `to`, which has room for the piece. False: it is none, such as a special token
 * with a blank. */
static bool piece_bytes(const char *piece, char *to, size_t *length)
{
    for (*length = 0; *piece; ++*length) {
        const int byte = byte_of(text_decode(&piece));
        if (byte < 0)
            return false;
        to[*length] = (char)byte;
    }
    return true;
}

static int piece_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Whether a piece of SentencePiece is a byte by its code: <0xE2>. */
static bool is_byte_piece(const char *piece, char *byte)
{
    if (strlen(piece) != 6 || !text_begins(piece, "<0x") || piece[5] != '>' || piece_digit(piece[3]) < 0 ||
        piece_digit(piece[4]) < 0)
        return false;
    *byte = (char)(piece_digit(piece[3]) * 16 + piece_digit(piece[4]));
    return true;
}

/* Replaces each ▁ with a blank. */
static void put_blanks(char *to, const char *piece, size_t *length)
{
    static const char mark[] = "▁";
    for (*length = 0; *piece; ++*length) {
        const bool is_blank = text_begins(piece, mark);
        to[*length] = is_blank ? ' ' : *piece;
        piece += is_blank ? sizeof mark - 1 : 1;
    }
}

/* The text of a piece without its markers, into `to`; its length, which is not above that of the piece. */
static size_t piece_text(const struct piece_marks *marks, const char *piece, char *to)
{
    size_t length;
    if (marks->blanks && is_byte_piece(piece, to))
        return 1;
    if (marks->bytes && piece_bytes(piece, to, &length))
        return length;
    if (marks->inside && text_begins(piece, "##") && piece[2])
        piece += 2;
    put_blanks(to, piece, &length);
    if (marks->word_end && length > 4 && memcmp(to + length - 4, "</w>", 4) == 0)
        length -= 4;
    return length;
}

/* A copy in which line breaks, tabs and bytes that are no character are written out. */
static char *write_out(const char *bytes, size_t size)
{
    char *text = malloc(4 * size + 1), *to = text;
    for (size_t i = 0; text && i < size;) {
        const size_t valid = text_valid_length(bytes + i, size - i < 4 ? size - i : 4);
        const char c = bytes[i];
        if (c == '\n' || c == '\t' || c == '\r') {
            *to++ = '\\';
            *to++ = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
            i++;
        } else if (valid == 0 || c == 0) {
            to += snprintf(to, 5, "\\x%02X", (unsigned char)c);
            i++;
        } else {
            *to++ = c;
            i++;
            while (i < size && ((unsigned char)bytes[i] & 0xC0) == 0x80)
                *to++ = bytes[i++];
        }
    }
    if (text)
        *to = 0;
    return text;
}

bool pieces_show(struct labels *labels, struct error *error)
{
    const struct piece_marks marks = find_marks(labels);
    if (labels->shown || !(marks.bytes || marks.blanks || marks.inside || marks.word_end))
        return true;
    size_t longest = 0;
    for (size_t i = 0; i < labels->count; i++)
        longest = strlen(labels->text[i]) > longest ? strlen(labels->text[i]) : longest;
    char *room = memory_alloc(longest + 1, 1, error);
    labels->shown = room ? memory_zeroed(labels->count, sizeof *labels->shown, error) : NULL;
    bool ok = labels->shown;
    for (size_t i = 0; ok && i < labels->count; i++) {
        const size_t length = piece_text(&marks, labels->text[i], room);
        labels->shown[i] = length > 0 ? write_out(room, length) : text_copy(labels->text[i]);
        ok = labels->shown[i] || error_memory(error, length + 1);
    }
    free(room);
    return ok;
}
