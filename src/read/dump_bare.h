/* A single array whose name says nothing: embeddings of two axes, of more attention where its file is called so. */
#ifndef ATTN_READ_DUMP_BARE_H
#define ATTN_READ_DUMP_BARE_H

#include <stdbool.h>

#include "read/dump_found.h"
#include "read/dump_plan.h"

/* Puts it into inputs. Errors: an array that may be weights or queries. */
bool dump_put_bare(const struct dump *dump, const struct array *bare);
/* What the only array of the archive would be taken for; what dump_put_bare would refuse is a warning. Errors: numbers that
 * cannot be read, no memory. */
bool dump_plan_bare(const struct dump *dump, struct dump_reading *reading, struct warnings *warnings);

#endif
