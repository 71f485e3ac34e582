/*
 * IEEE 754 half precision: a sign, 5 bits of exponent, 10 of digits. And the two floats of 8 bits, by Micikevicius et al., FP8
 * Formats for Deep Learning (2022, arXiv:2209.05433, table 1), and the OCP 8-bit Floating Point Specification (2023).
 */
#ifndef ATTN_TENSOR_HALF_H
#define ATTN_TENSOR_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Its value, which float32 holds exactly. All cases are computed and one is taken by masks, without a branch, as vectors want
 * it: so a loop over it needs no instruction for half precision. */
static inline float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff;
    const uint32_t bias = UINT32_C(112) << 23; /* of an exponent of float32 above one of half precision */
    const float subnormal = (float)(int32_t)rest * 0x1p-24f;
    const uint32_t is_small = -(uint32_t)(rest < 0x400), is_special = -(uint32_t)(rest >= 0x7c00);
    uint32_t small;
    memcpy(&small, &subnormal, sizeof small);
    /* An infinity or NaN has all bits of its exponent set: another bias above the largest. */
    const uint32_t large = (rest << 13) + bias + (is_special & bias);
    return half_float_of(sign | (small & is_small) | (large & ~is_small));
}

/* E5M2 is the upper byte of half precision: 5 bits of exponent, 2 of digits, infinities. */
static inline float half_of_e5m2(uint8_t x)
{
    return half_to_float((uint16_t)(x << 8));
}

/* E4M3 has 4 bits of exponent, whose bias is 8 below that of half precision, and 3 of digits; no infinity, and as NaN only all
 * ones. */
static inline float half_of_e4m3(uint8_t x)
{
    const float number = half_to_float((uint16_t)((x & 0x80) << 8 | (x & 0x7f) << 7)) * 0x1p8f;
    const uint32_t is_nan = -(uint32_t)((x & 0x7f) == 0x7f);
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return half_float_of(bits | (is_nan & UINT32_C(0x7fc00000)));
}

#endif
