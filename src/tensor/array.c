#include "tensor/array.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void array_of_bytes(struct array *array, char *name, const char *bytes, size_t size)
{
    *array = (struct array){.name = name,
                            .type = dtype_kind(DTYPE_U8)->name,
                            .dtype = DTYPE_U8,
                            .rank = 1,
                            .shape = {size},
                            .stride = {1},
                            .data = bytes,
                            .bytes = size};
}

bool array_count(const struct array *array, size_t *count)
{
    *count = 1;
    bool is_empty = false; /* 0 times anything is 0, also where the rest does not fit */
    for (int a = 0; a < array->rank; a++) {
        is_empty = is_empty || array->shape[a] == 0;
        if (array->shape[a] > PTRDIFF_MAX)
            return false;
    }
    for (int a = 0; a < array->rank && !is_empty; a++)
        if (!size_multiply(*count, array->shape[a], count) || *count > PTRDIFF_MAX)
            return false;
    if (is_empty)
        *count = 0;
    return true;
}

bool array_pack(struct array *array)
{
    size_t count, stride = 1;
    if (!array_count(array, &count))
        return false;
    for (int a = array->rank; a-- > 0;) {
        array->stride[a] = (ptrdiff_t)stride;
        if (count > 0)
            stride *= array->shape[a];
    }
    return true;
}

bool array_read_as(struct array *array, enum dtype dtype)
{
    const struct dtype_kind *kind = dtype_kind(dtype);
    size_t count, bytes;
    if (!kind->widen || kind->count != 1 || array_is_opaque(array) || !array_count(array, &count) ||
        !size_multiply(count, kind->bytes, &bytes) || bytes != array->bytes)
        return false;
    array->dtype = dtype;
    return true;
}

bool array_is_opaque(const struct array *array)
{
    const char *type = array->type;
    return array->dtype == DTYPE_UNKNOWN &&
           (type[0] == '[' || (type[0] && strchr("|<>=", type[0]) && type[1] == 'O'));
}

char *array_unread(const struct array *array, char out[ARRAY_UNREAD_TEXT])
{
    const char *type = array->type;
    if (array_is_opaque(array) && type[0] == '[') {
        snprintf(out, ARRAY_UNREAD_TEXT,
                 "records of several fields, %.60s: expected one number each; save the fields by themselves",
                 type);
        return out;
    }
    if (array_is_opaque(array)) {
        snprintf(out, ARRAY_UNREAD_TEXT,
                 "objects that NumPy pickled, which are not read: expected numbers; save them by np.save(…, "
                 "a.astype(\"float32\")), and tokens by a.astype(str)");
        return out;
    }
    /* NumPy's descr of bytes without a type, of whatever order. */
    if (type[0] && strcmp(type + 1, "V2") == 0)
        snprintf(out, ARRAY_UNREAD_TEXT,
                 "raw bytes of type %s, as NumPy saves bfloat16: attn run --dtype bf16 reads them as that",
                 type);
    else
        snprintf(out, ARRAY_UNREAD_TEXT, "numbers of %s%.100s cannot be read",
                 text_begins(type, "type ") ? "" : "type ", type);
    return out;
}

/* The first axis from which on the numbers follow each other; axes of one number do not matter. `*run`: how many these
 * are. */
static int packed_axes(const struct array *array, size_t *run)
{
    int first = array->rank;
    *run = 1;
    for (; first > 0; first--) {
        const size_t length = array->shape[first - 1];
        if (length != 1 && array->stride[first - 1] != (ptrdiff_t)*run)
            break;
        *run *= length;
    }
    return first;
}

bool array_is_packed(const struct array *array)
{
    size_t count, run;
    return !array_count(array, &count) || count == 0 || packed_axes(array, &run) == 0;
}

bool array_is_dense(const struct array *array)
{
    size_t covered = 1;
    bool used[ARRAY_RANK_MAX] = {false};
    /* The axis of the smallest stride that is left goes on where those before it end. */
    for (int done = 0; done < array->rank; done++) {
        int next = -1;
        for (int a = 0; a < array->rank; a++)
            if (!used[a] && (array->shape[a] == 1 || array->stride[a] == (ptrdiff_t)covered))
                next = a;
        if (next < 0)
            return false;
        used[next] = true;
        covered *= array->shape[next];
    }
    return true;
}

