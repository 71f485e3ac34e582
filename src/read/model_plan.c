#include "read/model_plan.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "read/model.h"

/* Whether a tensor of the layers tells how many heads there are, or how wide they are. */
static bool row_tells_heads(const struct profile_row *row)
{
    return row->layout == LAYOUT_OF_HEADS || row->input == INPUT_Q_NORM || row->input == INPUT_RELATIVE_BIAS;
}

static bool config_tells_heads(const struct model *model)
{
    for (const struct profile_key *key = model->profile->keys; key && key->keys; key++)
        if (key->setting == SETTING_HEADS && model_value(model, key->keys))
            return true;
    return false;
}

/* The readings of the arrays that were found, which have the same places in both archives: both are of one file. */
static void plan_model(struct dump_reading *readings, bool *lacks_heads, const struct model *model,
                       size_t count)
{
    *lacks_heads = !config_tells_heads(model);
    for (size_t layer = 0; layer < model->layer_count; layer++)
        for (size_t r = 0; r < model->row_count; r++) {
            const size_t array = model->found[layer * model->row_count + r];
            const struct profile_row *row = &model->profile->rows[r];
            if (array >= count)
                continue;
            *lacks_heads = *lacks_heads && !row_tells_heads(row);
            readings[array].input = row->input;
            readings[array].layer = strstr(row->pattern, "%d") ? layer : SIZE_MAX;
        }
}

bool model_plan(struct dump_reading **readings, const char **title, bool *lacks_heads, const char *path,
                const struct archive *archive, struct warnings *notes, struct warnings *warnings,
                struct error *error)
{
    struct inputs inputs = {0};
    struct model model = {0};
    struct error refused = {0};
    const struct model_choice choice = {.path = path};
    *title = NULL;
    *lacks_heads = false;
    *readings = memory_alloc(archive->count, sizeof **readings, error);
    if (!*readings)
        return false;
    for (size_t i = 0; i < archive->count; i++)
        (*readings)[i] = (struct dump_reading){.input = INPUT_COUNT, .layer = SIZE_MAX, .step = SIZE_MAX};
    bool ok = true;
    if (model_open(&model, &inputs, &choice, warnings, &refused)) {
        plan_model(*readings, lacks_heads, &model, archive->count);
        *title = model.profile->title;
    } else if (refused.kind == ERROR_SYSTEM) {
        ok = error_set(error, refused.kind, "%s", refused.message);
    } else {
        warnings_add(warnings, "%s", refused.message);
    }
    *notes = inputs.notes;
    inputs.notes = (struct warnings){0};
    model_free(&model);
    inputs_free(&inputs);
    return ok;
}
