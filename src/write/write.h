/*
 * Results to numbers. A format is one file that exports one `struct writer`; write.c has the table. Writers
 * append to an `out`, which remembers its own failures; they fail themselves only for want of memory.
 */
#ifndef ATTN_WRITE_WRITE_H
#define ATTN_WRITE_WRITE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/explain.h"
#include "compute/result.h"

struct writer {
    const char *ending; /* ".json" */
    bool one_stage;     /* holds `stage` alone; otherwise every stage of the result */
    bool (*write)(const struct result *result, enum stage stage, struct out *out, struct error *error);
};

extern const struct writer writer_json, writer_csv, writer_npy;
extern const struct writer *const writers[]; /* NULL-terminated */

/* An explanation as one object of JSON, schema attn-explain/1 (docs/attn-explain.schema.json). */
void write_explanation(const struct explanation *explanation, size_t head, struct out *out);

/* The writer for a path, by its ending, or NULL. */
const struct writer *writer_for(const char *path);

#endif
