/* Arguments of options: lists, ranges, sizes and words. Errors are ERROR_USAGE and name the option. */
#ifndef ATTN_CMD_OPTION_VALUES_H
#define ATTN_CMD_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* `--NAME is "TEXT": expected EXPECTED`. Always false. */
bool value_wrong(const char *name, const char *text, const char *expected, struct error *error);

/* One of `words` (separated by blanks); its place among them in *which. A near miss gets a suggestion. */
bool value_word(int *which, const char *text, const char *words, const char *name, struct error *error);

/* "0,3,5:8" into an owned list that replaces *index; each number below 4096, none twice. */
bool value_list(size_t **index, size_t *count, const char *text, const char *name, struct error *error);

/* "A:B", "A:", ":B" or "A" (one alone). *end is 0 where it is open. */
bool value_range(size_t *first, size_t *end, const char *text, const char *name, struct error *error);

/* "14,16": two numbers from 1 to 1048576. */
bool value_pair(size_t pair[2], const char *text, const char *name, struct error *error);

/* "1000000", "16Mi", "4G": binary multiples, k, M and G with or without an i. */
bool value_size(size_t *size, const char *text, const char *name, struct error *error);

#endif
