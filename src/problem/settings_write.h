/* Settings as JSON. */
#ifndef ATTN_PROBLEM_SETTINGS_WRITE_H
#define ATTN_PROBLEM_SETTINGS_WRITE_H

#include "base/out.h"
#include "problem/settings.h"

/* Writes a setting as a value of JSON that settings_parse would accept: "sparsemax" with its quotes, 0.5,
 * [0,3]. What was given: of causal and window results write more. */
void settings_write(const struct settings *settings, enum setting which, struct out *out);

/* Writes a number, or a list of one a head, as float32 has them. */
void per_head_write(const struct per_head *list, struct out *out);

#endif
