#include "read/model.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/out.h"
#include "base/text.h"
#include "base/words.h"
#include "read/json_names.h"
#include "read/name_pattern.h"
#include "tensor/format.h"

/* ---- values ---- */

/* The text behind "KEY=" in the defaults of a profile, copied to `out`; NULL: there is none. */
static const char *default_value(const char *defaults, const char *key, size_t length,
                                 char out[CONFIG_ELEMENT])
{
    for (const char *at = defaults; at && *at; at += strspn(at, " ")) {
        const size_t word = strcspn(at, " ");
        if (word > length && at[length] == '=' && strncmp(at, key, length) == 0 &&
            word - length - 1 < CONFIG_ELEMENT) {
            memcpy(out, at + length + 1, word - length - 1);
            out[word - length - 1] = 0;
            return out;
        }
        at += word;
    }
    return NULL;
}

const char *model_value(const struct model *model, const char *keys)
{
    static _Thread_local char value[CONFIG_ELEMENT];
    const struct fact *fact = config_find(&model->config, keys);
    if (fact)
        return strcmp(fact->text, "null") == 0 ? NULL : fact->text;
    for (const char *key = keys; *key; key += strspn(key, " ")) {
        const size_t length = strcspn(key, " ");
        if (default_value(model->profile->defaults, key, length, value))
            return value;
        key += length;
    }
    return NULL;
}

/* ---- files ---- */

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

