/*
 * DEFLATE (RFC 1951) of what its caller has cut into single bytes and matches, that is, copies of what came
 * before. Blocks of 32,768 of these have Huffman codes of their own.
 */
#ifndef ATTN_PAINT_DEFLATE_H
#define ATTN_PAINT_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DEFLATE_SHORTEST = 3, DEFLATE_LONGEST = 258, DEFLATE_WINDOW = 32768, DEFLATE_TOKENS = 1 << 15 };

/* Begins with deflate_begin; freed by deflate_free in any case. */
struct deflate {
    uint8_t *bytes; /* written so far: `size` of `room`. The caller's once deflate_end has returned true */
    size_t size, room;
    uint64_t bits; /* the next ones, fewer than 8 */
    int bit_count;
    bool failed; /* memory was short; deflate_end says so */
    size_t token_count;
    uint32_t tokens[DEFLATE_TOKENS]; /* of the block: a byte, or length·65,536 + distance − 1 */
};

/* Begins with `size` bytes that come before the first block. */
void deflate_begin(struct deflate *deflate, const uint8_t *head, size_t size);
void deflate_free(struct deflate *deflate);

/* Writes the block and begins the next. */
void deflate_block(struct deflate *deflate, bool last);

/* A block that is full is written when more comes, so that the last one is never empty. */
static inline void deflate_token(struct deflate *deflate, uint32_t token)
{
    if (deflate->token_count == DEFLATE_TOKENS)
        deflate_block(deflate, false);
    deflate->tokens[deflate->token_count++] = token;
}

static inline void deflate_literal(struct deflate *deflate, uint8_t byte)
{
    deflate_token(deflate, byte);
}

/* DEFLATE_SHORTEST to DEFLATE_LONGEST bytes as they stand 1 to DEFLATE_WINDOW bytes before. */
static inline void deflate_match(struct deflate *deflate, size_t length, size_t distance)
{
    deflate_token(deflate, (uint32_t)(length << 16 | (distance - 1)));
}

/* Ends the last block, which holds a literal or match, and adds `size` bytes that come after it. Errors: no
 * memory, now or before. */
bool deflate_end(struct deflate *deflate, const uint8_t *tail, size_t size, struct error *error);

#endif
