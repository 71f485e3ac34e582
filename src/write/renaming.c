#include "write/renaming.h"

#include <string.h>

#include "base/text.h"

bool renaming_parse(struct renaming *renaming, const char *text, struct error *error)
{
    const char *equals = strchr(text, '=');
    *renaming = (struct renaming){.old = text, .old_end = equals};
    if (!equals || equals == text || !equals[1])
        return error_set(error, ERROR_USAGE, "--rename %s: expected OLD=NEW", text);
    renaming->new = equals + 1;
    renaming->old_star = memchr(text, '*', (size_t)(equals - text));
    renaming->new_star = strchr(renaming->new, '*');
    const bool two =
        renaming->old_star && memchr(renaming->old_star + 1, '*', (size_t)(equals - renaming->old_star - 1));
    if (two || (renaming->new_star && (!renaming->old_star || strchr(renaming->new_star + 1, '*'))))
        return error_set(error, ERROR_USAGE,
                         "--rename %s: expected at most one * in OLD, and in NEW if OLD has one", text);
    return true;
}

/* The text that the star of OLD stands for in a name; NULL: OLD does not fit. Without a star it is empty. */
static const char *renaming_fits(const struct renaming *renaming, const char *name, size_t *length)
{
    const size_t size = strlen(name), old = (size_t)(renaming->old_end - renaming->old);
    *length = 0;
    if (!renaming->old_star)
        return size == old && memcmp(name, renaming->old, old) == 0 ? name + size : NULL;
    const size_t before = (size_t)(renaming->old_star - renaming->old), behind = old - before - 1;
    if (size < before + behind || memcmp(name, renaming->old, before) != 0 ||
        memcmp(name + size - behind, renaming->old_star + 1, behind) != 0)
        return NULL;
    *length = size - before - behind;
    return name + before;
}

char *renaming_name(const struct renaming *renamings, size_t count, bool *used, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const struct renaming *r = &renamings[i];
        size_t length;
        const char *star = renaming_fits(r, name, &length);
        if (!star)
            continue;
        used[i] = true;
        if (!r->new_star)
            return text_copy(r->new);
        return text_format("%.*s%.*s%s", (int)(r->new_star - r->new), r->new, (int)length, star,
                           r->new_star + 1);
    }
    return text_copy(name);
}
