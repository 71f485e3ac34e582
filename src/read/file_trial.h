/* What a run would say of a file: its arrays are read as by one, and checked as far as there would be a problem. */
#ifndef ATTN_READ_FILE_TRIAL_H
#define ATTN_READ_FILE_TRIAL_H

#include "read/file_info.h"

/* Adds to info->warnings what a run of this file alone, without options, would warn of while it reads, and what it would refuse;
 * readings of masks become those that their numbers make them. Arrays of a text have no numbers afterwards. Nothing where
 * nothing is taken for anything, or what is wrong is told already. Errors: no memory, files that cannot be read. */
bool file_trial(struct file_info *info, struct error *error);

#endif
