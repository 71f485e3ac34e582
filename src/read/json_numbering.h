/* Reads `selection` of a result that attn wrote: the numbers that its layers and heads have where they come from. */
#ifndef ATTN_READ_JSON_NUMBERING_H
#define ATTN_READ_JSON_NUMBERING_H

#include "problem/numbering.h"
#include "read/json_values.h"

/* Fills *numbering from the members of the object; what is the mean of several, or counted from 0, gets no numbers. Errors:
 * ERROR_INPUT for lists that are no whole numbers, no memory. */
bool json_get_numbering(const struct json *json, const struct json_members *members,
                        struct numbering *numbering, struct error *error);

#endif
