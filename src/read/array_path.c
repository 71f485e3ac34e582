#include "read/array_path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Cuts [INDEX] and its brackets off the end of a text. */
static const char *path_index(char *text)
{
    const size_t length = strlen(text);
    char *open = length > 0 && text[length - 1] == ']' ? strrchr(text, '[') : NULL;
    if (!open)
        return NULL;
    text[length - 1] = *open = 0;
    return open + 1;
}

bool array_path_make(struct array_path *path, const char *text, struct error *error)
{
    *path = (struct array_path){.memory = text_copy(text)};
    path->file = path->memory;
    if (!path->memory)
        return error_memory(error, strlen(text) + 1);
    if (strcmp(text, "-") == 0 || access(text, F_OK) == 0)
        return true;
    for (char *colon = path->memory + strlen(text); colon > path->memory;) {
        if (*--colon != ':')
            continue;
        *colon = 0;
        if (colon > path->memory && (access(path->memory, F_OK) == 0 || strcmp(path->memory, "-") == 0)) {
            path->index = path_index(colon + 1);
            path->name = colon[1] || !path->index ? colon + 1 : NULL;
            return true;
        }
        *colon = ':';
    }
    return true;
}

void array_path_free(struct array_path *path)
{
    free(path->memory);
    *path = (struct array_path){0};
}