const float *array_in_place(const struct array *array)
{
    const bool fits = array->dtype == DTYPE_F32 && !array->swapped && array->data &&
                      (uintptr_t)array->data % _Alignof(float) == 0 && array_is_packed(array);
    return fits ? (const float *)(const void *)array->data : NULL;
}

/* Copies `count` numbers of `bytes` bytes, `step` bytes apart, to where they follow each other, in the byte order of this
 * machine. */
static void gather(char *to, const char *from, size_t count, size_t bytes, ptrdiff_t step, bool swapped)
{
    for (size_t i = 0; i < count; i++, to += bytes, from += step)
        for (size_t b = 0; b < bytes; b++)
            to[b] = from[swapped ? bytes - 1 - b : b];
}

/* Widens numbers of a type with one number a block, through a small room. */
static void widen_gathered(const struct array *array, const struct dtype_kind *kind, float *to,
                           const char *from, size_t count, ptrdiff_t stride)
{
    char room[2048];
    const size_t most = sizeof room / kind->bytes;
    const ptrdiff_t step = stride * (ptrdiff_t)kind->bytes;
    for (size_t done = 0; done < count; done += most) {
        const size_t part = count - done < most ? count - done : most;
        gather(room, from + (ptrdiff_t)done * step, part, kind->bytes, step, array->swapped);
        kind->widen(to + done, room, part);
    }
}

/*
 * The runs of an array, in the order of rows last: numbers that follow each other, or those of the last axis where that has
 * gaps or their bytes have to be turned round.
 */
struct array_walk {
    size_t count, run; /* numbers in all, and of a run */
    ptrdiff_t stride;  /* between two of a run */
    bool gathers;      /* they are fetched one by one */
    int axes;          /* that are walked */
    size_t at[ARRAY_RANK_MAX];
    size_t next, done; /* numbers before the next run, and before this one */
};

static void walk_begin(struct array_walk *walk, const struct array *array)
{
    *walk = (struct array_walk){.stride = 1};
    if (!array_count(array, &walk->count))
        walk->count = 0;
    if (walk->count == 0)
        return;
    const int first = packed_axes(array, &walk->run);
    const bool has_gaps = first == array->rank && first > 0;
    walk->gathers = array->swapped || has_gaps;
    walk->axes = has_gaps ? first - 1 : first;
    if (has_gaps) {
        walk->run = array->shape[first - 1];
        walk->stride = array->stride[first - 1];
    }
}

/* The first number of the next run; NULL behind the last. */
static const char *walk_next(struct array_walk *walk, const struct array *array,
                             const struct dtype_kind *kind)
{
    ptrdiff_t place = 0;
    if (walk->next >= walk->count)
        return NULL;
    walk->done = walk->next;
    walk->next += walk->run;
    for (int a = 0; a < walk->axes; a++)
        place += (ptrdiff_t)walk->at[a] * array->stride[a];
    for (int a = walk->axes; a-- > 0 && ++walk->at[a] == array->shape[a];)
        walk->at[a] = 0;
    return array->data + place / (ptrdiff_t)kind->count * (ptrdiff_t)kind->bytes;
}

void array_widen(const struct array *array, float *to)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    struct array_walk walk;
    walk_begin(&walk, array);
    for (const char *from; (from = walk_next(&walk, array, kind));)
        if (walk.gathers)
            widen_gathered(array, kind, to + walk.done, from, walk.run, walk.stride);
        else
            kind->widen(to + walk.done, from, walk.run / kind->count);
}

