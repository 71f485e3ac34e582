/*
 * An output stream, to memory or to a file descriptor, with one check at the end: after a failure everything
 * further is dropped, and out_finish reports it.
 */
#ifndef ATTN_BASE_OUT_H
#define ATTN_BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct out {
    char *data;
    size_t size, capacity;
    int fd;           /* -1: everything stays in data[0..size) */
    int trouble;      /* errno of the first failure, or 0 */
    const char *name; /* for messages; borrowed */
    bool terminal;    /* what reads it is a terminal, which obeys control characters: CSV shows them */
};

/* `name` is borrowed and must live as long. fd -1 collects in memory. */
void out_begin(struct out *out, int fd, const char *name);

void out_bytes(struct out *out, const void *bytes, size_t size);
void out_text(struct out *out, const char *text);
void out_char(struct out *out, char c);
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As number_write, but -0 as -0.0; NaN and infinities as `null`. */
void out_float(struct out *out, float value);
/* The fewest digits that give the same double again, from 15 on; -0 as -0.0; NaN and infinities as `null`. */
void out_double(struct out *out, double value);
/* As a string of JSON, with its quotes; bytes that are not UTF-8 become U+FFFD, and characters that a terminal would obey
 * (text_is_unfit) are escaped. */
void out_quoted(struct out *out, const char *text);

/* Sends the rest. False, with an error (ERROR_PIPE for a closed pipe), if anything failed since out_begin. */
bool out_finish(struct out *out, struct error *error);
/* Ends a stream in memory: *text is what was written, a string of the caller's, or NULL where nothing was. Errors: as
 * out_finish. */
bool out_end_text(struct out *out, char **text, struct error *error);
/* Frees the memory. The descriptor is the caller's. */
void out_free(struct out *out);

#endif
