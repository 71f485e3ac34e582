#include "write/conversion.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "base/words.h"
#include "read/dump_about.h"
#include "read/dump_labels.h"
#include "read/dump_names.h"
#include "tensor/narrow.h"
#include "write/array_csv.h"
#include "write/array_json.h"
#include "write/input_json.h"
#include "write/metadata_json.h"
#include "write/renaming.h"
#include "write/vectors.h"

/* The formats that are texts: they take what stands beside the arrays as it was read, and say themselves what they lose. */
static const struct written_text {
    const struct format *format;
    bool (*write)(const struct inputs *beside, const struct array *arrays, size_t count, struct out *out,
                  struct warnings *warnings, struct error *error);
    bool has_names; /* arrays have names, and there can be several */
} texts[] = {
    {&format_array_json, array_json_write, true},
    {&format_array_csv, array_csv_write, false},
    {&format_vectors, vectors_write, false},
};
enum { TEXTS = sizeof texts / sizeof *texts };

/* The row of a format that is a text, else NULL. */
static const struct written_text *written_text(const struct format *format)
{
    for (size_t i = 0; i < TEXTS; i++)
        if (texts[i].format == format)
            return &texts[i];
    return NULL;
}

/* Whether a name ends in .bin and does not say that it is PyTorch's, as pytorch_model.bin does. */
static bool is_any_bin(const char *path)
{
    const char *slash = strrchr(path, '/');
    return text_ends_caseless(path, ".bin") && !strstr(slash ? slash : path, "pytorch");
}

const struct format *conversion_format(const char *path, struct error *error)
{
    const struct format *format = format_by_ending(path);
    char endings[256] = "", list[WORDS_LIST];
    size_t used = 0;
    if (format == &format_torch && is_any_bin(path)) {
        error_set(
            error, ERROR_USAGE,
            "-o %s: a .bin may be PyTorch's, which is written as pytorch_model.bin or .pt, or llama2.c's, "
            "which is no file of named arrays but a checkpoint of a whole model, and is not written",
            path);
        return NULL;
    }
    if (format && format->write)
        return format;
    for (size_t i = 0; i < TEXTS; i++)
        if (text_ends_caseless(path, texts[i].format->endings[0]))
            return texts[i].format;
    for (size_t i = 0; formats[i] && used < sizeof endings; i++)
        if (formats[i]->write)
            used += (size_t)snprintf(endings + used, sizeof endings - used, "%s ", formats[i]->endings[0]);
    for (size_t i = 0; i < TEXTS && used < sizeof endings; i++)
        used += (size_t)snprintf(endings + used, sizeof endings - used, "%s%s", i > 0 ? " " : "",
                                 texts[i].format->endings[0]);
    words_list(list, endings, "or");
    error_set(error, ERROR_USAGE, "-o %s: expected a name ending in %s", path, list);
    return NULL;
}

/* ---- names ---- */

/* What an array without a name is called where names are needed: as its file, without folder and ending. */
static char *name_of_file(const struct array_file *file)
{
    const char *path = file->path.file, *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path, *dot = strchr(name, '.');
    if (strcmp(path, "-") == 0 || dot == name || !*name)
        return text_copy("arr_0");
    return text_copy_part(name, dot ? (size_t)(dot - name) : strlen(name));
}

static bool check_names_differ(const struct conversion *conversion, struct error *error)
{
    const char *twice;
    return names_find_twice(conversion->arrays, offsetof(struct array, name), sizeof *conversion->arrays,
                            conversion->count, &twice, error) &&
           (!twice || error_set(error, ERROR_USAGE,
                                "two arrays would be called %s: expected names that differ", twice));
}

/* ---- types ---- */

/* The type that an array gets. Rows that are no whole blocks of a quantized type, and lists, keep theirs, as llama.cpp has it. */
static enum dtype conversion_type(struct conversion *conversion, const struct array *array, enum dtype wanted)
{
    const struct dtype_kind *kind = dtype_kind(wanted);
    const enum dtype own = conversion->format->holds(array->dtype);
    const bool is_quantized = kind->count > 1;
    const bool fits = array->rank > 1 && array->shape[array->rank - 1] % kind->count == 0;
    if (wanted != DTYPE_UNKNOWN && (!is_quantized || fits || array->dtype == wanted))
        return wanted;
    conversion->unquantized += is_quantized;
    return own != DTYPE_UNKNOWN ? own : DTYPE_F32;
}

static bool check_type(const struct format *format, enum dtype wanted, struct error *error)
{
    if (wanted == DTYPE_UNKNOWN || format->holds(wanted) == wanted)
        return true;
    return error_set(error, ERROR_USAGE, "--dtype %s: %s cannot hold it: expected another type",
                     dtype_kind(wanted)->name, format->what);
}

