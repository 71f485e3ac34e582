/*
 * Floats are compared as integers. The bits of an IEEE 754 float, as a signed integer, rise with its value where it is
 * positive and fall where it is negative; with the digits of negative ones turned round they rise everywhere. Such a key is
 * compared by instructions that every processor has for many numbers at once, and NaN and infinities are told by the bits of
 * their exponent alone.
 */
#include "tensor/array_range.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"

/* Numbers between two looks at the sums, so that these fit the narrow types that count them; bytes of a job. */
enum { RANGE_RUN = 256, RANGE_JOB = 1 << 20, RANGE_ROOM = 4096 };

/* Keys of what was seen so far. */
struct key_range {
    int64_t least, most;
    size_t nonfinite;
};

static const struct key_range no_keys = {INT64_MAX, INT64_MIN, 0};

static void key_range_join(struct key_range *to, const struct key_range *from)
{
    to->least = from->least < to->least ? from->least : to->least;
    to->most = from->most > to->most ? from->most : to->most;
    to->nonfinite += from->nonfinite;
}

/*
 * Measures `count` numbers of BITS bits, which need not be aligned. KEY makes the key of the number whose bits are `x`, as a
 * signed integer; EXPONENT are the bits that are all set where it is not finite, 0 where every number is. `bad` is then all
 * ones, and the number counts as the largest for the smallest and the other way round. Runs of a fixed length become vectors.
 */
