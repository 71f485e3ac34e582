#include "read/array_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"
#include "problem/senses.h"
#include "problem/setting_kinds.h"
#include "problem/settings_write.h"
#include "read/model.h"
#include "read/model_files.h"
#include "read/read.h"
#include "tensor/format.h"

/* ---- tensors of a text as arrays ---- */

/* One more array of the list that is owned; its name is taken over. NULL and an error without memory. */
static struct array *own_array(struct array_file *file, char *name, struct error *error)
{
    if (!name || !memory_resize(&file->owned, file->owned_count + 1, sizeof *file->owned, error)) {
        free(name);
        error_memory(error, 64);
        return NULL;
    }
    struct array *array = &file->owned[file->owned_count++];
    *array = (struct array){.name = name};
    return array;
}

static bool own_numbers(struct array *array, const struct tensor *tensor)
{
    array->dtype = DTYPE_F32;
    array->type = "number";
    array->data = (const char *)tensor->data;
    array->bytes = tensor_count(tensor) * sizeof *tensor->data;
    return true;
}

/* A tensor of true and false, a byte each. */
static bool own_truths(struct array_file *file, struct array *array, const struct tensor *tensor,
                       struct error *error)
{
    const size_t count = tensor_count(tensor);
    char *truths = archive_alloc(&file->archive, count, 1, error);
    for (size_t i = 0; truths && i < count; i++)
        truths[i] = tensor->data[i] != 0;
    array->dtype = DTYPE_BOOL;
    array->type = "boolean";
    array->data = truths;
    array->bytes = count;
    return truths;
}

/* Adds a tensor; INPUT_COUNT: the ids of the tokens; `layer` SIZE_MAX: it is of all layers. Tensors of layers have the names that read back as those. */
static bool own_tensor(struct array_file *file, const struct tensor *tensor, enum input input, size_t layer,
                       struct error *error)
{
    const struct settings *settings = &file->inputs.all.settings;
    const bool turns =
        tensor->is_out_in && tensor->rank == 2 && settings_word(settings, SETTING_W_LAYOUT) != LAYOUT_OUT_IN;
    char *name = input == INPUT_COUNT ? text_copy("input_ids")
                 : layer == SIZE_MAX  ? text_copy(input_names[input])
                                      : text_format("layers.%zu.%s", layer, input_names[input]);
    struct array *array = own_array(file, name, error);
    if (!array || !memory_resize(&file->inputs_of, file->owned_count, sizeof *file->inputs_of, error))
        return false;
    file->inputs_of[file->owned_count - 1] = input;
    array->rank = tensor->rank;
    for (int a = 0; a < tensor->rank; a++)
        array->shape[a] = tensor->shape[a];
    (void)array_pack(array);
    if (turns) { /* stored as out×in, and named here as if it were in×out */
        array->shape[0] = tensor->shape[1];
        array->shape[1] = tensor->shape[0];
        array->stride[0] = 1;
        array->stride[1] = (ptrdiff_t)tensor->shape[1];
    }
    return tensor->holds == TENSOR_BOOLEANS ? own_truths(file, array, tensor, error)
                                            : own_numbers(array, tensor);
}

static bool own_tensors(struct array_file *file, struct error *error)
{
    const struct inputs *inputs = &file->inputs;
    if (inputs->ids.data && !own_tensor(file, &inputs->ids, INPUT_COUNT, SIZE_MAX, error))
        return false;
    for (enum input i = 0; i < INPUT_COUNT; i++)
        if (inputs->all.tensor[i].data && !own_tensor(file, &inputs->all.tensor[i], i, SIZE_MAX, error))
            return false;
    for (size_t l = 0; l < inputs->layer_count; l++)
        for (enum input i = 0; i < INPUT_COUNT; i++)
            if (inputs->layers[l].tensor[i].data &&
                !own_tensor(file, &inputs->layers[l].tensor[i], i, l, error))
                return false;
    return true;
}

/* ---- what else a text says, as metadata ---- */

/* Moves the bytes that were written to `out` into memory of the archive. */
static bool keep_bytes(struct archive *archive, struct out *out, struct metadatum *metadatum,
                       struct error *error)
{
    char *data = out_finish(out, error) ? archive_alloc(archive, out->size + 1, 1, error) : NULL;
    if (data) {
        if (out->size > 0)
            memcpy(data, out->data, out->size);
        data[out->size] = 0;
        metadatum->data = data;
        metadatum->size = metadatum->bytes = out->size;
    }
    out_free(out);
    return data;
}

