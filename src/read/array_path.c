#include "read/array_path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Cuts [INDEX] and its brackets off the end of a text. An index that has brackets in it is none that can be read, but no part of
 * the name either. */
static const char *path_index(char *text)
{
    size_t at = strlen(text), depth = 0;
    char *end = at > 0 && text[at - 1] == ']' ? text + at - 1 : NULL;
    while (end && at-- > 0) {
        depth += text[at] == ']';
        depth -= text[at] == '[';
        if (depth > 0)
            continue;
        *end = text[at] = 0;
        return text + at + 1;
    }
    return NULL;
}

bool array_path_is_standard(const char *text)
{
    return strcmp(text, "-") == 0 || (strncmp(text, "-:", 2) == 0 && access(text, F_OK) != 0);
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