/* Opens the weights. The archive belongs to the inputs. */
static bool open_weights(struct model *model, struct inputs *inputs, const struct model_choice *choice,
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

/* Finds the config: what is said, else the metadata of GGUF and llama2.c, else the file beside the weights, else other
 * metadata. */
static bool find_config(struct model *model, struct inputs *inputs, const char *said, struct error *error)
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

/* ---- names ---- */

/* Whether an array's name is that of a row. */
static bool is_named_by(const struct profile_row *row, const struct array *array,
                        struct name_numbers *numbers)
{
    return name_pattern_fits(row->pattern, array->name, numbers) &&
           (numbers->layer == SIZE_MAX || numbers->layer < LAYERS_MAX);
}

/* Which rows, up to 63, some array fits. `endings`: those of its names; NULL: not known. */
static uint64_t rows_met(const struct profile *profile, const struct archive *archive,
                         const struct name_endings *endings)
{
    uint64_t met = 0;
    for (size_t r = 0; r < 63 && profile->rows[r].pattern; r++) {
        const bool may_fit = !endings || name_endings_have(endings, profile->rows[r].pattern);
        for (size_t i = 0; may_fit && i < archive->count && !(met >> r & 1); i++) {
            struct name_numbers numbers;
            if (is_named_by(&profile->rows[r], &archive->arrays[i], &numbers))
                met |= UINT64_C(1) << r;
        }
    }
    return met;
}

/* The inputs of a part that rows give, as bits; `needed`: of rows that are needed. */
static uint64_t inputs_of(const struct profile *profile, enum dump_part part, uint64_t met, bool needed)
{
    uint64_t inputs = 0;
    for (size_t r = 0; r < 63 && profile->rows[r].pattern; r++)
        if (profile->rows[r].part == part && met >> r & 1 && !(needed && profile->rows[r].is_optional))
            inputs |= UINT64_C(1) << profile->rows[r].input;
    return inputs;
}

uint64_t model_missing(const struct profile *profile, enum dump_part part, uint64_t has)
{
    const uint64_t fused = UINT64_C(1) << INPUT_W_QKV;
    const uint64_t three = UINT64_C(1) << INPUT_W_Q | UINT64_C(1) << INPUT_W_K | UINT64_C(1) << INPUT_W_V;
    const uint64_t needed = inputs_of(profile, part, UINT64_MAX, true);
    uint64_t missing = needed & ~has;
    if (!(needed & fused) || !(needed & three))
        return missing;
    if (has & fused)
        return missing & ~three;
    return has & three ? missing & ~fused : missing & ~three;
}

static int count_bits(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* How well the names of an archive fit a profile. */
struct fit {
    bool is_whole; /* some part has all that it needs */
    int inputs;    /* that were found, over all parts */
};

static struct fit fit_of(const struct profile *profile, const struct archive *archive,
                         const struct name_endings *endings)
{
    const uint64_t met = rows_met(profile, archive, endings);
    struct fit fit = {0};
    for (enum dump_part part = PART_ONLY; part < PART_COUNT; part++) {
        const uint64_t has = inputs_of(profile, part, met, false);
        fit.inputs += count_bits(has);
        fit.is_whole = fit.is_whole || (has && !model_missing(profile, part, has));
    }
    return fit;
}

/* Whether layers of one profile attend as those of another with the same names. */
static bool attend_alike(const struct profile *a, const struct profile *b)
{
    return a->keys == b->keys && a->window == b->window && a->rule == b->rule &&
           strcmp(a->fixed[PART_ONLY], b->fixed[PART_ONLY]) == 0;
}

/* The profile whose names an archive has; *tie: another that fits as well and attends otherwise, or NULL. */
static const struct profile *profile_by_names(const struct archive *archive, struct fit *best,
                                              const struct profile **tie)
{
    const struct profile *found = NULL;
    struct name_endings endings = {{0}};
    *best = (struct fit){0};
    *tie = NULL;
    for (size_t i = 0; i < archive->count; i++)
        name_endings_add(&endings, archive->arrays[i].name);
    for (const struct profile *p = profiles; p->name; p++) {
        const struct fit fit = fit_of(p, archive, &endings);
        if (p->is_said || fit.inputs == 0 || fit.is_whole < best->is_whole)
            continue;
        if (fit.is_whole > best->is_whole || fit.inputs > best->inputs) {
            found = p;
            *best = fit;
            *tie = NULL;
        } else if (fit.inputs == best->inputs && !*tie && !attend_alike(p, found)) {
            *tie = p;
        }
    }
    return found;
}

bool model_fits(const struct archive *archive)
{
    struct fit fit;
    const struct profile *tie;
    if (profile_by_names(archive, &fit, &tie) && fit.is_whole)
        return true;
    for (const struct profile_refusal *refusal = profile_refusals; refusal->part; refusal++)
        for (size_t i = 0; !refusal->only_if_lost && i < archive->count; i++)
            if (strcasestr(archive->arrays[i].name, refusal->part))
                return true;
    return false;
}

/* ---- refusals ---- */

/* Refuses files whose names say that there is nothing to compute with. */
static bool check_refusals(const struct model *model, bool is_lost, struct error *error)
{
    const struct archive *archive = model->archive;
    for (const struct profile_refusal *r = profile_refusals; r->part; r++)
        for (size_t i = 0; (is_lost || !r->only_if_lost) && i < archive->count; i++)
            if (strcasestr(archive->arrays[i].name, r->part))
                return error_set(error, ERROR_INPUT, "%s holds %s (%s): expected %s",
                                 archive->sources[0].name, r->holds, archive->arrays[i].name, r->advice);
    return true;
}

/* ---- which profile ---- */

static bool profile_said(struct model *model, const char *said, struct error *error)
{
    const char *names[128] = {NULL};
    model->profile = profile_named(said);
    for (size_t i = 0; i < 127 && profiles[i].name; i++)
        names[i] = profiles[i].name;
    const char *near = text_nearest(said, names);
    if (model->profile)
        return true;
    return error_set(error, ERROR_USAGE, "--profile %s: there is no such profile%s%s%s", said,
                     near ? "; did you mean " : ": expected one of docs/inputs.md, such as llama",
                     near ? near : "", near ? "?" : "");
}

/* Whether a name is that of a projection which belongs to no layer, as in the state of one module. */
static bool is_of_one_module(const char *name)
{
    const struct other_name *other = json_names_other(name);
    const enum input input = input_named(other ? other->own : name);
    return (input == INPUT_W_Q || input == INPUT_W_QKV) && !strpbrk(name, "0123456789");
}

static bool nothing_fits(const struct model *model, struct error *error)
{
    const struct archive *archive = model->archive;
    const char *file = archive->sources[0].name;
    if (archive->count == 0)
        return error_set(error, ERROR_INPUT, "%s holds no tensor: expected the weights of a model", file);
    if (!check_refusals(model, true, error))
        return false;
    for (size_t i = 0; i < archive->count; i++)
        if (is_of_one_module(archive->arrays[i].name))
            return error_set(error, ERROR_INPUT,
                             "%s holds projections of one layer (%s), and no model: expected it without "
                             "--projections, as one more input",
                             file, archive->arrays[i].name);
    return error_set(error, ERROR_INPUT,
                     "%s holds %zu tensors, and no profile knows their names, the first %s: expected the "
                     "weights of a model that docs/inputs.md lists; --w-q %s:NAME takes one",
                     file, archive->count, archive->arrays[0].name, file);
}

/* By the names alone. `type` is what the config says, and nobody knows; NULL: nothing. */
static bool profile_of_names(struct model *model, const char *type, struct warnings *warnings,
                             struct error *error)
{
    struct fit fit;
    const struct profile *tie;
    const char *file = model->archive->sources[0].name;
    model->profile = profile_by_names(model->archive, &fit, &tie);
    if (!model->profile)
        return nothing_fits(model, error);
    if (type)
        warnings_add(
            warnings,
            "%s: nothing is known of the model type \"%s\": it is taken for %s by its names, and may "
            "attend otherwise; --profile names another",
            model->config.file, type, model->profile->title);
    else if (tie)
        warnings_add(warnings,
                     "%s: by its names this is %s, but it may be %s or another with the same names: --config "
                     "gives its config.json, --profile %s names it",
                     file, model->profile->title, tie->title, tie->name);
    return true;
}

static bool choose_profile(struct model *model, struct inputs *inputs, const char *said,
                           struct warnings *warnings, struct error *error)
{
    const char *architecture = config_text(&model->config, "general.architecture");
    const char *type = architecture ? architecture : config_text(&model->config, "model_type");
    const char *by = "by the names of its tensors";
    char shown[80];
    text_clean(shown, sizeof shown, type ? type : "");
    if (said) {
        by = "as --profile says";
        if (!profile_said(model, said, error))
            return false;
    } else if (type && (model->profile = profile_for(type, architecture)) &&
               (architecture || fit_of(model->profile, model->archive, NULL).inputs > 0)) {
        by = architecture ? "by general.architecture" : "by model_type";
    } else if (architecture) {
        return check_refusals(model, true, error) &&
               error_set(error, ERROR_INPUT,
                         "%s: nothing is known of the architecture \"%s\": expected one that docs/inputs.md "
                         "lists, or --profile",
                         model->archive->sources[0].name, shown);
    } else if (!profile_of_names(model, model->profile ? NULL : type ? shown : NULL, warnings, error)) {
        return false;
    }
    warnings_add(&inputs->notes, "%s: the profile is %s, %s, %s%s%s", model->archive->sources[0].name,
                 model->profile->name, model->profile->title, by,
                 model->config.count > 0 ? "; its config is " : "",
                 model->config.count > 0 ? model->config.file : "");
    return true;
}

/* ---- which part ---- */

void model_row_name(char out[MODEL_NAME], const struct model *model, const struct profile_row *row,
                    size_t layer)
{
    const bool anywhere = text_begins(row->pattern, "*.");
    const char *rest = row->pattern + (anywhere ? 2 : 0), *place = strstr(rest, "%d");
    const char *prefix = anywhere && model->prefix ? model->prefix : "";
    if (place)
        snprintf(out, MODEL_NAME, "%s%.*s%zu%s", prefix, (int)(place - rest), rest, layer, place + 2);
    else
        snprintf(out, MODEL_NAME, "%s%s", prefix, rest);
}

/* Chooses the part: what is said, else cross attention beside a context, else the first that is there. */
static bool choose_part(struct model *model, struct inputs *inputs, enum dump_part said, struct error *error)
{
    static const enum dump_part order[] = {PART_ONLY, PART_ENCODER, PART_DECODER, PART_CROSS};
    const uint64_t met = rows_met(model->profile, model->archive, NULL);
    const char *file = model->archive->sources[0].name;
    bool has[PART_COUNT], any = false;
    for (enum dump_part part = PART_ONLY; part < PART_COUNT; part++) {
        has[part] = inputs_of(model->profile, part, met, true);
        any = any || has[part];
    }
    for (size_t i = PART_COUNT; i-- > 0;)
        if (has[order[i]])
            model->part = order[i];
    if (has[PART_CROSS] && inputs->all.tensor[INPUT_CONTEXT].data)
        model->part = PART_CROSS;
    if (!any) {
        char name[MODEL_NAME];
        model_row_name(name, model, model->profile->rows, 0);
        return check_refusals(model, true, error) &&
               error_set(error, ERROR_INPUT, "%s: no tensor has a name of %s: expected %s", file,
                         model->profile->title, name);
    }
    if (said != PART_ONLY && !has[said])
        return dump_part_error(has, said, file, error);
    model->part = said != PART_ONLY ? said : model->part;
    for (enum dump_part part = PART_ENCODER; part < PART_COUNT; part++)
        if (has[part] && part != model->part)
            warnings_add(&inputs->notes, "%s: %s is taken; --part %s takes %s", file,
                         dump_part_calls[model->part], dump_part_names[part], dump_part_calls[part]);
    return true;
}

/* ---- which modules ---- */

/* The modules in front of the names, and how many arrays stand behind them. */
struct stem {
    const char *text;
    size_t length, count;
};
enum { STEMS_MOST = 16 };

/* Whether modules are those of pictures or sound beside a model of text. */
static bool stem_is_aside(const struct stem *stem)
{
    static const char *const words[] = {"vision", "visual", "image", "audio", "speech"};
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)(stem->length < 255 ? stem->length : 255), stem->text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(text, words[i]))
            return true;
    return false;
}