static struct metadatum *new_metadatum(struct archive *archive, const char *key, struct error *error)
{
    return archive_add_metadatum(archive, key, strlen(key), error);
}

static bool keep_text(struct archive *archive, const char *key, const char *text, struct error *error)
{
    struct out out;
    struct metadatum *metadatum = new_metadatum(archive, key, error);
    if (!metadatum)
        return false;
    out_begin(&out, -1, key);
    out_text(&out, text);
    metadatum->kind = METADATUM_TEXT;
    return keep_bytes(archive, &out, metadatum, error);
}

/* Labels as a list of texts, as an archive has them. */
static bool keep_labels(struct archive *archive, const char *key, const struct labels *labels,
                        struct error *error)
{
    struct out out;
    if (labels->count == 0)
        return true;
    struct metadatum *metadatum = new_metadatum(archive, key, error);
    if (!metadatum)
        return false;
    out_begin(&out, -1, key);
    for (size_t i = 0; i < labels->count; i++) {
        const uint64_t length = strlen(labels->text[i]);
        little_endian_write(&out, 8, length);
        out_text(&out, labels->text[i]);
    }
    metadatum->kind = METADATUM_LIST;
    if (!keep_bytes(archive, &out, metadatum, error))
        return false;
    metadatum->size = labels->count;
    return true;
}

/* A value of JSON: a number, a truth, a text; anything else as the text that it is. */
static bool keep_value(struct archive *archive, const char *key, char *value, struct error *error)
{
    const size_t length = strlen(value);
    int64_t integer;
    double real;
    if (value[0] == '"' && length > 1 && value[length - 1] == '"') {
        value[length - 1] = 0;
        return keep_text(archive, key, value + 1, error);
    }
    const bool is_truth = strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    const bool is_integer = text_to_integer(value, &integer);
    if (!is_truth && !is_integer && !text_to_number(value, &real))
        return keep_text(archive, key, value, error);
    struct metadatum *metadatum = new_metadatum(archive, key, error);
    if (!metadatum)
        return false;
    metadatum->kind = is_truth ? METADATUM_TRUTH : is_integer ? METADATUM_INTEGER : METADATUM_REAL;
    metadatum->integer = is_truth ? value[0] == 't' : integer;
    metadatum->real = is_truth || is_integer ? 0 : real;
    return true;
}

static bool keep_setting(struct archive *archive, const struct settings *settings, enum setting which,
                         struct error *error)
{
    struct out out;
    out_begin(&out, -1, "settings");
    settings_write(settings, which, &out);
    out_char(&out, 0);
    bool ok = out_finish(&out, error) && keep_value(archive, setting_kinds[which].name, out.data, error);
    out_free(&out);
    return ok;
}

static bool keep_metadata(struct array_file *file, struct error *error)
{
    struct archive *archive = &file->archive;
    const struct inputs *inputs = &file->inputs;
    char grid[64];
    snprintf(grid, sizeof grid, "%zu×%zu", inputs->patch_grid[0], inputs->patch_grid[1]);
    if ((inputs->title && !keep_text(archive, "title", inputs->title, error)) ||
        !keep_labels(archive, "tokens", &inputs->tokens, error) ||
        !keep_labels(archive, "key_tokens", &inputs->key_tokens, error) ||
        (inputs->patch_grid[0] > 0 && !keep_text(archive, "grid", grid, error)))
        return false;
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        if (settings_have(&inputs->all.settings, s) &&
            !keep_setting(archive, &inputs->all.settings, s, error))
            return false;
    return true;
}

/* ---- files ---- */

static bool array_file_read(struct array_file *file, struct source *source, const char *said,
                            struct warnings *warnings, struct error *error)
{
    file->is_text = true;
    file->text_bytes = source->size;
    static const struct settings none;
    const struct read_target any = {.what = READ_ANY};
    if (!read_source(&file->inputs, source, said, &any, &file->format, warnings, error))
        return false;
    senses_nulls(&file->inputs);
    if (!senses_masks(&file->inputs, &none, error) || !own_tensors(file, error) ||
        !keep_metadata(file, error))
        return false;
    file->arrays = file->owned;
    file->count = file->owned_count;
    return true;
}

