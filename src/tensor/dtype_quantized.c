/*
 * Source of the layouts and of what they mean: src/ggml-common.h and src/ggml-quants.c of ggml, revision
 * d99724f2b141fed9e1a9f402213506c081433465. In the comments f16 is two bytes of half precision, uN[k] are k numbers of N bits,
 * and K blocks have 256 numbers in groups of 32 or 16, each with a scale of its own.
 *
 * Loops have a known number of turns, of which compilers make vectors; bits are taken apart eight bytes at a time.
 */
#include "tensor/dtype_quantized.h"

#include <stdbool.h>
#include <stdint.h>

#include "tensor/half.h"

/* ---- parts ---- */

enum { GROUP = 32, PART = 16, K = 256 };

static inline unsigned u16_at(const uint8_t *from)
{
    return from[0] | (unsigned)from[1] << 8;
}

static inline float scale_at(const uint8_t *from)
{
    return half_to_float((uint16_t)u16_at(from));
}

/* Of each of eight bytes the bits of `mask` that lie `shift` above the lowest. */
static inline uint64_t bits_at(const uint8_t *from, unsigned shift, uint64_t mask)
{
    uint64_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes >> shift & mask * UINT64_C(0x0101010101010101);
}

static inline void levels_put(uint8_t *levels, uint64_t eight)
{
    memcpy(levels, &eight, sizeof eight);
}

/* A group of levels: the lower halves of 16 bytes, then the upper. */
static inline void levels_of_halves(uint8_t *restrict levels, const uint8_t *restrict from)
{
    for (size_t i = 0; i < PART; i += 8) {
        levels_put(levels + i, bits_at(from + i, 0, 15));
        levels_put(levels + PART + i, bits_at(from + i, 4, 15));
    }
}

/* A fifth bit for each level of a group, of four bytes. */
static inline void levels_add_fifth(uint8_t *restrict levels, const uint8_t *restrict from)
{
    const uint32_t bits = u16_at(from) | (uint32_t)u16_at(from + 2) << 16;
    for (unsigned i = 0; i < GROUP; i++)
        levels[i] |= (uint8_t)((bits >> i & 1) << 4);
}

/* The levels of a group by a table. */
static inline void levels_look_up(int8_t *restrict values, const uint8_t *restrict levels,
                                  const int8_t table[16])
{
    for (size_t i = 0; i < GROUP; i++)
        values[i] = table[levels[i]];
}

/* (level - zero)·scale, for a part, that is 16 levels. */
static inline void part_widen(float *restrict to, const uint8_t *restrict levels, int zero, float scale)
{
    for (size_t i = 0; i < PART; i++)
        to[i] = (float)(levels[i] - zero) * scale;
}

/* level·scale + shift. */
static inline void part_shift(float *restrict to, const uint8_t *restrict levels, float scale, float shift)
{
    for (size_t i = 0; i < PART; i++)
        to[i] = (float)levels[i] * scale + shift;
}

static inline void group_widen(float *restrict to, const uint8_t *restrict levels, int zero, float scale)
{
    part_widen(to, levels, zero, scale);
    part_widen(to + PART, levels + PART, zero, scale);
}

static inline void group_shift(float *restrict to, const uint8_t *restrict levels, float scale, float shift)
{
    part_shift(to, levels, scale, shift);
    part_shift(to + PART, levels + PART, scale, shift);
}

/* value·scale, for a group of values with signs. */
static inline void group_of_values(float *restrict to, const int8_t *restrict values, float scale)
{
    for (size_t i = 0; i < GROUP; i++)
        to[i] = (float)values[i] * scale;
}

/* The function of a type, from one that widens a block of `COUNT` numbers in `BYTES` bytes. */
#define BLOCKS(NAME, COUNT, BYTES)                                                                           \
    static void widen_##NAME(float *restrict to, const void *restrict from, size_t blocks)                   \
    {                                                                                                        \
        const uint8_t *at = from;                                                                            \
        for (size_t i = 0; i < blocks; i++)                                                                  \
            NAME##_block(to + i * (COUNT), at + i * (BYTES));                                                \
    }

