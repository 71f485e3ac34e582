/* Arrays that nobody reads: those that are passed over, those that would change the result, and a file of nothing else. */
#ifndef ATTN_READ_DUMP_UNREAD_H
#define ATTN_READ_DUMP_UNREAD_H

#include <stdbool.h>

#include "read/dump_found.h"

/* Says which arrays are passed over, and refuses those that would change the result. */
bool dump_pass_over(const struct dump *dump);
/* Says why nothing in the archive was found; returns false. */
bool dump_nothing_found(const struct dump *dump);

#endif
