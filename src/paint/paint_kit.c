#include "paint/paint_kit.h"

#include <stdlib.h>

#include "base/memory.h"

bool paint_kit_open(struct paint_kit *kit, const struct font_file *file, struct error *error)
{
    kit->font = font_open(file, error);
    return kit->font;
}

void paint_kit_free(struct paint_kit *kit)
{
    font_close(kit->font);
    free(kit->pixels);
    *kit = (struct paint_kit){0};
}

bool paint_kit_reserve(struct paint_kit *kit, size_t bytes, struct error *error)
{
    if (bytes <= kit->room)
        return true;
    free(kit->pixels);
    kit->pixels = memory_pages(bytes, error);
    kit->room = kit->pixels ? bytes : 0;
    return kit->pixels;
}
