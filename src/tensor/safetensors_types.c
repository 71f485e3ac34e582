#include "tensor/safetensors_types.h"

const struct safetensors_type safetensors_types[SAFETENSORS_TYPES] = {
    {"BOOL", DTYPE_BOOL, 8},
    {"F4", DTYPE_UNKNOWN, 4},
    {"F6_E2M3", DTYPE_UNKNOWN, 6},
    {"F6_E3M2", DTYPE_UNKNOWN, 6},
    {"U8", DTYPE_U8, 8},
    {"I8", DTYPE_I8, 8},
    {"F8_E5M2", DTYPE_F8_E5M2, 8},
    {"F8_E4M3", DTYPE_F8_E4M3, 8},
    {"F8_E8M0", DTYPE_UNKNOWN, 8},
    {"F8_E4M3FNUZ", DTYPE_UNKNOWN, 8},
    {"F8_E5M2FNUZ", DTYPE_UNKNOWN, 8},
    {"I16", DTYPE_I16, 16},
    {"U16", DTYPE_U16, 16},
    {"F16", DTYPE_F16, 16},
    {"BF16", DTYPE_BF16, 16},
    {"I32", DTYPE_I32, 32},
    {"U32", DTYPE_U32, 32},
    {"F32", DTYPE_F32, 32},
    {"C64", DTYPE_UNKNOWN, 64},
    {"F64", DTYPE_F64, 64},
    {"I64", DTYPE_I64, 64},
    {"U64", DTYPE_U64, 64},
};

int safetensors_type_of(enum dtype dtype)
{
    int t = 0;
    while (t < SAFETENSORS_TYPES && safetensors_types[t].dtype != dtype)
        t++;
    return t;
}