static bool array_file_list(struct array_file *file, struct source *source, const struct format *format,
                            struct error *error)
{
    file->format = format->name;
    if (!archive_open_source(&file->archive, source, format, error))
        return false;
    file->arrays = file->archive.arrays;
    file->count = file->archive.count;
    return true;
}

/* The array of that name; NULL and an error, with what was probably meant, where there is none. */
static struct array *array_file_find(const struct array_file *file, const char *name, struct error *error)
{
    enum { NEAR = 64 };
    const char *names[NEAR + 1] = {NULL};
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->arrays[i].name, name) == 0)
            return &file->arrays[i];
        if (i < NEAR)
            names[i] = file->arrays[i].name;
    }
    const char *near = text_nearest(name, names);
    error_set(error, ERROR_USAGE, "%s has no array %s%s%s%s", array_file_name(file), name,
              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return NULL;
}

/* Makes the list one of the array, or the part of it, that the path names. */
static bool array_file_choose(struct array_file *file, struct error *error)
{
    const struct array_path *path = &file->path;
    if (!path->name && !path->index)
        return true;
    if (!path->name && file->count != 1)
        return error_set(error, ERROR_USAGE, "%s holds %zu arrays: expected %s:NAME[%s]",
                         array_file_name(file), file->count, path->file, path->index);
    struct array *array = path->name ? array_file_find(file, path->name, error) : &file->arrays[0];
    if (!array || (path->index && !archive_load(&file->archive, array, error)))
        return false;
    struct array part = *array;
    if (path->index && !array_cut(&part, path->index, error))
        return false;
    const enum input input = file->is_text ? file->inputs_of[array - file->arrays] : INPUT_COUNT;
    const size_t first = file->owned_count;
    struct array *own = own_array(file, text_copy(array->name), error);
    if (!own)
        return false;
    char *name = own->name;
    *own = part;
    own->name = name;
    if (path->index) {
        size_t count = 0;
        const struct dtype_kind *kind = dtype_kind(own->dtype);
        (void)array_count(own, &count);
        own->bytes = count / kind->count * kind->bytes;
    }
    if (file->is_text)
        file->inputs_of[0] = input;
    file->arrays = file->owned + first;
    file->count = 1;
    return true;
}

/* The path; of a folder, that of the weights in it. */
static bool array_file_path(struct array_path *path, const char *said, struct error *error)
{
    struct stat status;
    if (stat(said, &status) != 0 || !S_ISDIR(status.st_mode))
        return array_path_make(path, said, error);
    char *weights = model_weights_path(said, error);
    const bool ok = weights && array_path_make(path, weights, error);
    free(weights);
    return ok;
}

bool array_file_open(struct array_file *file, const char *path, const char *said, struct warnings *warnings,
                     struct error *error)
{
    struct source source = {0};
    const struct format *format = NULL;
    if (!array_file_path(&file->path, path, error) || !source_read(&source, file->path.file, 0, error) ||
        !read_format(&source, said, &format, error)) {
        source_free(&source);
        return false;
    }
    return (format ? array_file_list(file, &source, format, error)
                   : array_file_read(file, &source, said, warnings, error)) &&
           array_file_choose(file, error);
}

bool array_file_load(struct array_file *file, struct array *array, struct error *error)
{
    return (array->data || archive_load(&file->archive, array, error)) &&
           archive_verify(&file->archive, array, error);
}

void array_file_free(struct array_file *file)
{
    for (size_t i = 0; i < file->owned_count; i++)
        free(file->owned[i].name);
    free(file->owned);
    free(file->inputs_of);
    archive_free(&file->archive);
    inputs_free(&file->inputs);
    array_path_free(&file->path);
    *file = (struct array_file){0};
}

size_t array_file_bytes(const struct array_file *file)
{
    size_t bytes = file->text_bytes, arrays = 0;
    for (size_t i = 0; i < file->archive.source_count; i++)
        bytes += file->archive.sources[i].size;
    for (size_t i = 0; i < file->archive.count; i++)
        arrays += file->archive.arrays[i].bytes;
    return arrays > bytes ? arrays : bytes;
}

const struct source *array_file_source(const struct array_file *file, const struct array *array)
{
    return array->source < file->archive.source_count ? &file->archive.sources[array->source] : NULL;
}

const char *array_file_name(const struct array_file *file)
{
    return strcmp(file->path.file, "-") == 0 ? "standard input" : file->path.file;
}
