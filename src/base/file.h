/*
 * Files that are written, as a transaction: every output is staged under a temporary name beside its
 * destination, and file_commit gives all of them their names at once; a failure, file_discard or a signal
 * leaves no trace, and the files that were there before stay as they were.
 */
#ifndef ATTN_BASE_FILE_H
#define ATTN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"

/* Begins an output: out is ready for bytes. A path that names something other than a regular file (a pipe, a
 * device) is written through directly. Folders that are missing are made if `make_folders`.
 * ERROR_USAGE where a staged file has that name. */
bool file_stage(const char *path, bool make_folders, struct out *out, struct error *error);
/* Whether such a file, or files in such a folder, could be written as things stand; what only writing shows (a full
 * disk) is not known. Errors as those of file_stage. */
bool file_check(const char *path, struct error *error);
bool file_check_folder(const char *path, struct error *error);
/* Ends it: everything is on the disk under the temporary name. Frees out, also on failure. */
bool file_stage_end(struct out *out, struct error *error);

/* All staged files get their names. */
bool file_commit(struct error *error);
/* Removes the staged files, and the folders made for them. */
void file_discard(void);
/* As much of it as a signal handler may do. */
void file_remove_traces(void);

/* From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU discard the staged files and then end the program
 * as they would have; SIGPIPE and SIGXFSZ become a failed write. */
void file_guard_signals(void);

/* Whether two paths name one file, which need not exist: the same name in the same folder, or links to one. */
bool file_is_same(const char *path, const char *other);

/* Whether `path` names an existing folder. */
bool file_is_folder(const char *path);

/* Whether `path` names a pipe, whose bytes can be read once only. */
bool file_is_pipe(const char *path);

#endif
