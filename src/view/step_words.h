/* The words of a figure of steps: what is over a stage's panel, and the signs between it and the step before. */
#ifndef ATTN_VIEW_STEP_WORDS_H
#define ATTN_VIEW_STEP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/excerpt.h"

enum { STEP_WORD = 64 };

/* Empty where there are none. */
struct step_words {
    char title[STEP_WORD], subtitle[STEP_WORD];
    char above[STEP_WORD], sign[STEP_WORD], below[STEP_WORD]; /* to the left of the panel */
};

/* Those of stages[column] of layer l and head h of the excerpt; its panel stands behind those of the stages before it. Signs
 * say only what leads from these to it. `is_split`: an output is of that head alone, weights·v. */
void step_words_find(struct step_words *words, const struct excerpt *excerpt, const enum stage *stages,
                     size_t column, size_t l, size_t h, bool is_split);

/* Whether anything is added to the scaled scores of a head or masked, so that the stage masked is not scaled again. */
bool step_changes_masked(const struct excerpt *excerpt, size_t l, size_t h);

/* Whether the output is weights·v, and no more is done with it; each head's then has columns of its own. */
bool step_output_is_plain(const struct excerpt *excerpt, size_t l);

#endif