/* ---- blocks of 32 ---- */

static inline void levels_block(float *restrict to, const uint8_t *restrict from, bool has_minimum,
                                bool has_fifth)
    __attribute__((always_inline)); /* four callers, each with constants */

/* f16 d, then with a minimum f16 m, then of five bits u1[32], the fifth bits of the levels, then u4[32]: the lower halves of 16
 * bytes are the first 16 levels. level·d + m, and without a minimum (level - half of all levels)·d. */
static inline void levels_block(float *restrict to, const uint8_t *restrict from, bool has_minimum,
                                bool has_fifth)
{
    const uint8_t *fifth = from + (has_minimum ? 4 : 2);
    uint8_t levels[GROUP];
    levels_of_halves(levels, fifth + (has_fifth ? 4 : 0));
    if (has_fifth)
        levels_add_fifth(levels, fifth);
    if (has_minimum)
        group_shift(to, levels, scale_at(from), scale_at(from + 2));
    else
        group_widen(to, levels, has_fifth ? 16 : 8, scale_at(from));
}

static inline void q4_0_block(float *restrict to, const uint8_t *restrict from)
{
    levels_block(to, from, false, false);
}
BLOCKS(q4_0, GROUP, 18)

static inline void q4_1_block(float *restrict to, const uint8_t *restrict from)
{
    levels_block(to, from, true, false);
}
BLOCKS(q4_1, GROUP, 20)

static inline void q5_0_block(float *restrict to, const uint8_t *restrict from)
{
    levels_block(to, from, false, true);
}
BLOCKS(q5_0, GROUP, 22)

static inline void q5_1_block(float *restrict to, const uint8_t *restrict from)
{
    levels_block(to, from, true, true);
}
BLOCKS(q5_1, GROUP, 24)

/* f16 d, i8[32]. value·d */
static inline void q8_0_block(float *restrict to, const uint8_t *restrict from)
{
    int8_t values[GROUP];
    memcpy(values, from + 2, sizeof values);
    group_of_values(to, values, scale_at(from));
}
BLOCKS(q8_0, GROUP, 34)

/* What the levels of IQ4_NL and IQ4_XS stand for: kvalues_iq4nl. */
static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                      1,    13,   25,  38,  53,  69,  89,  113};

/* f16 d, u4[32]. iq4_values[level]·d */
static inline void iq4_nl_block(float *restrict to, const uint8_t *restrict from)
{
    uint8_t levels[GROUP];
    int8_t values[GROUP];
    levels_of_halves(levels, from + 2);
    levels_look_up(values, levels, iq4_values);
    group_of_values(to, values, scale_at(from));
}
BLOCKS(iq4_nl, GROUP, 18)

/* u8 e, u4[32]: numbers of 4 bits (E2M1 of the OCP Microscaling Formats 1.0), here twice as large, times 2^(e - 128). All e
 * are numbers, 255 too, which that specification calls NaN and ggml does not. */
static inline void mxfp4_block(float *restrict to, const uint8_t *restrict from)
{
    static const int8_t doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    const unsigned e = from[0];
    const float scale = half_float_of(e < 2 ? UINT32_C(0x00200000) << e : (uint32_t)(e - 1) << 23);
    uint8_t levels[GROUP];
    int8_t values[GROUP];
    levels_of_halves(levels, from + 1);
    levels_look_up(values, levels, doubled);
    group_of_values(to, values, scale);
}
BLOCKS(mxfp4, GROUP, 17)

/* ---- blocks of 256 ---- */

/* The eight groups lie in the bits of 32 bytes, in rising order, and then in those of the next 32. */

/* u8[16]: of each part a scale (lower half) and a minimum (upper), u2[256], f16 d, f16 m.
 * level·(d·scale) - m·minimum */
