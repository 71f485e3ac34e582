#include "tensor/torch_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ADVICE "tensors, numbers, texts and plain containers; in PyTorch, save model.state_dict() instead"
#define WHOLE_MODEL                                                                                          \
    "which is part of a TorchScript program: expected a file of torch.save(model.state_dict(), …)"
#define SPARSE "a sparse tensor: expected a dense one; in PyTorch, save tensor.to_dense() instead"
#define QUANTIZED "a quantized tensor: expected plain numbers; in PyTorch, save tensor.dequantize() instead"
#define NESTED "a nested tensor: expected plain ones; in PyTorch, save tensor.unbind() instead"
#define META "a tensor without numbers, on the device meta: expected one with numbers"
#define NUMPY_BUFFER                                                                                         \
    "an array of NumPy's by protocol 5: expected a tensor; in PyTorch, save torch.from_numpy(array) instead"

/* X(type, dtype, bytes, storage): the types of numbers that PyTorch has a storage for. */
#define TORCH_TYPES(X)                                                                                       \
    X(float32, DTYPE_F32, 4, FloatStorage)                                                                   \
    X(float64, DTYPE_F64, 8, DoubleStorage)                                                                  \
    X(float16, DTYPE_F16, 2, HalfStorage)                                                                    \
    X(bfloat16, DTYPE_BF16, 2, BFloat16Storage)                                                              \
    X(int64, DTYPE_I64, 8, LongStorage)                                                                      \
    X(int32, DTYPE_I32, 4, IntStorage)                                                                       \
    X(int16, DTYPE_I16, 2, ShortStorage)                                                                     \
    X(int8, DTYPE_I8, 1, CharStorage)                                                                        \
    X(uint8, DTYPE_U8, 1, ByteStorage)                                                                       \
    X(bool, DTYPE_BOOL, 1, BoolStorage)                                                                      \
    X(complex64, DTYPE_UNKNOWN, 8, ComplexFloatStorage)                                                      \
    X(complex128, DTYPE_UNKNOWN, 16, ComplexDoubleStorage)
/* Those of later versions, which lie in storages of bytes. */
#define TORCH_NEW_TYPES(X)                                                                                   \
    X(uint16, DTYPE_U16, 2)                                                                                  \
    X(uint32, DTYPE_U32, 4)                                                                                  \
    X(uint64, DTYPE_U64, 8)                                                                                  \
    X(complex32, DTYPE_UNKNOWN, 4)                                                                           \
    X(float8_e4m3fn, DTYPE_F8_E4M3, 1)                                                                       \
    X(float8_e5m2, DTYPE_F8_E5M2, 1)                                                                         \
    X(float8_e4m3fnuz, DTYPE_UNKNOWN, 1)                                                                     \
    X(float8_e5m2fnuz, DTYPE_UNKNOWN, 1)                                                                     \
    X(float8_e8m0fnu, DTYPE_UNKNOWN, 1)

#define TYPE_INDEX(type, ...) TYPE_##type,
enum type_index { TORCH_TYPES(TYPE_INDEX) TORCH_NEW_TYPES(TYPE_INDEX) TYPE_COUNT };

#define TYPE_ROW(type, dtype, bytes, storage) {#type, dtype, bytes, #storage},
#define TYPE_NEW_ROW(type, dtype, bytes) {#type, dtype, bytes, NULL},
const struct torch_type torch_types[] = {TORCH_TYPES(TYPE_ROW) TORCH_NEW_TYPES(TYPE_NEW_ROW)};

int torch_type_of(enum dtype dtype)
{
    int i = 0;
    while (i < TYPE_COUNT && torch_types[i].dtype != dtype)
        i++;
    return i;
}

const struct torch_type *torch_type_stored(enum dtype dtype)
{
    const int type = dtype == DTYPE_UNKNOWN ? TYPE_COUNT : torch_type_of(dtype);
    return type < TYPE_COUNT && torch_types[type].storage ? &torch_types[type] : NULL;
}

#define TYPE_NAME(type, ...) {"torch." #type, 0, TORCH_TYPE, TYPE_##type, NULL},
#define STORAGE_NAME(type, dtype, bytes, storage) {"torch." #storage, 0, TORCH_STORAGE, TYPE_##type, NULL},

/* Names by both of the names that their modules have had: in Python 2 (whose name protocol 2 writes) and 3, in NumPy before and
 * from 2.0. */
#define BUILTIN(name, may, what)                                                                             \
    {"__builtin__." name, may, what, 0, NULL},                                                               \
    {                                                                                                        \
        "builtins." name, may, what, 0, NULL                                                                 \
    }
#define NUMPY(name, may, what, refusal)                                                                      \
    {"numpy.core." name, may, what, 0, refusal},                                                             \
    {                                                                                                        \
        "numpy._core." name, may, what, 0, refusal                                                           \
    }

