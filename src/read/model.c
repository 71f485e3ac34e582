#include "read/model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "read/model_files.h"
#include "read/model_profile.h"
#include "read/name_pattern.h"

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
    const uint64_t met = profile_rows_met(model->profile, model->archive, NULL);
    const char *file = model->archive->sources[0].name;
    bool has[PART_COUNT], any = false;
    for (enum dump_part part = PART_ONLY; part < PART_COUNT; part++) {
        has[part] = profile_inputs_of(model->profile, part, met, true);
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
        return model_check_refusals(model, true, error) &&
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
        while (row->pattern && !(row->part == model->part && profile_row_names(row, array, &numbers)))
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

/* Whether an array is that of a row, below the chosen modules. */
static bool is_of_row(const struct model *model, size_t row, const struct array *array,
                      struct name_numbers *numbers)
{
    const struct profile_row *r = &model->profile->rows[row];
    return r->part == model->part && profile_row_names(r, array, numbers) &&
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
    return model_open_weights(model, inputs, choice, error) &&
           model_find_config(model, inputs, choice->config, error) &&
           model_find(model, inputs, choice, warnings, error);
}

bool model_find(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                struct warnings *warnings, struct error *error)
{
    return model_check_refusals(model, false, error) &&
           model_choose_profile(model, inputs, choice->profile, warnings, error) &&
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
