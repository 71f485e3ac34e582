#include "tensor/gguf_types.h"

const struct gguf_type gguf_types[GGUF_TYPE_COUNT] = {
    [0] = {"F32", DTYPE_F32, 0, 0},
    [1] = {"F16", DTYPE_F16, 0, 0},
    [2] = {"Q4_0", DTYPE_Q4_0, 0, 0},
    [3] = {"Q4_1", DTYPE_Q4_1, 0, 0},
    [4] = {"Q4_2", DTYPE_UNKNOWN, 0, 0},
    [5] = {"Q4_3", DTYPE_UNKNOWN, 0, 0},
    [6] = {"Q5_0", DTYPE_Q5_0, 0, 0},
    [7] = {"Q5_1", DTYPE_Q5_1, 0, 0},
    [8] = {"Q8_0", DTYPE_Q8_0, 0, 0},
    [9] = {"Q8_1", DTYPE_UNKNOWN, 32, 36},
    [10] = {"Q2_K", DTYPE_Q2_K, 0, 0},
    [11] = {"Q3_K", DTYPE_Q3_K, 0, 0},
    [12] = {"Q4_K", DTYPE_Q4_K, 0, 0},
    [13] = {"Q5_K", DTYPE_Q5_K, 0, 0},
    [14] = {"Q6_K", DTYPE_Q6_K, 0, 0},
    [15] = {"Q8_K", DTYPE_UNKNOWN, 256, 292},
    [16] = {"IQ2_XXS", DTYPE_UNKNOWN, 256, 66},
    [17] = {"IQ2_XS", DTYPE_UNKNOWN, 256, 74},
    [18] = {"IQ3_XXS", DTYPE_UNKNOWN, 256, 98},
    [19] = {"IQ1_S", DTYPE_UNKNOWN, 256, 50},
    [20] = {"IQ4_NL", DTYPE_IQ4_NL, 0, 0},
    [21] = {"IQ3_S", DTYPE_UNKNOWN, 256, 110},
    [22] = {"IQ2_S", DTYPE_UNKNOWN, 256, 82},
    [23] = {"IQ4_XS", DTYPE_IQ4_XS, 0, 0},
    [24] = {"I8", DTYPE_I8, 0, 0},
    [25] = {"I16", DTYPE_I16, 0, 0},
    [26] = {"I32", DTYPE_I32, 0, 0},
    [27] = {"I64", DTYPE_I64, 0, 0},
    [28] = {"F64", DTYPE_F64, 0, 0},
    [29] = {"IQ1_M", DTYPE_UNKNOWN, 256, 56},
    [30] = {"BF16", DTYPE_BF16, 0, 0},
    [31] = {"Q4_0_4_4", DTYPE_UNKNOWN, 0, 0},
    [32] = {"Q4_0_4_8", DTYPE_UNKNOWN, 0, 0},
    [33] = {"Q4_0_8_8", DTYPE_UNKNOWN, 0, 0},
    [34] = {"TQ1_0", DTYPE_UNKNOWN, 256, 54},
    [35] = {"TQ2_0", DTYPE_UNKNOWN, 256, 66},
    [36] = {"IQ4_NL_4_4", DTYPE_UNKNOWN, 0, 0},
    [37] = {"IQ4_NL_4_8", DTYPE_UNKNOWN, 0, 0},
    [38] = {"IQ4_NL_8_8", DTYPE_UNKNOWN, 0, 0},
    [39] = {"MXFP4", DTYPE_MXFP4, 0, 0},
    [40] = {"NVFP4", DTYPE_UNKNOWN, 64, 36},
    [41] = {"Q1_0", DTYPE_UNKNOWN, 128, 18},
    [42] = {"Q2_0", DTYPE_UNKNOWN, 64, 18},
};

size_t gguf_type_of(enum dtype dtype)
{
    size_t type = 0;
    while (type < GGUF_TYPE_COUNT &&
           (gguf_types[type].dtype != dtype || gguf_types[type].dtype == DTYPE_UNKNOWN))
        type++;
    return type;
}

const enum dtype gguf_values[GGUF_VALUE_COUNT] = {
    DTYPE_U8,   DTYPE_I8,      DTYPE_U16,     DTYPE_I16, DTYPE_U32, DTYPE_I32, DTYPE_F32,
    DTYPE_BOOL, DTYPE_UNKNOWN, DTYPE_UNKNOWN, DTYPE_U64, DTYPE_I64, DTYPE_F64};

uint32_t gguf_value_of(enum dtype dtype)
{
    uint32_t value = 0;
    while (value < GGUF_VALUE_COUNT && (gguf_values[value] != dtype || gguf_values[value] == DTYPE_UNKNOWN))
        value++;
    return value;
}
