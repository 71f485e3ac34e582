/* Which matrices of a stage are drawn, each once, and what they and their columns are called. */
#ifndef ATTN_VIEW_PANELS_H
#define ATTN_VIEW_PANELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/result.h"

/* Whose they are: of all heads in common, of a head, of a head of keys and values, or the mean of heads. */
enum owner { OWNER_ALL, OWNER_HEAD, OWNER_KV_HEAD, OWNER_MEAN };

/* Begins zeroed; freed by shown_free. */
struct shown {
    const struct result *result;
    enum stage stage;
    enum owner owner;
    size_t *heads;  /* those of the stage that are drawn, of every layer; owned */
    size_t count;   /* of them */
    char **columns; /* names of the columns that are no pairs and no mere numbers, or NULL; owned */
};

/* Errors: no memory. */
bool shown_find(struct shown *shown, const struct result *result, enum stage stage, struct error *error);
void shown_free(struct shown *shown);

enum { SHOWN_NAME = 96 };

/* What matrix i of layer l is called in a title: "layer 1 · head 3", as far as there is more than one; brief:
 * "L1 H3". */
void shown_title(const struct shown *shown, size_t l, size_t i, bool brief, char name[SHOWN_NAME]);
/* The same in the name of a file: "layer1-head3". */
void shown_file(const struct shown *shown, size_t l, size_t i, char name[SHOWN_NAME]);
/* The part of a title that is the head's. */
void shown_head(const struct shown *shown, size_t i, bool brief, char name[SHOWN_NAME]);

#endif
