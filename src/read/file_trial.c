#include "read/file_trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "problem/deferred.h"
#include "problem/parts.h"
#include "problem/problem.h"
#include "read/dump.h"

static void trial_warn(struct file_info *info, const char *text)
{
    for (size_t i = 0; i < info->warnings.count; i++)
        if (strcmp(info->warnings.text[i], text) == 0)
            return;
    warnings_add(&info->warnings, "%s", text);
}

/* Whether a tensor is that of an array, by its place. */
static bool is_of_array(const struct tensor *tensor, const struct array *array)
{
    const char *place = tensor->data ? tensor->place.file : NULL;
    const size_t length = place ? strlen(place) : 0, name = strlen(array->name);
    return length > name && place[length - name - 1] == ':' &&
           strcmp(place + length - name, array->name) == 0;
}

/* Masks under names of other software are a mask, one of keys, or a bias by their numbers: as which one they were read. */
static bool name_masks(struct file_info *info, const struct inputs *inputs, struct error *error)
{
    static const enum input masks[] = {INPUT_MASK, INPUT_KEY_MASK, INPUT_BIAS};
    enum { COUNT = sizeof masks / sizeof *masks };
    for (size_t i = 0; i < info->file.count; i++) {
        struct tensor_info *tensor = &info->tensors[i];
        bool is_mask = false;
        for (size_t m = 0; m < COUNT; m++)
            is_mask = is_mask || tensor->input == masks[m];
        for (size_t m = 0; is_mask && m < COUNT; m++) {
            if (tensor->input == masks[m] ||
                !is_of_array(&inputs->all.tensor[masks[m]], &info->file.arrays[i]))
                continue;
            free(tensor->reading);
            tensor->input = masks[m];
            tensor->reading = text_copy(input_names[masks[m]]);
            if (!tensor->reading)
                return error_memory(error, 64);
            break;
        }
    }
    return true;
}

/* Makes problems of inputs, as a run without options does. What it warns of is told by file_info.c, or of no use without a run. */
static bool try_problems(struct inputs *inputs, struct error *refused)
{
    static const struct settings nothing;
    struct inputs *parts = NULL;
    struct warnings warnings = {0};
    size_t count = 0;
    bool ok = deferred_fetch(inputs, NULL, refused) &&
              problem_prepare(inputs, &nothing, &warnings, refused) &&
              inputs_part(&parts, &count, inputs, refused);
    for (size_t i = 0; ok && i < count; i++) {
        struct problem problem = {0};
        ok = problem_make(&problem, &parts[i], &nothing, &warnings, refused);
        problem_free(&problem);
    }
    free(parts);
    warnings_free(&warnings);
    return ok;
}

/* Reads the arrays as a run does. Numbers may be changed where they lie. */
static bool try_arrays(struct file_info *info, struct error *refused, struct error *error)
{
    static const struct read_target any = {.what = READ_ANY};
    const struct array_path *path = &info->file.path;
    struct inputs inputs = {0};
    struct warnings warnings = {0};
    bool ok = true;
    if (dump_read(&inputs, &info->file.archive, path->name, path->index, &any, &warnings, refused)) {
        ok = name_masks(info, &inputs, error);
        if (ok && info->is_enough)
            try_problems(&inputs, refused);
    }
    for (size_t i = 0; i < warnings.count; i++)
        trial_warn(info, warnings.text[i]);
    warnings_free(&warnings);
    inputs_free(&inputs);
    return ok;
}

/* Those of a text are read already. */
static void try_text(struct file_info *info, struct error *refused)
{
    for (size_t i = 0; i < info->file.count; i++)
        info->file.arrays[i].data = NULL;
    try_problems(&info->file.inputs, refused);
}

/* Whether a trial can tell more: arrays are taken for something, and all that is wrong is not said yet. */
static bool wants_trial(const struct file_info *info)
{
    const bool is_whole = !info->file.path.name && !info->file.path.index;
    bool any = false;
    for (size_t i = 0; i < info->file.count; i++)
        any = any || info->tensors[i].input < INPUT_COUNT;
    return any && !info->skips_trial && (!info->file.is_text || (info->is_enough && is_whole));
}

bool file_trial(struct file_info *info, struct error *error)
{
    struct error refused = {0};
    bool ok = true;
    if (!wants_trial(info))
        return true;
    if (info->file.is_text)
        try_text(info, &refused);
    else
        ok = try_arrays(info, &refused, error);
    if (ok && refused.kind == ERROR_SYSTEM)
        return error_set(error, ERROR_SYSTEM, "%s", refused.message);
    if (refused.kind != ERROR_NONE)
        trial_warn(info, refused.message);
    return ok;
}
