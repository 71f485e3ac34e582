/* What another order of tokens changed, as a table and in a sentence. */
#ifndef ATTN_VIEW_ORDER_TABLE_H
#define ATTN_VIEW_ORDER_TABLE_H

#include <stddef.h>

#include "base/out.h"
#include "compute/ordering.h"

/* Room for the sentence. */
enum { ORDER_SENTENCE = 256 };

/* "outputs moved by 0.42 at most, of a length of 1.3: …". */
void order_sentence(const struct ordering *ordering, char sentence[ORDER_SENTENCE]);

/* A line a layer and token, up to some; of more the layers alone. */
void order_table(struct out *out, const struct ordering *ordering);

#endif
