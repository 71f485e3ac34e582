/* Texts in the cells of tables for people. */
#ifndef ATTN_VIEW_TABLE_TEXT_H
#define ATTN_VIEW_TABLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"

/* Writes a text at the left of `width` columns, or with `at_right` at their right; a wider one as it is. */
void table_text(struct out *out, const char *text, size_t width, bool at_right);

#endif
