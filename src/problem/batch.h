/*
 * What is done to inputs before they are brought to one form: one sequence of a batch is taken, given weights are turned
 * round, and what a batch was padded with is cut off.
 */
#ifndef ATTN_PROBLEM_BATCH_H
#define ATTN_PROBLEM_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Leaves sequence `batch` of every tensor whose first axis is as long as the batch, of the mask of a tokenizer its keys, which is the first axis of attention, else
 * of embeddings, q, k or v, where they have more than two; or inputs->batch_size, where a reader has chosen already. Errors: ERROR_USAGE where there is no batch, or none of that number; ERROR_INPUT where the
 * numbers of the tokens are of another number of sequences, or a mask may be of pairs or of keys. */
bool inputs_choose_batch(struct inputs *inputs, size_t batch, struct error *error);

/* Turns the rows of attention into columns, with a mask and labels that came with it: those of options are read later.
 * Errors: ERROR_USAGE where there is no attention. */
bool inputs_transpose(struct inputs *inputs, struct error *error);

/* Cuts attention to its tokens and key tokens: columns behind them that are all 0, and rows that are, or that lie behind the
 * words of a line of a file of sentences. Not where other tensors have as many queries or keys. A sentence with one word less
 * than there are rows or columns gets SENTENCE_END. */
bool inputs_cut_padding(struct inputs *inputs, struct warnings *warnings, struct error *error);

#endif
