/* attn sample random: q, k and v of independent standard normal numbers, as an input in JSON. */
#ifndef ATTN_CMD_SAMPLE_RANDOM_H
#define ATTN_CMD_SAMPLE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/option.h"

/* How it is called, and its line in the list of samples. */
#define SAMPLE_RANDOM "random"
extern const char sample_random_what[];

/* Sizes; 0: the default. */
struct random_options {
    size_t n, m, d, heads;
    size_t seed;
    bool has_seed;
};

extern const struct option_group group_random;

/* Whether any of them was given. */
bool random_is_asked(const struct random_options *options);

/* Writes the input, a row a line. Errors: usage, where it were more numbers than anybody could want. */
bool sample_random_write(struct out *out, const struct random_options *options, struct error *error);

#endif