/* ---- the arrays ---- */

/* Whether the arrays of a format have names, and there can be several. */
static bool has_names(const struct format *format)
{
    return written_text(format) ? written_text(format)->has_names : format != &format_npy;
}

/* Whether an array is chosen; used[i]: pattern i fits one. */
static bool conversion_chooses(const struct conversion_rules *rules, const char *name, bool *used)
{
    bool fits = rules->only_count == 0;
    for (size_t i = 0; i < rules->only_count; i++)
        if (fnmatch(rules->only[i], name, 0) == 0)
            fits = used[i] = true;
    return fits;
}

/* Whether numbers can be read; of two raw bytes each, which is how NumPy saves bfloat16, as these where they are wanted. */
static bool conversion_reads(struct conversion *conversion, struct array *array, enum dtype wanted,
                             struct error *error)
{
    const char *file = array_file_name(conversion->file), *name = array->name;
    if (dtype_kind(array->dtype)->widen || (wanted == DTYPE_BF16 && array_read_as(array, wanted)))
        return true;
    struct array halves = *array;
    char unread[ARRAY_UNREAD_TEXT];
    if (array_is_opaque(array))
        return error_set(error, ERROR_INPUT, "%s%s%s: %s%s", file, name[0] ? ":" : "", name,
                         array_unread(array, unread),
                         conversion->file->count > 1 ? "; --only leaves arrays out" : "");
    return error_set(error, ERROR_INPUT, "%s%s%s: numbers of the type %s cannot be read%s", file,
                     name[0] ? ":" : "", name, array->type,
                     array_read_as(&halves, DTYPE_BF16)
                         ? ": expected another type, or --dtype bf16 if these are bfloat16"
                     : conversion->file->count > 1 ? ": expected another type; --only leaves arrays out"
                                                   : ": expected another type");
}

static bool conversion_add(struct conversion *conversion, struct array *from, char *name, enum dtype wanted,
                           struct error *error)
{
    const size_t index = conversion->count;
    struct array *array = &conversion->arrays[index];
    if (!name)
        return error_memory(error, strlen(from->name) + 1);
    if (!name[0] && has_names(conversion->format)) {
        free(name);
        if (!(name = name_of_file(conversion->file)))
            return error_memory(error, 64);
    }
    *array = *from;
    array->name = name;
    conversion->count++;
    if (!conversion_reads(conversion, from, wanted, error) || !array_file_load(conversion->file, from, error))
        return false;
    conversion->origins[index] =
        (struct array_origin){.array = *from, .source = array_file_source(conversion->file, from)};
    array->origin = &conversion->origins[index];
    array->dtype = conversion_type(conversion, from, wanted);
    array->swapped = false;
    array->data = NULL;
    if (!array_pack(array) || !array_write_bytes(array, &array->bytes))
        return error_memory(error, SIZE_MAX);
    return true;
}

/* Errors for the first rule that fits nothing. */
static bool check_used(const bool *used, const char *const *rules, size_t count, const char *option,
                       const struct array_file *file, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!used[i])
            return error_set(error, ERROR_USAGE,
                             "%s %s fits none of the %zu arrays of %s: attn info lists them", option,
                             rules[i], file->count, array_file_name(file));
    return true;
}

/* Whether an array holds labels, or what attn wrote beside the others, and is not the one that was asked for. */
static bool is_about(const struct array_file *file, const struct array *array)
{
    const bool is_own = strcmp(array->name, DUMP_ABOUT) == 0 && dump_has_about(&file->archive);
    return !file->path.name && !file->path.index && (is_own || dump_labels_are(array));
}

static bool conversion_add_all(struct conversion *conversion, const struct conversion_rules *rules,
                               const struct renaming *renamings, bool *used, struct error *error)
{
    struct array_file *file = conversion->file;
    for (size_t i = 0; i < file->count; i++) {
        struct array *from = &file->arrays[i];
        if (is_about(file, from))
            continue;
        if (conversion_chooses(rules, from->name, used) &&
            !conversion_add(
                conversion, from,
                renaming_name(renamings, rules->rename_count, used + rules->only_count, from->name),
                rules->dtype, error))
            return false;
    }
    return check_used(used, rules->only, rules->only_count, "--only", file, error) &&
           check_used(used + rules->only_count, rules->renames, rules->rename_count, "--rename", file, error);
}

/* ---- what stands beside the arrays ---- */

static bool is_weights(const struct array *array)
{
    size_t layer;
    const char *key = dump_name_of_layer(array->name, &layer);
    key = key ? key : array->name;
    return strcmp(key, "weights") == 0 || strcmp(key, input_names[INPUT_ATTENTION]) == 0;
}

