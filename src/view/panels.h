/* Which matrices of a stage are drawn, each once, and what they and their columns are called. */
#ifndef ATTN_VIEW_PANELS_H
#define ATTN_VIEW_PANELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/result.h"

/* Whose they are: of all heads in common, of a head, of a head of keys and values, or the mean of heads. */
enum owner { OWNER_ALL, OWNER_HEAD, OWNER_KV_HEAD, OWNER_MEAN };

/* Begins zeroed; freed by panels_free. */
struct panels {
    const struct result *result;
    enum stage stage;
    enum owner owner;
    size_t *heads;  /* those of the stage that are drawn, of every layer; owned */
    size_t count;   /* of them */
    char **columns; /* names of the columns that are no pairs and no mere numbers, or NULL; owned */
};

/* Errors: no memory. */
bool panels_find(struct panels *panels, const struct result *result, enum stage stage, struct error *error);
void panels_free(struct panels *panels);

enum { PANEL_NAME = 96 };

/* What matrix i of layer l is called in a title: "layer 1 · head 3", as far as there is more than one; brief:
 * "L1 H3". */
void panels_title(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME]);
/* The same in the name of a file: "layer1-head3". */
void panels_file(const struct panels *panels, size_t l, size_t i, char name[PANEL_NAME]);
/* The part of a title that is the head's. */
void panels_head(const struct panels *panels, size_t i, bool brief, char name[PANEL_NAME]);

#endif
