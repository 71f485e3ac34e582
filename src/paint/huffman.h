/* Codes of the fewest bits: the more often a symbol is used, the shorter its code. */
#ifndef ATTN_PAINT_HUFFMAN_H
#define ATTN_PAINT_HUFFMAN_H

#include <stdint.h>

enum { HUFFMAN_SYMBOLS = 286, HUFFMAN_LONGEST = 15 };

struct huffman {
    uint8_t length[HUFFMAN_SYMBOLS]; /* in bits; 0: the symbol is not used */
    uint16_t bits[HUFFMAN_SYMBOLS];  /* the code, its first bit the lowest, as DEFLATE wants it */
};

/*
 * The code of symbols 0 … count − 1 that are used so many times, with no more than `longest` bits a symbol;
 * count ≤ HUFFMAN_SYMBOLS, longest ≤ HUFFMAN_LONGEST, 2^longest ≥ count, and the sum of uses below 2^32. A
 * symbol that is used alone has one bit. Lengths: Moffat and Katajainen 1995, "In-place calculation of
 * minimum-redundancy codes"; codes of one length are consecutive, in the order of symbols (RFC 1951, 3.2.2).
 */
void huffman_make(struct huffman *code, const uint32_t *uses, int count, int longest);

#endif