bool array_too_large(const struct array *array, const float *widened, double *value, size_t *at)
{
    size_t count;
    if (array->dtype != DTYPE_F64 || !array_count(array, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t place = 0;
        size_t rest = i;
        if (!isinf(widened[i]))
            continue;
        for (int a = array->rank; a-- > 0; rest /= array->shape[a])
            place += (ptrdiff_t)(rest % array->shape[a]) * array->stride[a];
        gather((char *)value, array->data + place * (ptrdiff_t)sizeof *value, 1, sizeof *value, 0,
               array->swapped);
        *at = i;
        if (isfinite(*value))
            return true;
    }
    return false;
}

void array_copy(const struct array *array, char *to)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    struct array_walk walk;
    walk_begin(&walk, array);
    for (const char *from; (from = walk_next(&walk, array, kind));) {
        char *there = to + walk.done / kind->count * kind->bytes;
        if (walk.gathers)
            gather(there, from, walk.run, kind->bytes, walk.stride * (ptrdiff_t)kind->bytes, array->swapped);
        else
            memcpy(there, from, walk.run / kind->count * kind->bytes);
    }
}

char *array_shape(const struct array *array, char out[ARRAY_SHAPE_TEXT])
{
    size_t used = 0;
    if (array->rank == 0)
        snprintf(out, ARRAY_SHAPE_TEXT, "a number");
    else if (array->rank == 1)
        snprintf(out, ARRAY_SHAPE_TEXT, "%zu number%s", array->shape[0], array->shape[0] == 1 ? "" : "s");
    for (int a = 0; a < array->rank && array->rank > 1; a++)
        used +=
            (size_t)snprintf(out + used, ARRAY_SHAPE_TEXT - used, "%s%zu", a > 0 ? "×" : "", array->shape[a]);
    return out;
}

/* ---- parts ---- */

/* What is between two commas of an index. */
struct cut {
    bool is_slice, has_first, has_end;
    int64_t first, end, step;
};

static bool cut_error(const struct array *array, const char *index, struct error *error, const char *what)
{
    char shape[ARRAY_SHAPE_TEXT];
    return error_set(error, ERROR_USAGE, "[%s] does not index %s, which is %s: %s", index,
                     array->name[0] ? array->name : "the array", array_shape(array, shape), what);
}

/* An index lies outside its axis. */
static bool cut_error_range(const struct array *array, const char *index, int axis, struct error *error)
{
    const size_t length = array->shape[axis];
    char what[128];
    if (length == 0)
        snprintf(what, sizeof what, "axis %d is empty and has no index", axis);
    else
        snprintf(what, sizeof what, "the index is out of range on axis %d: expected 0 to %zu, or -%zu to -1",
                 axis, length - 1, length);
    return cut_error(array, index, error, what);
}

/* A whole number of the text [at, end), blanks around it, or nothing. One that 64 bits do not hold becomes the nearest that they
 * do: no axis is as long, and slices stop at the end of theirs. */
static bool cut_number(const char *at, const char *end, bool *is_there, int64_t *number)
{
    while (at < end && *at == ' ')
        at++;
    while (end > at && end[-1] == ' ')
        end--;
    *is_there = at < end;
    *number = 0;
    const bool negative = at < end && *at == '-';
    at += negative;
    if (at == end)
        return !negative;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        const int64_t digit = *at - '0';
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_sub_overflow(*number, digit, number))
            *number = INT64_MIN;
    }
    if (!negative)
        *number = *number == INT64_MIN ? INT64_MAX : -*number;
    return at == end;
}

static bool cut_parse(const char *at, const char *end, struct cut *cut)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    bool is_there;
    *cut = (struct cut){.step = 1};
    if (!colon)
        return cut_number(at, end, &cut->has_first, &cut->first) && cut->has_first;
    const char *second = memchr(colon + 1, ':', (size_t)(end - colon - 1));
    cut->is_slice = true;
    return cut_number(at, colon, &cut->has_first, &cut->first) &&
           cut_number(colon + 1, second ? second : end, &cut->has_end, &cut->end) &&
           (!second || cut_number(second + 1, end, &is_there, &cut->step)) && cut->step != 0;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Takes a slice of an axis of `length` numbers, as Python does: its first number, and how many there are. */