static inline void q2_k_block(float *restrict to, const uint8_t *restrict from)
{
    const uint8_t *scales = from, *bits = from + 16;
    const float d = scale_at(from + 80), m = scale_at(from + 82);
    for (unsigned g = 0; g < 8; g++) {
        uint8_t levels[GROUP];
        for (size_t i = 0; i < GROUP; i += 8)
            levels_put(levels + i, bits_at(bits + g / 4 * GROUP + i, g % 4 * 2, 3));
        for (size_t p = 0; p < 2; p++) {
            const int scale = scales[2 * g + p];
            part_shift(to + g * GROUP + p * PART, levels + p * PART, d * (float)(scale & 15),
                       -(m * (float)(scale >> 4)));
        }
    }
}
BLOCKS(q2_k, K, 84)

/* The 16 scales of Q3_K, of 6 bits: the lower four in the halves of 8 bytes, the upper two in the bits of 4 more. */
static inline int q3_k_scale(const uint8_t *from, unsigned part)
{
    const int low = from[part % 8] >> part / 8 * 4 & 15, high = from[8 + part % 4] >> part / 4 * 2 & 3;
    return (low | high << 4) - 32;
}

/* u1[256]: the third bits, group g in bit g of 32 bytes, u2[256], 12 bytes of scales, f16 d. (level - 4)·(d·scale) */
static inline void q3_k_block(float *restrict to, const uint8_t *restrict from)
{
    const uint8_t *thirds = from, *bits = from + 32;
    const float d = scale_at(from + 108);
    for (unsigned g = 0; g < 8; g++) {
        uint8_t levels[GROUP];
        for (size_t i = 0; i < GROUP; i += 8)
            levels_put(levels + i, bits_at(bits + g / 4 * GROUP + i, g % 4 * 2, 3) | bits_at(thirds + i, g, 1)
                                                                                         << 2);
        for (unsigned p = 0; p < 2; p++)
            part_widen(to + g * GROUP + p * PART, levels + p * PART, 4,
                       d * (float)q3_k_scale(from + 96, 2 * g + p));
    }
}
BLOCKS(q3_k, K, 110)

/* The scales and minima of 8 groups, of 6 bits, in 12 bytes: those of the first four groups in bytes 0–3 and 4–7; of the
 * others the lower four bits in the halves of bytes 8–11, and the upper two above those of the first four. */
static inline void k_scale(const uint8_t *from, unsigned group, int *scale, int *minimum)
{
    if (group < 4) {
        *scale = from[group] & 63;
        *minimum = from[group + 4] & 63;
    } else {
        *scale = (from[group + 4] & 15) | from[group - 4] >> 6 << 4;
        *minimum = from[group + 4] >> 4 | from[group] >> 6 << 4;
    }
}

/* f16 d, f16 m, 12 bytes of k_scale, u4[256]. level·(d·scale) - m·minimum */
static inline void q4_k_block(float *restrict to, const uint8_t *restrict from)
{
    const float d = scale_at(from), m = scale_at(from + 2);
    for (unsigned g = 0; g < 8; g++) {
        uint8_t levels[GROUP];
        int scale, minimum;
        k_scale(from + 4, g, &scale, &minimum);
        for (size_t i = 0; i < GROUP; i += 8)
            levels_put(levels + i, bits_at(from + 16 + g / 2 * GROUP + i, g % 2 * 4, 15));
        group_shift(to + g * GROUP, levels, d * (float)scale, -(m * (float)minimum));
    }
}
BLOCKS(q4_k, K, 144)

/* f16 d, f16 m, 12 bytes of k_scale, u1[256]: the fifth bits, group g in bit g of 32 bytes, u4[256].
 * level·(d·scale) - m·minimum */
static inline void q5_k_block(float *restrict to, const uint8_t *restrict from)
{
    const float d = scale_at(from), m = scale_at(from + 2);
    for (unsigned g = 0; g < 8; g++) {
        uint8_t levels[GROUP];
        int scale, minimum;
        k_scale(from + 4, g, &scale, &minimum);
        for (size_t i = 0; i < GROUP; i += 8)
            levels_put(levels + i, bits_at(from + 48 + g / 2 * GROUP + i, g % 2 * 4, 15) |
                                       bits_at(from + 16 + i, g, 1) << 4);
        group_shift(to + g * GROUP, levels, d * (float)scale, -(m * (float)minimum));
    }
}
BLOCKS(q5_k, K, 176)