/* Lists the stems of the rows of the part. */
static size_t list_stems(const struct model *model, struct stem *stems)
{
    size_t count = 0;
    for (size_t i = 0; i < model->archive->count; i++) {
        const struct array *array = &model->archive->arrays[i];
        struct name_numbers numbers = {0};
        const struct profile_row *row = model->profile->rows;
        while (row->pattern && !(row->part == model->part && is_named_by(row, array, &numbers)))
            row++;
        if (!row->pattern)
            continue;
        size_t s = 0;
        while (s < count &&
               (stems[s].length != numbers.start || memcmp(stems[s].text, array->name, numbers.start) != 0))
            s++;
        if (s == count && count == STEMS_MOST)
            continue;
        if (s == count)
            stems[count++] = (struct stem){array->name, numbers.start, 0};
        stems[s].count++;
    }
    return count;
}

/* Chooses the modules that the names stand in: of text before others, then those with most arrays. */
static bool choose_stem(struct model *model, struct inputs *inputs, struct error *error)
{
    struct stem stems[STEMS_MOST];
    const size_t count = list_stems(model, stems);
    const struct stem *best = NULL, *second = NULL;
    for (int aside = 0; aside < 2 && !best; aside++)
        for (size_t s = 0; s < count; s++) {
            if (stem_is_aside(&stems[s]) != aside)
                continue;
            if (!best || stems[s].count > best->count) {
                second = NULL;
                best = &stems[s];
            } else if (stems[s].count == best->count) {
                second = &stems[s];
            }
        }
    if (second)
        return error_set(error, ERROR_INPUT,
                         "%s holds the same names below %.*s and %.*s: expected a file with one of them",
                         model->archive->sources[0].name, (int)best->length, best->text, (int)second->length,
                         second->text);
    if (count > 1)
        warnings_add(&inputs->notes, "%s: of several modules %.*s is taken", model->archive->sources[0].name,
                     (int)best->length, best->text);
    model->prefix = text_copy_part(best->text, best->length);
    return model->prefix || error_memory(error, best->length);
}

