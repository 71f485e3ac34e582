/* What forms of attention cost as tokens become more, as a table. */
#ifndef ATTN_VIEW_GROWTH_TABLE_H
#define ATTN_VIEW_GROWTH_TABLE_H

#include "base/out.h"
#include "compute/growth.h"

/* The column of a form is named so: "window 64,64". */
enum { GROWTH_NAME = 48 };
void growth_name(const struct growth *growth, enum growth_form form, char name[GROWTH_NAME]);
/* Three digits and a unit: "1.05 M", "16.4 k", "131 T"; a number that is not known is "-". */
void growth_number(double number, char text[16]);
/* The same of seconds: "1.05 ms", "12 s". */
void growth_seconds(double seconds, char text[16]);

/* Writes a line for each length: products, and, where they were measured, the seconds; below, how often as much twice the tokens cost. */
void growth_table(const struct growth *growth, struct out *out);

#endif
