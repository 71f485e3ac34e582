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
#include "write/content.h"

/* The formats of numbers: X(NAME) for each, with BETWEEN between them. */
#define WRITERS(X, BETWEEN)                                                                                  \
    X(json) BETWEEN X(csv)                                                                                   \
    BETWEEN X(npy)                                                                                           \
    BETWEEN X(npz)                                                                                           \
    BETWEEN X(safetensors)                                                                                   \
    BETWEEN X(pt)

/* What a file holds: the measures alone; one stage; one, or several of pairs of query and key; every stage there is. */
enum holds { HOLDS_MEASURES, HOLDS_ONE, HOLDS_PAIRS, HOLDS_ALL };
/* When a writer asks for the masks of pairs: never, where masked pairs are to be NaN, or always. */
enum masks_for { MASKS_FOR_NOTHING, MASKS_FOR_NAN, MASKS_ALWAYS };

struct writer {
    enum holds holds;
    enum detail detail; /* in which it needs pairs of query and key */
    enum masks_for masks;
    bool (*write)(const struct excerpts *excerpts, const struct content *content, struct out *out,
                  struct error *error);
};

#define WRITER_DECLARE(name) extern const struct writer writer_##name;
WRITERS(WRITER_DECLARE, )

/* The measures of the heads as CSV: no format of results, for it has none of their numbers. */
WRITER_DECLARE(measures)

#endif
