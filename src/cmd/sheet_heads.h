/* Sheets of attn stats that have a row a head: these rows, and the weights of the heads. */
#ifndef ATTN_CMD_SHEET_HEADS_H
#define ATTN_CMD_SHEET_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "compute/head_distances.h"
#include "write/sheet.h"

enum { HEAD_COLUMNS = 4 }; /* layer, head, queries, keys */

/* A chosen head, or a mean of them. The row of the sheet is that of the list. */
struct sheet_head {
    const struct part *part;
    double layer, head; /* the numbers; NaN: a mean is over them */
    size_t at[2];       /* of no mean: which layer of the problem, and which head of it */
    size_t n, m;        /* chosen queries and keys */
    struct strided weights;
};

/* The four columns. */
void sheet_heads_plan(struct sheet *sheet);

/* Makes the rows of all chosen heads; a list of them that the caller frees. NULL and an error for want of memory. */
struct sheet_head *sheet_heads_list(struct sheet *sheet, const struct computation *computation,
                                    struct error *error);

/* Whether all chosen layers have as many queries and keys; else ERROR_INPUT: they have no `what`, which the option asks for. */
bool sheet_is_of_one_size(const struct computation *computation, const char *option, const char *what,
                          struct error *error);

/* Gives the sheet the distance of each two heads of the list. ERROR_INPUT, which names the option, where layers differ in size; no
 * memory. */
bool sheet_heads_distances(struct sheet *sheet, const struct computation *computation,
                           const struct sheet_head *list, enum head_distance which, const char *option,
                           struct error *error);

#endif