/* u4[256]: the lower four bits, in halves of 64 bytes for each half of the groups, u2[256]: the upper two, i8[16] scales of
 * parts, f16 d. (level - 32)·(d·scale) */
static inline void q6_k_block(float *restrict to, const uint8_t *restrict from)
{
    const float d = scale_at(from + 208);
    for (unsigned g = 0; g < 8; g++) {
        const uint8_t *lower = from + g / 4 * 64 + g % 2 * GROUP, *upper = from + 128 + g / 4 * GROUP;
        uint8_t levels[GROUP];
        for (size_t i = 0; i < GROUP; i += 8)
            levels_put(levels + i, bits_at(lower + i, g % 4 / 2 * 4, 15) | bits_at(upper + i, g % 4 * 2, 3)
                                                                               << 4);
        for (unsigned p = 0; p < 2; p++) {
            const int scale = (int8_t)from[192 + 2 * g + p];
            part_widen(to + g * GROUP + p * PART, levels + p * PART, 32, d * (float)scale);
        }
    }
}
BLOCKS(q6_k, K, 210)

/* f16 d, u2[8]: the upper bits of scales, u4[8]: their lower, u4[256], each group as in IQ4_NL.
 * iq4_values[level]·(d·(scale - 32)) */
static inline void iq4_xs_block(float *restrict to, const uint8_t *restrict from)
{
    const float d = scale_at(from);
    const unsigned upper = u16_at(from + 2);
    for (unsigned g = 0; g < 8; g++) {
        const unsigned scale = (from[4 + g / 2] >> g % 2 * 4 & 15) | (upper >> 2 * g & 3) << 4;
        uint8_t levels[GROUP];
        int8_t values[GROUP];
        levels_of_halves(levels, from + 8 + g * PART);
        levels_look_up(values, levels, iq4_values);
        group_of_values(to + g * GROUP, values, d * (float)((int)scale - 32));
    }
}
BLOCKS(iq4_xs, K, 136)

/* ---- all ---- */

const struct dtype_kind quantized_kinds[] = {
    [DTYPE_Q4_0 - DTYPE_Q4_0] = {"q4_0", GROUP, 18, widen_q4_0},
    [DTYPE_Q4_1 - DTYPE_Q4_0] = {"q4_1", GROUP, 20, widen_q4_1},
    [DTYPE_Q5_0 - DTYPE_Q4_0] = {"q5_0", GROUP, 22, widen_q5_0},
    [DTYPE_Q5_1 - DTYPE_Q4_0] = {"q5_1", GROUP, 24, widen_q5_1},
    [DTYPE_Q8_0 - DTYPE_Q4_0] = {"q8_0", GROUP, 34, widen_q8_0},
    [DTYPE_Q2_K - DTYPE_Q4_0] = {"q2_k", K, 84, widen_q2_k},
    [DTYPE_Q3_K - DTYPE_Q4_0] = {"q3_k", K, 110, widen_q3_k},
    [DTYPE_Q4_K - DTYPE_Q4_0] = {"q4_k", K, 144, widen_q4_k},
    [DTYPE_Q5_K - DTYPE_Q4_0] = {"q5_k", K, 176, widen_q5_k},
    [DTYPE_Q6_K - DTYPE_Q4_0] = {"q6_k", K, 210, widen_q6_k},
    [DTYPE_IQ4_NL - DTYPE_Q4_0] = {"iq4_nl", GROUP, 18, widen_iq4_nl},
    [DTYPE_IQ4_XS - DTYPE_Q4_0] = {"iq4_xs", K, 136, widen_iq4_xs},
    [DTYPE_MXFP4 - DTYPE_Q4_0] = {"mxfp4", GROUP, 17, widen_mxfp4},
};
