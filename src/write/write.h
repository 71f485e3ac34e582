/*
 * Results to numbers. A format is one file that defines one `struct writer`, and its name in WRITERS, which
 * is also the ending of its files. Writers append to an `out`, which remembers its own failures; they fail
 * themselves only for want of memory.
 */
#ifndef ATTN_WRITE_WRITE_H
#define ATTN_WRITE_WRITE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "compute/excerpt.h"

/* The formats of numbers: X(NAME) for each, with BETWEEN between them. */
#define WRITERS(X, BETWEEN)                                                                                  \
    X(json) BETWEEN X(csv)                                                                                   \
    BETWEEN X(npy)

struct writer {
    bool one_stage;     /* holds `stage` alone; otherwise every stage there is */
    enum detail detail; /* in which it needs pairs of query and key */
    bool (*write)(const struct excerpt *excerpt, enum stage stage, struct out *out, struct error *error);
};

#define WRITER_DECLARE(name) extern const struct writer writer_##name;
WRITERS(WRITER_DECLARE, )

#endif
