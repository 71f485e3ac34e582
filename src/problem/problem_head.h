/* The heads of a problem, as attention/head.h has them. */
#ifndef ATTN_PROBLEM_PROBLEM_HEAD_H
#define ATTN_PROBLEM_PROBLEM_HEAD_H

#include <stddef.h>

#include "attention/mask.h"
#include "problem/problem.h"

/* The mask or bias of a head as a matrix over pairs; empty for NULL. */
struct strided problem_pairs(const struct tensor *tensor, size_t layer, size_t head);

/* Fills a head but for its q, k and v, enough for mask_allows. */
void problem_head(const struct problem *problem, size_t layer, size_t head, struct head *out);

#endif
