#include "paint/huffman.h"

#include <stddef.h>

/* How often a symbol is used, and which: rising by both. */
struct use {
    uint32_t times;
    uint32_t symbol;
};

/* Shell 1959, with the gaps of Ciura 2001. The library's qsort may allocate, and a code must not fail. */
static void sort_uses(struct use *uses, int count)
{
    static const int gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (int i = gaps[g]; i < count; i++) {
            struct use use = uses[i];
            int to = i;
            for (; to >= gaps[g]; to -= gaps[g]) {
                struct use other = uses[to - gaps[g]];
                if (other.times < use.times || (other.times == use.times && other.symbol < use.symbol))
                    break;
                uses[to] = other;
            }
            uses[to] = use;
        }
}

/* First of the three passes over `node`, which begins as the times that count ≥ 2 symbols are used, rising:
 * joins the two least, again and again. Ends with the parent of each inner node 0 … count − 3. */
static void find_parents(uint32_t *node, int count)
{
    int inner = 0, leaf = 2;
    node[0] += node[1];
    for (int next = 1; next < count - 1; next++) {
        uint32_t sum = 0;
        for (int child = 0; child < 2; child++)
            if (leaf >= count || (inner < next && node[inner] < node[leaf])) {
                sum += node[inner];
                node[inner++] = (uint32_t)next;
            } else {
                sum += node[leaf++];
            }
        node[next] = sum;
    }
}

/* The second and third: parents become depths of inner nodes, and these the depths of leaves, falling. */
static void find_depths(uint32_t *node, int count)
{
    node[count - 2] = 0;
    for (int i = count - 3; i >= 0; i--)
        node[i] = node[node[i]] + 1;
    int leaf = count - 1, inner = count - 2;
    uint32_t depth = 0;
    for (int open = 1; open > 0; depth++) {
        int used = 0;
        for (; inner >= 0 && node[inner] == depth; inner--)
            used++;
        for (; open > used; open--)
            node[leaf--] = depth;
        open = 2 * used;
    }
}

/* How many symbols have a code of each length, with none longer than `longest`: what is longer is cut, and
 * shorter codes are lengthened until there is room for all (the sum of 2^−length is 1). */
static void limit_lengths(int of_length[HUFFMAN_LONGEST + 1], const uint32_t *depths, int count, int longest)
{
    for (int i = 0; i < count; i++)
        of_length[depths[i] > (uint32_t)longest ? longest : (int)depths[i]]++;
    uint32_t sum = 0;
    for (int length = 1; length <= longest; length++)
        sum += (uint32_t)of_length[length] << (longest - length);
    for (; sum > 1u << longest; sum--) {
        int length = longest - 1;
        while (of_length[length] == 0)
            length--;
        of_length[longest]--;
        of_length[length]--;
        of_length[length + 1] += 2;
    }
}

static uint16_t reversed(uint32_t bits, int length)
{
    uint32_t result = 0;
    for (int i = 0; i < length; i++)
        result |= (bits >> i & 1) << (length - 1 - i);
    return (uint16_t)result;
}

static void number_codes(struct huffman *code, int count, const int of_length[HUFFMAN_LONGEST + 1])
{
    uint32_t next[HUFFMAN_LONGEST + 1] = {0};
    for (int length = 2; length <= HUFFMAN_LONGEST; length++)
        next[length] = (next[length - 1] + (uint32_t)of_length[length - 1]) << 1;
    for (int i = 0; i < count; i++)
        if (code->length[i] > 0)
            code->bits[i] = reversed(next[code->length[i]]++, code->length[i]);
}

void huffman_make(struct huffman *code, const uint32_t *uses, int count, int longest)
{
    struct use used[HUFFMAN_SYMBOLS];
    uint32_t node[HUFFMAN_SYMBOLS] = {0};
    int of_length[HUFFMAN_LONGEST + 1] = {0}, symbols = 0;
    *code = (struct huffman){0};
    for (int i = 0; i < count; i++)
        if (uses[i] > 0)
            used[symbols++] = (struct use){uses[i], (uint32_t)i};
    sort_uses(used, symbols);
    for (int i = 0; i < symbols; i++)
        node[i] = used[i].times;
    if (symbols == 1) {
        node[0] = 1;
    } else if (symbols > 1) {
        find_parents(node, symbols);
        find_depths(node, symbols);
    }
    limit_lengths(of_length, node, symbols, longest);
    for (int length = longest, i = 0; length > 0; length--) /* the least used first */
        for (int n = 0; n < of_length[length]; n++)
            code->length[used[i++].symbol] = (uint8_t)length;
    number_codes(code, count, of_length);
}
