#include "read/model_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/out.h"
#include "base/text.h"
#include "tensor/format.h"

/* DIRECTORY/NAME, owned by the archive; NULL without memory. `length` is that of the directory. */
static char *path_in(const char *directory, size_t length, const char *name)
{
    const bool slash = length > 0 && directory[length - 1] != '/';
    return text_format("%.*s%s%s", (int)length, directory, slash ? "/" : "", name);
}

static bool is_weights_file(const char *name)
{
    static const char *const endings[] = {".safetensors", ".gguf", ".pt", ".pth", ".bin", ".npz"};
    static const char *const others[] = {"training_args.bin", "optimizer", "scheduler",
                                         "rng_state",         "tokenizer", "tok"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (text_begins(name, others[i]))
            return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (text_ends_caseless(name, endings[i]))
            return true;
    return false;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the files of weights in a folder, in their order; the caller frees them and the list. */
static bool list_weights(char ***names, size_t *count, const char *folder, struct error *error)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return error_set(error, ERROR_SYSTEM, "%s: %s", folder, strerror(errno));
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(directory));) {
        if (!is_weights_file(entry->d_name))
            continue;
        ok = memory_resize(names, *count + 1, sizeof **names, error);
        if (ok && !((*names)[*count] = text_copy(entry->d_name)))
            ok = error_memory(error, strlen(entry->d_name));
        *count += ok;
    }
    closedir(directory);
    if (ok && *count > 1)
        qsort(*names, *count, sizeof **names, compare_paths);
    return ok;
}

/* The only file of weights of a folder. */
static char *only_weights(const char *folder, struct error *error)
{
    enum { NAMED = 6 };
    char **names = NULL, *path = NULL, list[400] = "";
    size_t count = 0, used = 0;
    if (list_weights(&names, &count, folder, error) && count == 1) {
        path = path_in(folder, strlen(folder), names[0]);
        if (!path)
            error_memory(error, strlen(folder));
    }
    for (size_t i = 0; i < count && i < NAMED && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    if (!path && count > 1)
        error_set(error, ERROR_INPUT, "%s holds %zu files of weights: expected one of them: %s%s", folder,
                  count, list, count > NAMED ? ", …" : "");
    if (!path)
        error_set(error, ERROR_INPUT,
                  "%s holds no weights: expected model.safetensors, pytorch_model.bin, model.gguf or another "
                  "file of weights",
                  folder);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return path;
}

char *model_weights_path(const char *path, struct error *error)
{
    static const char *const usual[] = {"model.safetensors.index.json", "model.safetensors",
                                        "pytorch_model.bin.index.json", "pytorch_model.bin", "model.gguf"};
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        char *copy = text_copy(path);
        if (!copy)
            error_memory(error, strlen(path));
        return copy;
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        char *file = path_in(path, strlen(path), usual[i]);
        if (!file)
            error_memory(error, strlen(path));
        if (!file || access(file, F_OK) == 0)
            return file;
        free(file);
    }
    return only_weights(path, error);
}

bool model_open_weights(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                        struct error *error)
{
    if (!memory_resize(&inputs->archives, inputs->archive_count + 1, sizeof *inputs->archives, error) ||
        !(model->archive = memory_zeroed(1, sizeof *model->archive, error)))
        return false;
    inputs->archives[inputs->archive_count++] = model->archive;
    char *file = model_weights_path(choice->path, error);
    const bool ok = file && archive_open(model->archive, file, NULL, error);
    free(file);
    model->archive->unpack_most = choice->memory;
    return ok;
}

/* Reads a config from a file. The source stays with the inputs, for its name. */
static bool open_config(struct model *model, struct inputs *inputs, const char *path, struct error *error)
{
    const size_t most = (size_t)64 << 20;
    if (!memory_resize(&inputs->sources, inputs->source_count + 1, sizeof *inputs->sources, error))
        return false;
    struct source *source = &inputs->sources[inputs->source_count++];
    *source = (struct source){0};
    const bool ok = source_read(source, path, most, error) && config_read(&model->config, source, error);
    if (source->data)
        source_drop(source);
    source->size = 0;
    return ok;
}

/* Whether the file of weights says of itself what a config would: GGUF and llama2.c. A config beside it may be that of the
 * same model in another layout. */
static bool describes_itself(const struct archive *archive)
{
    return archive_metadatum(archive, "general.architecture") || archive->format == &format_llama2c;
}

bool model_find_config(struct model *model, struct inputs *inputs, const char *said, struct error *error)
{
    static const char *const usual[] = {"config.json", "params.json"};
    const char *file = model->archive->sources[0].name, *slash = strrchr(file, '/');
    const size_t length = slash ? (size_t)(slash - file) + 1 : 0;
    if (said)
        return open_config(model, inputs, said, error);
    for (size_t i = 0; i < 2 && !describes_itself(model->archive); i++) {
        char *path = path_in(file, length, usual[i]);
        if (!path)
            return error_memory(error, length);
        const bool there = access(path, F_OK) == 0, ok = there && open_config(model, inputs, path, error);
        free(path);
        if (there)
            return ok;
    }
    return config_take_metadata(&model->config, model->archive, error);
}
