/* What a file holds, for a person: a line an array, metadata, what attn takes it for. */
#ifndef ATTN_VIEW_INFO_TABLE_H
#define ATTN_VIEW_INFO_TABLE_H

#include "base/out.h"
#include "read/file_info.h"

/* Writes all of it. Names and texts are shown without control characters, and cut to a line. */
void info_table(const struct file_info *info, struct out *out);

#endif
