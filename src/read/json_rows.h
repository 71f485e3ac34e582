/*
 * The rows of an array whose lists differ in length, each with its place in the lists around it. The numbers were read
 * when the text was scanned, in their order; here the brackets are gone through once more.
 */
#ifndef ATTN_READ_JSON_ROWS_H
#define ATTN_READ_JSON_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Steps, layers, a batch, heads, rows and keys. */
enum { JSON_ROWS_LEVELS = 6 };

/* A row of numbers. */
struct row {
    size_t at, length;                  /* among all numbers; how many it has */
    size_t index[JSON_ROWS_LEVELS - 1]; /* of the lists around it and of itself, outermost first */
};

/* Begins zeroed but for `levels`; `row` is the caller's to free in any case. */
struct row_list {
    struct row *row;
    size_t count, room;
    size_t levels; /* of brackets, from 2 to JSON_ROWS_LEVELS; each row has levels - 1 indices */
};

/* Lists the rows of an array whose text has been checked. *whole: all numbers stand in rows of the innermost level,
 * and no list is empty. Errors: no memory. */
bool json_rows_list(struct row_list *rows, const char *text, bool *whole, struct error *error);

/* How some rows are arranged: by axes, then below each other in each place of these. */
struct nesting {
    size_t shape[3]; /* of the axes, `axes` of them */
    size_t axes;
    size_t groups; /* the product of shape */
    size_t skip;   /* how many lists around the rows come before them */
};

/* The axes behind the first `skip` lists, from the last row of a part that begins with index 0 on all of them. */
void json_rows_axes(struct nesting *nesting, const struct row_list *rows, size_t last, size_t skip);

/* Whether the rows from `first` to `end` fill the axes, the same number in each place: *count. */
bool json_rows_fit(const struct row_list *rows, const struct nesting *nesting, size_t first, size_t end,
                   size_t *count);

/* The end of the part of the rows from `first` on that stand in the same outermost list. */
size_t json_rows_part(const struct row_list *rows, size_t first);

#endif
