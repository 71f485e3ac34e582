/* A sheet of numbers as a table for people. */
#ifndef ATTN_VIEW_SHEET_TABLE_H
#define ATTN_VIEW_SHEET_TABLE_H

#include "base/out.h"
#include "write/sheet.h"

/* Writes headings, whose words are below each other, a line a row, and below it what is said of all of it. What there is not is a
 * dash. */
void sheet_table(struct out *out, const struct sheet *sheet);

#endif
