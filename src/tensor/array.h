/* An array as it lies in a file, or a part of one: type, shape and strides. What it means is not known here. */
#ifndef ATTN_TENSOR_ARRAY_H
#define ATTN_TENSOR_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/dtype.h"

enum { ARRAY_RANK_MAX = 8 };

/*
 * Number (i, j, …) lies at data + (i·stride[0] + j·stride[1] + …)·size of a number.
 * A quantized array has stride[rank - 1] = 1 and the other strides in numbers too, in multiples of a block; its last axis is
 * one of whole blocks.
 */
struct array_origin;
struct array {
    char *name;       /* owned; "" where a file has one array without a name */
    const char *type; /* as the format writes it: "<f4", "BF16", "Q4_K"; lives as long as the archive */
    enum dtype dtype;
    bool swapped; /* the numbers have the other byte order than this machine */
    int rank;
    size_t shape[ARRAY_RANK_MAX];
    ptrdiff_t stride[ARRAY_RANK_MAX]; /* in numbers; below 0 in a part that runs backwards */
    const char *data;                 /* the first number; NULL: archive_load has to fetch it */
    size_t bytes;                     /* that the file holds for it, or says that it holds */
    size_t source;                    /* which of the archive's sources it lies in */
    size_t offset;                    /* in that file, for messages; of a compressed one, of its member */
    size_t member;                    /* for the format: which member of a zip, …; SIZE_MAX: none */
    /* Of one that is to be written: where its numbers come from, and `data` is not looked at (tensor/array_write.h). NULL: they
     * lie at `data`. Borrowed. */
    struct array_origin *origin;
};

/* Makes an array of bytes, as numbers of one axis. The name is taken over, the bytes are borrowed. */
void array_of_bytes(struct array *array, char *name, const char *bytes, size_t size);

/* How many numbers it has; false where that, or an axis, does not fit a ptrdiff_t. */
bool array_count(const struct array *array, size_t *count);
/* Sets the strides to those of rows last without gaps. False where a size does not fit. */
bool array_pack(struct array *array);
/* Whether its numbers follow each other, rows last, without gaps. */
bool array_is_packed(const struct array *array);
/* Whether they fill one piece of memory that begins with the first, in any order of the axes: also of columns last. The array
 * is not empty. */
bool array_is_dense(const struct array *array);

/* Its numbers where they lie, if they are packed, aligned float32 of this machine; else NULL. Loaded. */
const float *array_in_place(const struct array *array);
/* All its numbers as float32, rows last, into `to`. The array is loaded, and its type can be read. */
void array_widen(const struct array *array, float *to);
/* The same without a change of type: in the byte order of this machine, of a quantized array its blocks. */
void array_copy(const struct array *array, char *to);
/* The first number of a float64 array that is finite, and too large for float32, and how many come before it; false: there is
 * none. `widened`: what array_widen made of it. */
bool array_too_large(const struct array *array, const float *widened, double *value, size_t *at);

/* Takes the bytes of an array, of which no part has been cut out, for numbers of another type: of bfloat16, which NumPy saves
 * as "<V2". False, with nothing changed, where the sizes do not agree. */
bool array_read_as(struct array *array, enum dtype dtype);

/* Whether it has NumPy's records or pickled objects: its bytes are then those that the file has, whatever the shape says. */
bool array_is_opaque(const struct array *array);

/* Why its numbers cannot be read, of a type that is not: "numbers of type IQ1_S cannot be read". What else can be said of such
 * bytes is said too. Returns `out`. */
enum { ARRAY_UNREAD_TEXT = 240 };
char *array_unread(const struct array *array, char out[ARRAY_UNREAD_TEXT]);

/* Cuts a part out: `index` is what stands between the brackets of NAME[0, :, 2:8, ::-1, ...], by NumPy's rules of basic
 * indexing (integers, slices, one ellipsis; negative ones count from the end). Errors: ERROR_USAGE, which says what was
 * expected there. The last axis of a quantized array can only be taken whole. */
bool array_cut(struct array *array, const char *index, struct error *error);

/* The shape as text: "12×6×6", "5 numbers", "a number". 160 bytes have room for any. Returns `out`. */
enum { ARRAY_SHAPE_TEXT = 176 };
char *array_shape(const struct array *array, char out[ARRAY_SHAPE_TEXT]);

#endif
