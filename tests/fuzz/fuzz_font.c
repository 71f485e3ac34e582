/* Fuzzing of the font that a user names: the bytes are the file. Built and run by make fuzz. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "figure/font.h"
#include "figure/font_file.h"
#include "figure/typeset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every pixel of a glyph is read. */
static bool fuzz_mark(void *context, const struct typeset_mark *mark, struct error *error)
{
    static volatile uint8_t last;
    struct font_bitmap bitmap;
    if (mark->box)
        return true;
    if (!font_glyph(context, mark->face, mark->glyph, (double)mark->size, 1, &bitmap, error))
        return false;
    const size_t count = (size_t)bitmap.width * (size_t)bitmap.height * (bitmap.is_colored ? 4 : 1);
    for (size_t i = 0; i < count; i++)
        last = bitmap.coverage[i];
    (void)last;
    return true;
}

/* Texts in several scripts are set and rendered; every error names the file and says what was expected. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = {"\u0928\u092E\u0938\u094D\u0924\u0947",
                                        "\u0633\u0644\u0627\u0645\u064E 12",
                                        "go \U0001F680\u200D\u2764\uFE0F", "\u0E01\u0E33\u0E25\u0E31\u0E07"};
    char name[] = "fuzz";
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    copy[size] = 0;
    const struct font_file file = {.source = {.name = name, .data = copy, .size = size}};
    struct error error = {0};
    struct font *font = font_open(&file, &error);
    bool ok = font;
    double width;
    for (size_t t = 0; ok && t < sizeof texts / sizeof *texts; t++)
        ok = typeset_text(font, texts[t], t % 2 ? 12 : 50, fuzz_mark, font, &width, &error);
    if (ok != (error.kind == ERROR_NONE))
        abort();
    if (!ok && (error.kind != ERROR_INPUT || strncmp(error.message, "fuzz: ", 6) != 0 ||
                !strstr(error.message, "expected")))
        abort();
    font_close(font);
    free(copy);
    return 0;
}