static bool is_labels(const struct metadatum *metadatum)
{
    return metadata_has_texts(metadatum) &&
           (strcmp(metadatum->key, "tokens") == 0 || strcmp(metadatum->key, "key_tokens") == 0);
}

/* Whether an archive has labels that the new file has no place of its own for. */
static bool has_lost_labels(const struct conversion *conversion)
{
    const struct archive *archive = &conversion->file->archive;
    const struct format *format = conversion->format;
    bool lost = false;
    for (size_t i = 0; i < archive->count; i++)
        lost = lost || dump_labels_are(&archive->arrays[i]);
    for (size_t i = 0; i < archive->metadata_count; i++)
        lost = lost ||
               (is_labels(&archive->metadata[i]) && !(format->keeps && format->keeps(&archive->metadata[i])));
    return lost;
}

/* Reads what attn wrote beside the arrays of an archive, and such labels. */
static bool conversion_read_about(struct conversion *conversion, struct warnings *warnings,
                                  struct error *error)
{
    struct array_file *file = conversion->file;
    bool has_weights = false;
    for (size_t i = 0; i < conversion->count; i++)
        has_weights = has_weights || is_weights(&conversion->arrays[i]);
    return file->is_text ||
           (dump_read_about(&file->inputs, &file->archive, has_weights, warnings, error) &&
            (!has_lost_labels(conversion) || dump_labels_put(&file->inputs, &file->archive, error)));
}

/* The text of what stands beside the arrays: what a text says, or what attn wrote into an archive, with the labels there.
 * Empty: there is nothing. */
static bool conversion_about(struct conversion *conversion, const char **text, size_t *size,
                             struct warnings *warnings, struct error *error)
{
    struct array_file *file = conversion->file;
    *size = 0;
    if (!file->is_text && dump_has_about(&file->archive) && !has_lost_labels(conversion))
        return dump_about(text, size, &file->archive, error);
    if (!conversion_read_about(conversion, warnings, error))
        return false;
    out_begin(&conversion->text, -1, "");
    if (!input_json_write(&conversion->text, &file->inputs))
        return true;
    if (!out_finish(&conversion->text, error))
        return false;
    *text = conversion->text.data;
    *size = conversion->text.size;
    return true;
}

/* Keeps that as a metadatum, or as an array of its bytes. An array that was taken out by its name comes alone. */
static bool conversion_add_about(struct conversion *conversion, struct warnings *warnings,
                                 struct error *error)
{
    const struct array_path *path = &conversion->file->path;
    struct metadatum *about = &conversion->about;
    const char *text = NULL;
    size_t size;
    if (path->name || path->index)
        return true;
    if (!conversion_about(conversion, &text, &size, warnings, error))
        return false;
    if (size == 0)
        return true;
    char *name = text_copy(DUMP_ABOUT);
    if (!name)
        return error_memory(error, sizeof DUMP_ABOUT);
    if (conversion->format->keeps)
        *about = (struct metadatum){
            .key = name, .kind = METADATUM_TEXT, .data = text, .size = size, .bytes = size};
    else
        array_of_bytes(&conversion->arrays[conversion->count++], name, text, size);
    return true;
}

bool conversion_make(struct conversion *conversion, struct array_file *file, const struct format *format,
                     const struct conversion_rules *rules, struct warnings *warnings, struct error *error)
{
    *conversion = (struct conversion){.format = format, .file = file};
    struct renaming *renamings = memory_alloc(rules->rename_count, sizeof *renamings, error);
    bool *used = memory_zeroed(rules->only_count + rules->rename_count, sizeof *used, error);
    conversion->arrays = memory_zeroed(file->count + 1, sizeof *conversion->arrays, error);
    conversion->origins = memory_zeroed(file->count, sizeof *conversion->origins, error);
    bool ok = renamings && used && conversion->arrays && conversion->origins &&
              check_type(format, rules->dtype, error);
    for (size_t i = 0; ok && i < rules->rename_count; i++)
        ok = renaming_parse(&renamings[i], rules->renames[i], error);
    ok = ok && conversion_add_all(conversion, rules, renamings, used, error);
    if (ok && written_text(format))
        ok = conversion_read_about(conversion, warnings, error);
    else if (ok && has_names(format))
        ok = conversion_add_about(conversion, warnings, error);
    ok = ok && check_names_differ(conversion, error);
    free(renamings);
    free(used);
    return ok;
}

/* ---- writing ---- */

/* Whether a metadatum is missed: the alignment of GGUF, and "format" of safetensors, say something of their files alone, and
 * what attn wrote goes on in its own way. */
