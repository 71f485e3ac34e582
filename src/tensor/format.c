#include "tensor/format.h"

#include <string.h>

#include "base/text.h"

#define FORMAT_NAME(name) #name
#define FORMAT_ROW(name) &format_##name,

const struct format *const formats[] = {FORMATS(FORMAT_ROW, ) NULL};
const char format_words[] = FORMATS(FORMAT_NAME, " ");

const struct format *format_named(const char *name)
{
    for (size_t i = 0; formats[i]; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

const struct format *format_of(const char *data, size_t size, const char *name)
{
    const struct format *best = NULL;
    int sure = 0;
    for (size_t i = 0; formats[i]; i++) {
        const int probe = formats[i]->probe(data, size, name);
        if (probe > sure) {
            best = formats[i];
            sure = probe;
        }
    }
    return best;
}

const struct format *format_by_ending(const char *path)
{
    for (size_t i = 0; formats[i]; i++)
        for (const char *const *ending = formats[i]->endings; *ending; ending++)
            if (text_ends_caseless(path, *ending))
                return formats[i];
    return NULL;
}
