#include "paint/deflate.h"

#include <stddef.h>
#include <string.h>

#include "paint/huffman.h"

/* Symbols: a byte, the end of a block, or from FIRST_LENGTH on the length of a match. */
enum { END_OF_BLOCK = 256, FIRST_LENGTH = 257, LITERALS = 286, DISTANCES = 30 };
/* Those of the codes' own lengths, and the most bits of one. */
enum { LENGTHS = 19, LENGTH_BITS = 7 };
_Static_assert((int)LITERALS <= (int)HUFFMAN_SYMBOLS, "a code has room for all symbols");

/* A number as DEFLATE has it: a symbol, and `count` bits that follow it. */
struct spelled {
    int symbol, count;
    uint32_t rest;
};

/* Of a match's length (RFC 1951, 3.2.5): eight symbols stand for one length, then four each for 2, 4, … of
 * them; the last is the longest's own. */
static inline struct spelled spell_length(uint32_t length)
{
    uint32_t number = length - DEFLATE_SHORTEST;
    if (length == DEFLATE_LONGEST)
        return (struct spelled){FIRST_LENGTH + 28, 0, 0};
    if (number < 8)
        return (struct spelled){FIRST_LENGTH + (int)number, 0, 0};
    int count = 29 - __builtin_clz(number);
    return (struct spelled){FIRST_LENGTH + 4 * count + (int)(number >> count), count,
                            number & ((1u << count) - 1)};
}

/* Of its distance: four symbols stand for one distance, then two each for 2, 4, … of them. */
static inline struct spelled spell_distance(uint32_t distance)
{
    uint32_t number = distance - 1;
    if (number < 4)
        return (struct spelled){(int)number, 0, 0};
    int count = 30 - __builtin_clz(number);
    return (struct spelled){2 * count + (int)(number >> count), count, number & ((1u << count) - 1)};
}

void deflate_begin(struct deflate *deflate, const uint8_t *head, size_t size, deflate_taker *take,
                   void *context)
{
    memset(deflate, 0, offsetof(struct deflate, tokens));
    deflate->take = take;
    deflate->context = context;
    memcpy(deflate->bytes, head, size);
    deflate->size = size;
}

/* Where bits go: a copy of what `struct deflate` says, which compilers can keep in registers. */
struct bit_writer {
    uint8_t *at;
    uint64_t bits;
    int count;
};

/* At most 56 bits between two calls of flush_bits. */
static inline void put_bits(struct bit_writer *writer, uint64_t bits, int count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
}

/* Writes whole bytes, the lowest first. */
static inline void flush_bits(struct bit_writer *writer)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint64_t bits = __builtin_bswap64(writer->bits);
#else
    uint64_t bits = writer->bits;
#endif
    memcpy(writer->at, &bits, sizeof bits);
    int whole = writer->count / 8;
    writer->at += whole;
    writer->bits >>= 8 * whole;
    writer->count &= 7;
}

static inline void put_symbol(struct bit_writer *writer, const struct huffman *code, int symbol)
{
    put_bits(writer, code->bits[symbol], code->length[symbol]);
}

static inline void put_spelled(struct bit_writer *writer, const struct huffman *code, struct spelled spelled)
{
    put_symbol(writer, code, spelled.symbol);
    put_bits(writer, spelled.rest, spelled.count);
}

/* How the lengths of codes are written: one by one, and 16 repeats the last one 3 to 6 times, 17 and 18
 * stand for 3 to 10 and 11 to 138 zeros (RFC 1951, 3.2.7). */
struct length_list {
    int count;
    struct spelled entries[LITERALS + DISTANCES];
    uint32_t uses[LENGTHS];
};

static void list_add(struct length_list *list, int symbol, int count, int rest)
{
    list->entries[list->count++] = (struct spelled){symbol, count, (uint32_t)rest};
    list->uses[symbol]++;
}

static void list_lengths(struct length_list *list, const uint8_t *lengths, int count)
{
    for (int i = 0; i < count;) {
        int run = 1;
        while (i + run < count && lengths[i + run] == lengths[i])
            run++;
        if (lengths[i] == 0 && run >= 3) {
            run = run > 138 ? 138 : run;
            if (run < 11)
                list_add(list, 17, 3, run - 3);
            else
                list_add(list, 18, 7, run - 11);
        } else if (i > 0 && lengths[i] == lengths[i - 1] && run >= 3) {
            run = run > 6 ? 6 : run;
            list_add(list, 16, 2, run - 3);
        } else {
            run = 1;
            list_add(list, lengths[i], 0, 0);
        }
        i += run;
    }
}

/* How many of the lengths from the first on are needed, but no fewer than `least`. */
static int used_lengths(const uint8_t *lengths, int count, int least)
{
    while (count > least && lengths[count - 1] == 0)
        count--;
    return count;
}

