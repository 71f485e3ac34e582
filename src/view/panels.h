/*
 * The matrices of a stage as panels of a figure: which are drawn, each once, and their names and those of
 * their columns. Eight query heads over two heads of keys and values make two panels of stage k, "kv head 0"
 * and "kv head 1".
 */
#ifndef ATTN_VIEW_PANELS_H
#define ATTN_VIEW_PANELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/excerpt.h"

/* Whose the matrices are: of all heads together, of one head, of one head of keys and values, or the mean of
 * heads. */
enum owner { OWNER_ALL, OWNER_HEAD, OWNER_KV_HEAD, OWNER_MEAN };

/* Begins zeroed; freed by panels_free. */
struct panels {
    const struct excerpt *excerpt;
    enum stage stage;
    enum owner owner;
    size_t *heads;  /* the excerpt's numbers of the matrices that are drawn, the same in every layer; owned */
    size_t count;   /* of them */
    char **columns; /* names of the columns of a position encoding; NULL: they have none; owned */
};

/* The excerpt must outlive the panels. Errors: no memory. */
bool panels_find(struct panels *panels, const struct excerpt *excerpt, enum stage stage, struct error *error);
void panels_free(struct panels *panels);

enum { PANEL_NAME = 96 };

/* The name of matrix i of layer l in a title: "layer 1 · head 3", the layer's own title in the place of its number, or brief "L1 H3", "mean of 12 layers · head 3",
 * "mean of 12 layers and 16 heads". Layer or head is left out where the problem has only one. */
void panels_title(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME]);
/* The panel that shows the matrix of the excerpt's head h: its own, or that of all, of its keys and values, or the mean. */
size_t panels_of_head(const struct panels *panels, size_t l, size_t h);
/* Its name in the name of a file: "layer1-head3", "layer0-kv-head1", "layer0-mean", "mean-head3",
 * "mean". */
void panels_file(const struct panels *panels, size_t l, size_t i, char name[PANEL_NAME]);
/* The head's part of a title, in layer l: "head 3", "kv head 1", "mean of 4 heads"; "": it has none. */
void panels_head(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME]);

#endif
