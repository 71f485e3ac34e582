/* The table of output formats. */
#include "write/write.h"

#include <stddef.h>

#include "base/text.h"

const struct writer *const writers[] = {&writer_json, &writer_csv, &writer_npy, NULL};

const struct writer *writer_for(const char *path)
{
    for (const struct writer *const *writer = writers; *writer; writer++)
        if (text_ends(path, (*writer)->ending))
            return *writer;
    return NULL;
}