static bool conversion_leaves_out(const struct format *format, const struct metadatum *metadatum)
{
    return !(format->keeps && format->keeps(metadatum)) && strcmp(metadatum->key, "general.alignment") != 0 &&
           strcmp(metadatum->key, "format") != 0 &&
           !(strcmp(metadatum->key, DUMP_ABOUT) == 0 && has_names(format)) &&
           !(is_labels(metadatum) && (has_names(format) || written_text(format)));
}

static void warn_left_out(const struct conversion *conversion, struct warnings *warnings)
{
    const struct archive *archive = &conversion->file->archive;
    const char *first = NULL, *what = conversion->format->what;
    size_t more = 0;
    if (conversion->file->is_text && conversion->file->inputs.has_parts)
        warnings_add(warnings, "%s: one attention of an encoder-decoder is read, and the others are left out",
                     array_file_name(conversion->file));
    if (conversion->file->is_text && has_names(conversion->format))
        return; /* all of it is kept */
    for (size_t i = 0; i < archive->metadata_count; i++) {
        if (!conversion_leaves_out(conversion->format, &archive->metadata[i]))
            continue;
        more += first != NULL;
        first = first ? first : archive->metadata[i].key;
    }
    if (first && more == 0)
        warnings_add(warnings, "%s is left out: %s has no place for it", first, what);
    else if (first)
        warnings_add(warnings, "%s and %zu more metadata are left out: %s has no place for them", first, more,
                     what);
}

static void warn_losses(const struct conversion *conversion, struct warnings *warnings)
{
    for (size_t i = 0; i < conversion->count; i++) {
        const struct array *array = &conversion->arrays[i];
        if (!array->origin)
            continue;
        const struct narrow_losses *losses = &array->origin->losses;
        const char *type = dtype_kind(array->dtype)->name;
        if (losses->infinite > 0)
            warnings_add(warnings, "%s: %zu number%s too large for %s, and became infinite", array->name,
                         losses->infinite, losses->infinite == 1 ? " was" : "s were", type);
        if (losses->small > 0)
            warnings_add(
                warnings,
                "%s: %zu number%s too small for %s, whose scale is of half precision, and lost digits",
                array->name, losses->small, losses->small == 1 ? " is" : "s are", type);
        if (losses->inexact > 0)
            warnings_add(warnings, "%s: %zu integer%s not held by %s, and rounded", array->name,
                         losses->inexact, losses->inexact == 1 ? " was" : "s were", type);
    }
    if (conversion->unquantized > 0)
        warnings_add(warnings,
                     "%zu array%s not quantized: expected two axes or more and rows of whole blocks",
                     conversion->unquantized, conversion->unquantized == 1 ? " was" : "s were");
}

/* The metadata of the new file: those of an archive, and what stands beside the arrays instead of it. NULL: no memory. */
static struct metadatum *conversion_metadata(const struct conversion *conversion, size_t *count,
                                             struct error *error)
{
    const struct archive *archive = &conversion->file->archive;
    struct metadatum *list = memory_alloc(archive->metadata_count + 1, sizeof *list, error);
    *count = 0;
    for (size_t i = 0; list && i < archive->metadata_count && !conversion->file->is_text; i++)
        if (strcmp(archive->metadata[i].key, DUMP_ABOUT) != 0)
            list[(*count)++] = archive->metadata[i];
    if (list && conversion->about.key)
        list[(*count)++] = conversion->about;
    return list;
}

static bool write_format(const struct conversion *conversion, struct out *out, struct warnings *warnings,
                         struct error *error)
{
    const struct format *format = conversion->format;
    const struct array *arrays = conversion->arrays;
    size_t count;
    if (written_text(format))
        return written_text(format)->write(&conversion->file->inputs, arrays, conversion->count, out,
                                           warnings, error);
    struct metadatum *metadata = conversion_metadata(conversion, &count, error);
    const bool ok = metadata && format->write(arrays, conversion->count, metadata, count, out, error);
    free(metadata);
    return ok;
}

bool conversion_write(struct conversion *conversion, struct out *out, struct warnings *warnings,
                      struct error *error)
{
    if (!write_format(conversion, out, warnings, error))
        return false;
    warn_losses(conversion, warnings);
    warn_left_out(conversion, warnings);
    return true;
}

void conversion_free(struct conversion *conversion)
{
    for (size_t i = 0; i < conversion->count; i++)
        free(conversion->arrays[i].name);
    free(conversion->arrays);
    free(conversion->origins);
    free(conversion->about.key);
    out_free(&conversion->text);
    *conversion = (struct conversion){0};
}
