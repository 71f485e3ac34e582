/* The thresholds of labels on the command line: induction=0.3,local=0.9. */
#ifndef ATTN_CMD_THRESHOLDS_H
#define ATTN_CMD_THRESHOLDS_H

#include "cmd/option.h"
#include "compute/head_labels.h"

/* Reads a list of LABEL=NUMBER into a struct label_thresholds; 0: not given. Numbers are above 0 and up to 1. */
option_parser value_thresholds;

/* Those that were given, and for the others the default. */
struct label_thresholds thresholds_filled(const struct label_thresholds *given);

/* Whether any was given. */
bool thresholds_any(const struct label_thresholds *given);

#endif