/* The head of a block (RFC 1951, 3.2.7): the lengths of both codes, in a code of their own. */
static void block_head(struct bit_writer *writer, const struct huffman *literals,
                       const struct huffman *distances, bool last)
{
    static const uint8_t order[LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + DISTANCES], ordered[LENGTHS];
    int literal_count = used_lengths(literals->length, LITERALS, FIRST_LENGTH);
    int distance_count = used_lengths(distances->length, DISTANCES, 1);
    memcpy(lengths, literals->length, (size_t)literal_count);
    memcpy(lengths + literal_count, distances->length, (size_t)distance_count);
    struct length_list list = {0};
    list_lengths(&list, lengths, literal_count + distance_count);
    struct huffman code;
    huffman_make(&code, list.uses, LENGTHS, LENGTH_BITS);
    for (int i = 0; i < LENGTHS; i++)
        ordered[i] = code.length[order[i]];
    int ordered_count = used_lengths(ordered, LENGTHS, 4);
    put_bits(writer, last, 1);
    put_bits(writer, 2, 2); /* a block with codes of its own */
    put_bits(writer, (uint64_t)literal_count - FIRST_LENGTH, 5);
    put_bits(writer, (uint64_t)distance_count - 1, 5);
    put_bits(writer, (uint64_t)ordered_count - 4, 4);
    flush_bits(writer);
    for (int i = 0; i < ordered_count; i++) {
        put_bits(writer, ordered[i], 3);
        flush_bits(writer);
    }
    for (int i = 0; i < list.count; i++) {
        put_spelled(writer, &code, list.entries[i]);
        flush_bits(writer);
    }
}

static void count_uses(const struct deflate *deflate, uint32_t *literals, uint32_t *distances)
{
    literals[END_OF_BLOCK] = 1;
    for (size_t i = 0; i < deflate->token_count; i++) {
        uint32_t token = deflate->tokens[i];
        if (token < 256) {
            literals[token]++;
        } else {
            literals[spell_length(token >> 16).symbol]++;
            distances[spell_distance((token & 0xffff) + 1).symbol]++;
        }
    }
}

/* What stands before the first block, a head and what flush_bits writes behind the last bits have room, too. */
_Static_assert(64 + sizeof(struct length_list) + sizeof(uint64_t) + 64 <= DEFLATE_ROOM - 6 * DEFLATE_TOKENS,
               "a block has room");

/* No token has more than 48 bits: 15 + 5 of its length, 15 + 13 of its distance. */
static void block_tokens(struct bit_writer *writer, const struct deflate *deflate,
                         const struct huffman *literals, const struct huffman *distances)
{
    struct bit_writer own = *writer;
    for (size_t i = 0; i < deflate->token_count; i++) {
        uint32_t token = deflate->tokens[i];
        if (token < 256) {
            put_symbol(&own, literals, (int)token);
        } else {
            put_spelled(&own, literals, spell_length(token >> 16));
            put_spelled(&own, distances, spell_distance((token & 0xffff) + 1));
        }
        flush_bits(&own);
    }
    put_symbol(&own, literals, END_OF_BLOCK);
    flush_bits(&own);
    *writer = own;
}

static void write_block(struct deflate *deflate, bool last)
{
    uint32_t literal_uses[LITERALS] = {0}, distance_uses[DISTANCES] = {0};
    struct huffman literals, distances;
    struct bit_writer writer = {deflate->bytes + deflate->size, deflate->bits, deflate->bit_count};
    count_uses(deflate, literal_uses, distance_uses);
    huffman_make(&literals, literal_uses, LITERALS, HUFFMAN_LONGEST);
    huffman_make(&distances, distance_uses, DISTANCES, HUFFMAN_LONGEST);
    block_head(&writer, &literals, &distances, last);
    block_tokens(&writer, deflate, &literals, &distances);
    deflate->size = (size_t)(writer.at - deflate->bytes);
    deflate->bits = writer.bits;
    deflate->bit_count = writer.count;
    deflate->token_count = 0;
}

static void give_away(struct deflate *deflate)
{
    deflate->take(deflate->context, deflate->bytes, deflate->size);
    deflate->size = 0;
}

void deflate_block(struct deflate *deflate)
{
    write_block(deflate, false);
    give_away(deflate);
}

void deflate_end(struct deflate *deflate, const uint8_t *tail, size_t size)
{
    write_block(deflate, true);
    if (deflate->bit_count > 0)
        deflate->bytes[deflate->size++] = (uint8_t)deflate->bits;
    memcpy(deflate->bytes + deflate->size, tail, size);
    deflate->size += size;
    give_away(deflate);
}