/* ---- layers ---- */

/* Whether an array is that of a row, below the chosen modules. */
static bool is_of_row(const struct model *model, size_t row, const struct array *array,
                      struct name_numbers *numbers)
{
    const struct profile_row *r = &model->profile->rows[row];
    return r->part == model->part && is_named_by(r, array, numbers) &&
           strncmp(array->name, model->prefix, numbers->start) == 0 && !model->prefix[numbers->start];
}

/* How many layers there are: as the config says where all share their tensors, else by the largest number. */
static bool count_model_layers(struct model *model, struct error *error)
{
    size_t most = 0;
    for (size_t i = 0; i < model->archive->count; i++)
        for (size_t r = 0; r < model->row_count; r++) {
            struct name_numbers numbers;
            if (is_of_row(model, r, &model->archive->arrays[i], &numbers) && numbers.layer != SIZE_MAX &&
                numbers.layer >= most)
                most = numbers.layer + 1;
        }
    model->layer_count = most > 0 ? most : 1;
    if (!model->profile->layers_key)
        return true;
    const char *text = model_value(model, model->profile->layers_key);
    int64_t number;
    if (!text)
        return error_set(error, ERROR_INPUT,
                         "%s: its layers share their tensors, and no file says how many they are: expected "
                         "--config FILE with %s",
                         model->archive->sources[0].name, model->profile->layers_key);
    if (!text_to_integer(text, &number) || number < 1 || number > LAYERS_MAX)
        return error_set(error, ERROR_INPUT, "%s: %s is %s: expected a whole number from 1 to %d",
                         model->config.file, model->profile->layers_key, text, LAYERS_MAX);
    model->layer_count = (size_t)number;
    return true;
}