#define KEY_RANGE(NAME, BITS, KEY, EXPONENT)                                                                 \
    static inline __attribute__((always_inline)) void range_run_##NAME(struct key_range *range,              \
                                                                       const char *from, size_t count)       \
    {                                                                                                        \
        int##BITS##_t least = INT##BITS##_MAX, most = INT##BITS##_MIN, found = 0;                            \
        for (size_t i = 0; i < count; i++) {                                                                 \
            int##BITS##_t x;                                                                                 \
            memcpy(&x, from + i * sizeof x, sizeof x);                                                       \
            const int##BITS##_t key = (int##BITS##_t)(KEY), exponent = (int##BITS##_t)(EXPONENT);            \
            const int##BITS##_t bad = (int##BITS##_t)(exponent == 0 ? 0 : -((x & exponent) == exponent));    \
            const int##BITS##_t low = (int##BITS##_t)((key & ~bad) | (INT##BITS##_MAX & bad));               \
            const int##BITS##_t high = (int##BITS##_t)((key & ~bad) | (INT##BITS##_MIN & bad));              \
            least = low < least ? low : least;                                                               \
            most = high > most ? high : most;                                                                \
            found = (int##BITS##_t)(found - bad);                                                            \
        }                                                                                                    \
        const struct key_range run = {least, most, (size_t)found};                                           \
        if (run.nonfinite < count)                                                                           \
            key_range_join(range, &run);                                                                     \
        else                                                                                                 \
            range->nonfinite += run.nonfinite;                                                               \
    }                                                                                                        \
    static void range_##NAME(struct key_range *range, const char *from, size_t count)                        \
    {                                                                                                        \
        for (; count >= RANGE_RUN; count -= RANGE_RUN, from += RANGE_RUN * (BITS / 8))                       \
            range_run_##NAME(range, from, RANGE_RUN);                                                        \
        range_run_##NAME(range, from, count);                                                                \
    }

/* The key of a float of the same bits: digits of negative ones are turned round. */
#define FLOAT_KEY(BITS) x < 0 ? x ^ INT##BITS##_MAX : x

KEY_RANGE(bool, 8, x != 0, 0)
KEY_RANGE(i8, 8, x, 0)
KEY_RANGE(u8, 8, x ^ INT8_MIN, 0)
KEY_RANGE(i16, 16, x, 0)
KEY_RANGE(u16, 16, x ^ INT16_MIN, 0)
KEY_RANGE(i32, 32, x, 0)
KEY_RANGE(u32, 32, x ^ INT32_MIN, 0)
KEY_RANGE(i64, 64, x, 0)
KEY_RANGE(u64, 64, x ^ INT64_MIN, 0)
KEY_RANGE(f16, 16, FLOAT_KEY(16), 0x7c00)
KEY_RANGE(bf16, 16, FLOAT_KEY(16), 0x7f80)
KEY_RANGE(f32, 32, FLOAT_KEY(32), 0x7f800000)
KEY_RANGE(f64, 64, FLOAT_KEY(64), 0x7ff0000000000000)

/* The values of keys. */
static long double value_of_integer(int64_t key)
{
    return (long double)key;
}

#define UNSIGNED_VALUE(BITS)                                                                                 \
    static long double value_of_u##BITS(int64_t key)                                                         \
    {                                                                                                        \
        return (long double)(uint##BITS##_t)(key ^ INT##BITS##_MIN);                                         \
    }
UNSIGNED_VALUE(8)
UNSIGNED_VALUE(16)
UNSIGNED_VALUE(32)
UNSIGNED_VALUE(64)

/* Of a float whose bits are those of the type in front: bfloat16 is the upper half of a float32. */
static long double value_of_f32(int64_t key)
{
    const int32_t x = (int32_t)key, bits = x < 0 ? x ^ INT32_MAX : x;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (long double)value;
}

static long double value_of_f64(int64_t x)
{
    const int64_t bits = x < 0 ? x ^ INT64_MAX : x;
    double value;
    memcpy(&value, &bits, sizeof value);
    return (long double)value;
}

static long double value_of_half(enum dtype dtype, int64_t key)
{
    const int16_t x = (int16_t)key, bits = x < 0 ? (int16_t)(x ^ INT16_MAX) : x;
    float value;
    dtype_kind(dtype)->widen(&value, &bits, 1);
    return (long double)value;
}

static long double value_of_f16(int64_t key)
{
    return value_of_half(DTYPE_F16, key);
}

static long double value_of_bf16(int64_t key)
{
    return value_of_half(DTYPE_BF16, key);
}

/* How numbers of a type are measured. Types that are not here are widened to float32 first. */
static const struct range_kind {
    void (*measure)(struct key_range *range, const char *from, size_t count);
    long double (*value)(int64_t key);
} range_kinds[DTYPE_COUNT] = {
    [DTYPE_BOOL] = {range_bool, value_of_integer}, [DTYPE_I8] = {range_i8, value_of_integer},
    [DTYPE_U8] = {range_u8, value_of_u8},          [DTYPE_I16] = {range_i16, value_of_integer},
    [DTYPE_U16] = {range_u16, value_of_u16},       [DTYPE_I32] = {range_i32, value_of_integer},
    [DTYPE_U32] = {range_u32, value_of_u32},       [DTYPE_I64] = {range_i64, value_of_integer},
    [DTYPE_U64] = {range_u64, value_of_u64},       [DTYPE_F16] = {range_f16, value_of_f16},
    [DTYPE_BF16] = {range_bf16, value_of_bf16},    [DTYPE_F32] = {range_f32, value_of_f32},
    [DTYPE_F64] = {range_f64, value_of_f64},
};
static const struct range_kind widened_range = {range_f32, value_of_f32};

/* Measures whole blocks of a type that is widened, through a small room. */
static void range_widened(struct key_range *range, const struct dtype_kind *kind, const char *from,
                          size_t blocks)
{
    float room[RANGE_ROOM];
    const size_t most = RANGE_ROOM / kind->count;
    for (size_t done = 0; done < blocks; done += most) {
        const size_t part = blocks - done < most ? blocks - done : most;
        kind->widen(room, from + done * kind->bytes, part);
        range_f32(range, (const char *)room, part * kind->count);
    }
}

/* Packed numbers, dealt out to workers in jobs of so many blocks. */
struct range_work {
    const struct dtype_kind *kind;
    void (*measure)(struct key_range *range, const char *from, size_t count); /* NULL: widened */
    const char *data;
    size_t blocks, job;
    const struct source *source;
    struct key_range of[WORKERS_MAX]; /* one a worker */
};

static void range_work_job(void *context, int worker, size_t job)
{
    struct range_work *work = context;
    const size_t first = job * work->job, left = work->blocks - first;
    const size_t blocks = left < work->job ? left : work->job;
    const char *from = work->data + first * work->kind->bytes;
    if (work->measure)
        work->measure(&work->of[worker], from, blocks);
    else
        range_widened(&work->of[worker], work->kind, from, blocks);
    if (work->source && blocks == work->job)
        source_pass(work->source, from, from + blocks * work->kind->bytes);
}

static void range_packed(struct array_range *range, const struct array *array, const char *data, size_t count,
                         const struct source *source)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    const struct range_kind *how = &range_kinds[array->dtype];
    struct range_work work = {.kind = kind,
                              .measure = how->measure,
                              .data = data,
                              .blocks = count / kind->count,
                              .job = RANGE_JOB / kind->bytes,
                              .source = source};
    struct key_range all = no_keys;
    for (int w = 0; w < WORKERS_MAX; w++)
        work.of[w] = no_keys;
    workers_run(size_divide_up(work.blocks, work.job), range_work_job, &work);
    for (int w = 0; w < WORKERS_MAX; w++)
        key_range_join(&all, &work.of[w]);
    *range = (struct array_range){.is_known = all.least <= all.most, .nonfinite = all.nonfinite};
    if (range->is_known) {
        how = how->measure ? how : &widened_range;
        range->min = how->value(all.least) + 0; /* no -0 */
        range->max = how->value(all.most) + 0;
    }
}

bool array_range(struct array_range *range, const struct array *array, const struct source *source,
                 struct error *error)
{
    size_t count;
    *range = (struct array_range){0};
    if (!array_count(array, &count) || count == 0)
        return true;
    if (!array->swapped && array_is_dense(array)) {
        range_packed(range, array, array->data, count, source);
        return true;
    }
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    char *copy = memory_alloc(count / kind->count, kind->bytes, error);
    if (!copy)
        return false;
    array_copy(array, copy);
    range_packed(range, array, copy, count, NULL);
    free(copy);
    return true;
}

long double array_range_number(enum dtype dtype, const void *from)
{
    const struct range_kind *kind = &range_kinds[dtype];
    struct key_range range = no_keys;
    float widened;
    if (!kind->measure) {
        dtype_kind(dtype)->widen(&widened, from, 1);
        kind = &widened_range;
        from = &widened;
    }
    kind->measure(&range, from, 1);
    return range.nonfinite > 0 ? (long double)NAN : kind->value(range.least) + 0;
}