static void slice_find(const struct cut *cut, int64_t length, int64_t *first, size_t *count)
{
    const bool back = cut->step < 0;
    const int64_t low = back ? -1 : 0, high = back ? length - 1 : length;
    int64_t from = back ? high : low, end = back ? low : high;
    if (cut->has_first)
        from = clamp(cut->first < 0 ? cut->first + length : cut->first, low, high);
    if (cut->has_end)
        end = clamp(cut->end < 0 ? cut->end + length : cut->end, low, high);
    const uint64_t way = back ? (uint64_t)(from - end) : (uint64_t)(end - from);
    const uint64_t step = back ? -(uint64_t)cut->step : (uint64_t)cut->step;
    const bool any = back ? from > end : end > from;
    *count = any ? (size_t)((way - 1) / step + 1) : 0;
    *first = any ? from : 0;
}

static bool array_has_numbers(const struct array *array)
{
    size_t count;
    return array_count(array, &count) && count > 0;
}

/* Applies one cut to axis `axis` of the old array; `to` gets what is left. */
static bool cut_axis(struct array *to, const struct array *old, int axis, const struct cut *cut,
                     const char *index, struct error *error)
{
    const struct dtype_kind *kind = dtype_kind(old->dtype);
    const int64_t length = (int64_t)old->shape[axis];
    int64_t first = cut->first < 0 ? cut->first + length : cut->first;
    size_t count = 1;
    if (!cut->is_slice && (first < 0 || first >= length))
        return cut_error_range(old, index, axis, error);
    if (cut->is_slice)
        slice_find(cut, length, &first, &count);
    if (kind->count > 1 && axis == old->rank - 1 &&
        (count != old->shape[axis] || first != 0 || cut->step != 1))
        return cut_error(old, index, error, "the last axis of a quantized array can only be taken whole");
    /* An array without numbers has no place either. */
    if (array_has_numbers(old))
        to->data += first * old->stride[axis] / (ptrdiff_t)kind->count * (ptrdiff_t)kind->bytes;
    if (!cut->is_slice)
        return true;
    to->shape[to->rank] = count;
    /* A step beyond the axis is one to nowhere. */
    to->stride[to->rank++] = count > 1 ? old->stride[axis] * (ptrdiff_t)cut->step : old->stride[axis];
    return true;
}

/* How many axes an index names without its ellipsis. */
static int cut_axes(const char *index)
{
    int count = 0;
    for (const char *at = index; *at;) {
        const char *comma = strchrnul(at, ',');
        const size_t blank = strspn(at, " ");
        const bool is_ellipsis = strncmp(at + blank, "...", 3) == 0;
        count += !is_ellipsis && at + blank < comma;
        at = *comma ? comma + 1 : comma;
    }
    return count;
}

bool array_cut(struct array *array, const char *index, struct error *error)
{
    const struct array old = *array;
    struct array cut_out = old;
    const struct cut whole = {.is_slice = true, .step = 1};
    const int named = cut_axes(index);
    int axis = 0;
    bool has_ellipsis = false;
    cut_out.rank = 0;
    if (named > old.rank)
        return cut_error(&old, index, error, "it has more indexes than the array has axes");
    for (const char *at = index; *at;) {
        const char *comma = strchrnul(at, ',');
        const size_t blank = strspn(at, " ");
        struct cut cut;
        if (strncmp(at + blank, "...", 3) == 0 && at + blank + 3 + strspn(at + blank + 3, " ") == comma) {
            if (has_ellipsis)
                return cut_error(&old, index, error, "one ellipsis is the most");
            has_ellipsis = true;
            for (int i = old.rank - named; i > 0; i--)
                if (!cut_axis(&cut_out, &old, axis++, &whole, index, error))
                    return false;
        } else if (!cut_parse(at, comma, &cut)) {
            return cut_error(&old, index, error,
                             "expected integers, slices as 2:8 or ::-1, and at most one ...");
        } else if (!cut_axis(&cut_out, &old, axis++, &cut, index, error)) {
            return false;
        }
        at = *comma ? comma + 1 : comma;
    }
    while (axis < old.rank)
        if (!cut_axis(&cut_out, &old, axis++, &whole, index, error))
            return false;
    *array = cut_out;
    return true;
}