static const struct pickle_name names[] = {
    TORCH_TYPES(TYPE_NAME) TORCH_NEW_TYPES(TYPE_NAME)
        TORCH_TYPES(STORAGE_NAME){"torch.storage.UntypedStorage", 0, TORCH_STORAGE, TYPE_uint8, NULL},
    {"torch.storage._UntypedStorage", 0, TORCH_STORAGE, TYPE_uint8, NULL},
    {"torch.UntypedStorage", 0, TORCH_STORAGE, TYPE_uint8, NULL},
    {"torch._utils._rebuild_tensor", PICKLE_MAY_CALL, TORCH_TENSOR, 0, NULL},
    {"torch._utils._rebuild_tensor_v2", PICKLE_MAY_CALL, TORCH_TENSOR, 0, NULL},
    {"torch._utils._rebuild_tensor_v3", PICKLE_MAY_CALL, TORCH_TENSOR_V3, 0, NULL},
    {"torch._utils._rebuild_parameter", PICKLE_MAY_CALL, TORCH_WRAPPED, 0, NULL},
    {"torch._utils._rebuild_parameter_with_state", PICKLE_MAY_CALL, TORCH_WRAPPED, 0, NULL},
    {"torch._tensor._rebuild_from_type_v2", PICKLE_MAY_CALL, TORCH_SUBCLASS, 0, NULL},
    {"torch.Tensor", 0, TORCH_CLASS, 0, NULL},
    {"torch.nn.parameter.Parameter", 0, TORCH_CLASS, 0, NULL},
    {"torch.nn.parameter.Buffer", 0, TORCH_CLASS, 0, NULL},
    {"torch.Size", PICKLE_MAY_CALL, TORCH_LIST, 0, NULL},
    {"torch.device", PICKLE_MAY_CALL, TORCH_DEVICE, 0, NULL},
    {"collections.OrderedDict", PICKLE_MAY_CALL | PICKLE_MAY_FILL | PICKLE_MAY_STATE, TORCH_DICT, 0, NULL},
    {"collections.defaultdict", PICKLE_MAY_CALL | PICKLE_MAY_FILL, TORCH_FACTORY, 0, NULL},
    {"argparse.Namespace", PICKLE_MAY_CALL | PICKLE_MAY_STATE, TORCH_OBJECT, 0, NULL},
    {"_codecs.encode", PICKLE_MAY_CALL, TORCH_ENCODE, 0, NULL},
    BUILTIN("set", PICKLE_MAY_CALL, TORCH_LIST),
    BUILTIN("frozenset", PICKLE_MAY_CALL, TORCH_LIST),
    BUILTIN("complex", PICKLE_MAY_CALL, TORCH_OTHER),
    BUILTIN("bytearray", PICKLE_MAY_CALL, TORCH_OTHER),
    {"__builtin__.bytes", PICKLE_MAY_CALL, TORCH_OTHER, 0, NULL},
    /* What a defaultdict makes. */
    BUILTIN("dict", 0, TORCH_CLASS),
    BUILTIN("list", 0, TORCH_CLASS),
    BUILTIN("int", 0, TORCH_CLASS),
    BUILTIN("float", 0, TORCH_CLASS),
    {"numpy.dtype", PICKLE_MAY_CALL | PICKLE_MAY_STATE, NUMPY_DTYPE, 0, NULL},
    {"numpy.ndarray", 0, TORCH_CLASS, 0, NULL},
    NUMPY("multiarray.scalar", PICKLE_MAY_CALL, NUMPY_SCALAR, NULL),
    NUMPY("multiarray._reconstruct", PICKLE_MAY_CALL | PICKLE_MAY_STATE, NUMPY_ARRAY, NULL),
    NUMPY("numeric._frombuffer", 0, 0, NUMPY_BUFFER),
    {"torch._utils._rebuild_sparse_tensor", 0, 0, 0, SPARSE},
    {"torch._utils._rebuild_sparse_csr_tensor", 0, 0, 0, SPARSE},
    {"torch._utils._rebuild_qtensor", 0, 0, 0, QUANTIZED},
    {"torch._utils._rebuild_nested_tensor", 0, 0, 0, NESTED},
    {"torch._utils._rebuild_meta_tensor_no_storage", 0, 0, 0, META},
};

static const struct pickle_name script = {.name = "__torch__.…", .refusal = WHOLE_MODEL};

/* By the whole name; of the classes of TorchScript programs, which programs name themselves, by their folder. */
static const struct pickle_name *names_find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return text_begins(name, "__torch__.") ? &script : NULL;
}

const struct pickle_rules torch_rules = {.find = names_find, .expected = ADVICE};
