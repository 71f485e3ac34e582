/*
 * Errors and warnings as values. Functions that can fail return bool and take a `struct error *`
 * as their last argument; nothing below cmd/ prints or exits.
 */
#ifndef ATTN_BASE_ERROR_H
#define ATTN_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* What went wrong, by who can mend it. The numbers are the exit status of the program. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_SYSTEM = 1,  /* could not do it: I/O, memory */
    ERROR_USAGE = 2,   /* the command line is wrong */
    ERROR_INPUT = 3,   /* the input is wrong */
    ERROR_DIFFERS = 4, /* nothing: what was compared differs by more than is tolerated */
    ERROR_PIPE = 5,    /* the reader of our output went away: exit status 1, and silence */
};

/* Begins zeroed ({0}). `message` is one line of valid UTF-8 without control characters. */
struct error {
    enum error_kind kind;
    char message[1024];
};

/* Fills the error unless one is there already (the first wins). Always returns false. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* No memory for `bytes` more. Always returns false. */
bool error_memory(struct error *error, size_t bytes);

/* Things the user should know and that stop nothing. Begins zeroed; freed by warnings_free. */
struct warnings {
    char **text;
    size_t count;
};

/* Adds a line that is not there yet; silently does nothing where there is no memory for it. */
void warnings_add(struct warnings *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));
void warnings_free(struct warnings *warnings);

#endif
