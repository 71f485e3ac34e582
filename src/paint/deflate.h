/*
 * DEFLATE (RFC 1951) of what its caller has cut into single bytes and matches, that is, copies of what came
 * before. Blocks of 32,768 of these have Huffman codes of their own.
 */
#ifndef ATTN_PAINT_DEFLATE_H
#define ATTN_PAINT_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEFLATE_SHORTEST = 3, DEFLATE_LONGEST = 258, DEFLATE_WINDOW = 32768, DEFLATE_TOKENS = 1 << 15 };

/* A block's most bytes: 48 bits a token, and its head. */
enum { DEFLATE_ROOM = 6 * DEFLATE_TOKENS + 4096 };

/* Takes the bytes of a block. */
typedef void deflate_taker(void *context, const uint8_t *bytes, size_t size);

/* Begins with deflate_begin; 320 kB, which the caller allocates and frees. */
struct deflate {
    deflate_taker *take;
    void *context;
    uint64_t bits; /* the next ones, fewer than 8 */
    int bit_count;
    size_t token_count, size;
    uint32_t tokens[DEFLATE_TOKENS]; /* of the block: a byte, or length·65,536 + distance − 1 */
    uint8_t bytes[DEFLATE_ROOM];     /* `size` of them, that nobody has taken yet */
};

/* Begins with `size` bytes that come before the first block, no more than 64. */
void deflate_begin(struct deflate *deflate, const uint8_t *head, size_t size, deflate_taker *take,
                   void *context);

/* Writes the block, gives it away and begins the next. */
void deflate_block(struct deflate *deflate);

/* A block that is full is written when more comes, so that the last one is never empty. */
static inline void deflate_token(struct deflate *deflate, uint32_t token)
{
    if (deflate->token_count == DEFLATE_TOKENS)
        deflate_block(deflate);
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

/* Ends the last block, which holds a literal or match, with `size` bytes that come after it, no more than 64. */
void deflate_end(struct deflate *deflate, const uint8_t *tail, size_t size);

#endif