/* Fills the table of what was found. */
static bool find_layers(struct model *model, struct error *error)
{
    while (model->profile->rows[model->row_count].pattern)
        model->row_count++;
    if (!count_model_layers(model, error))
        return false;
    const size_t cells = model->layer_count * model->row_count;
    model->found = memory_alloc(cells, sizeof *model->found, error);
    if (!model->found)
        return false;
    memset(model->found, 0xff, cells * sizeof *model->found);
    for (size_t i = 0; i < model->archive->count; i++)
        for (size_t r = 0; r < model->row_count; r++) {
            struct name_numbers numbers;
            if (!is_of_row(model, r, &model->archive->arrays[i], &numbers))
                continue;
            const size_t layer = numbers.layer == SIZE_MAX ? 0 : numbers.layer;
            if (layer < model->layer_count)
                model->found[layer * model->row_count + r] = i;
        }
    return true;
}

/* ALBERT may have groups of layers that differ: only one group of one layer is one for all. */
static bool check_groups(const struct model *model, struct error *error)
{
    static const char *const keys[] = {"num_hidden_groups", "inner_group_num"};
    for (size_t i = 0; model->profile->layers_key && i < 2; i++) {
        const char *text = model_value(model, keys[i]);
        if (text && strcmp(text, "1") != 0)
            return error_set(error, ERROR_INPUT, "%s: %s is %s: expected 1, one layer for all",
                             model->config.file, keys[i], text);
    }
    return true;
}

bool model_open(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                struct warnings *warnings, struct error *error)
{
    return open_weights(model, inputs, choice, error) && find_config(model, inputs, choice->config, error) &&
           model_find(model, inputs, choice, warnings, error);
}

bool model_find(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                struct warnings *warnings, struct error *error)
{
    return check_refusals(model, false, error) &&
           choose_profile(model, inputs, choice->profile, warnings, error) &&
           choose_part(model, inputs, choice->part, error) && choose_stem(model, inputs, error) &&
           check_groups(model, error) && find_layers(model, error);
}

void model_free(struct model *model)
{
    config_free(&model->config);
    free(model->found);
    free(model->prefix);
    *model = (struct model){0};
}

const char *model_title(const char *path, struct error *refused)
{
    const struct model_choice choice = {.path = path};
    struct inputs inputs = {0};
    struct model model = {0};
    struct warnings warnings = {0};
    const bool ok = model_open(&model, &inputs, &choice, &warnings, refused);
    const char *title = ok ? model.profile->title : NULL;
    warnings_free(&warnings);
    model_free(&model);
    inputs_free(&inputs);
    return title;
}
