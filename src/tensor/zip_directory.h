/*
 * The central directory of a zip: its end, which is looked for from the back, and an entry for each member (APPNOTE.TXT 6.3,
 * 4.3.12 to 4.3.16, 4.5.3). Nothing is allocated for more members than there are bytes for.
 */
#ifndef ATTN_TENSOR_ZIP_DIRECTORY_H
#define ATTN_TENSOR_ZIP_DIRECTORY_H

#include <stdbool.h>

#include "base/error.h"
#include "tensor/zip.h"

/* Fills in the members of a zip whose bytes are set, and their names. Errors: ERROR_INPUT where it is no whole zip;
 * ERROR_SYSTEM. What was allocated is unzip_free's in any case. */
bool zip_directory_read(struct unzip *unzip, struct error *error);

#endif
