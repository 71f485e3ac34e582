/* What files hold, as JSON: schema attn-info/1, docs/attn-info.schema.json. */
#ifndef ATTN_WRITE_INFO_JSON_H
#define ATTN_WRITE_INFO_JSON_H

#include <stdbool.h>

#include "base/out.h"
#include "read/file_info.h"

/* The document, file by file: begin, any number of files, end. */
void info_json_begin(struct out *out);
void info_json_file(struct out *out, const struct file_info *info, bool is_first);
void info_json_end(struct out *out);

#endif
