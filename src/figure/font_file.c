#include "figure/font_file.h"

#include <string.h>

#include "figure/font_face.h"

#ifdef ATTN_FONT_FILES
enum { FONT_FILE_LARGEST = 256 << 20 };

/* By the first four bytes. FreeType opens more, among them fonts that are packed, which HarfBuzz does not. */
static bool is_font(const struct source *source)
{
    static const char begins[][4] = {
        {0, 1, 0, 0}, {'O', 'T', 'T', 'O'}, {'t', 'r', 'u', 'e'}, {'t', 't', 'c', 'f'}};
    for (size_t i = 0; source->size >= 12 && i < sizeof begins / sizeof *begins; i++)
        if (memcmp(source->data, begins[i], sizeof begins[i]) == 0)
            return true;
    return false;
}

/* What of a name may stand between quotes in CSS and XML without another thought. */
static void family_copy(char family[FONT_FAMILY], const char *name)
{
    static const char others[] = " -_.+";
    size_t length = 0;
    for (; name && *name && length < FONT_FAMILY - 1; name++) {
        const bool is_word = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                             (*name >= '0' && *name <= '9');
        if (is_word || strchr(others, *name))
            family[length++] = *name;
    }
    family[length] = '\0';
}

bool font_file_read(struct font_file *file, const char *path, struct error *error)
{
    if (!source_read(&file->source, path, FONT_FILE_LARGEST, error))
        return false;
    if (!is_font(&file->source))
        return error_set(error, ERROR_INPUT,
                         "%s: this is no font: expected a TrueType or OpenType font (TTF, OTF or TTC)",
                         file->source.name);
    struct font_face *face = font_face_open(file, error);
    if (!face)
        return false;
    family_copy(file->family, font_face_family(face));
    font_face_close(face);
    return true;
}

bool font_file_is_known(void)
{
    return true;
}
#else
bool font_file_read(struct font_file *file, const char *path, struct error *error)
{
    (void)file;
    return error_set(
        error, ERROR_USAGE,
        "%s: this attn was built without FreeType and HarfBuzz, which read fonts: expected no --font, "
        "or a build where pkg-config finds freetype2 and harfbuzz",
        path);
}

bool font_file_is_known(void)
{
    return false;
}
#endif

void font_file_free(struct font_file *file)
{
    source_free(&file->source);
    *file = (struct font_file){0};
}
