#include "view/panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Whether all heads have the same matrices in every layer. */
static bool is_common(const struct result *result, enum stage stage)
{
    const struct stage_data *data = &result->stage[stage];
    size_t bytes = data->rows * data->columns * sizeof *data->data;
    for (size_t l = 0; l < result->layer_count; l++)
        for (size_t h = 1; h < data->heads; h++)
            if (memcmp(stage_matrix(data, l, 0), stage_matrix(data, l, h), bytes) != 0)
                return false;
    return true;
}

static enum owner find_owner(const struct result *result, enum stage stage)
{
    const struct problem *problem = result->problem;
    if (stage == STAGE_OUTPUT || (stage == STAGE_ENCODING && !result->stage[stage].is_pairs))
        return OWNER_ALL;
    if (result->averaged)
        return OWNER_MEAN;
    if (stage_is_keys(stage) && problem->kv_heads != problem->heads)
        return OWNER_KV_HEAD;
    /* Masks are mostly the same for all heads; a head that was chosen keeps its name. */
    return stage == STAGE_MASK && result->head_count > 1 && is_common(result, stage) ? OWNER_ALL : OWNER_HEAD;
}

/* The number of a head of the stage. Where heads were chosen there is a head of keys and values for each. */
static size_t head_number(const struct panels *panels, size_t h)
{
    const struct result *result = panels->result;
    if (panels->owner != OWNER_KV_HEAD)
        return result->head_index[h];
    return result->heads_chosen ? result->head_index[h] / (result->problem->heads / result->problem->kv_heads)
                                : h;
}

static bool is_new(const struct panels *panels, size_t h)
{
    for (size_t i = 0; i < panels->count; i++)
        if (head_number(panels, panels->heads[i]) == head_number(panels, h))
            return false;
    return true;
}

/* Of position p: columns t and t + columns/2 are a cosine and a sine, or 2t and 2t + 1 a sine and a cosine;
 * see attention/position.h. */
static char *column_name(const struct problem_layer *layer, size_t column, size_t columns)
{
    bool turns = layer->settings.position != POSITION_SINUSOIDAL;
    size_t pair = turns ? column % (columns / 2) : column / 2;
    bool is_sine = turns ? column >= columns / 2 : column % 2 == 0;
    double length = pow(layer->position_base, 2 * (double)pair / (double)columns);
    const char *function = is_sine ? "sin" : "cos";
    return pair == 0 ? text_format("%s p", function)
                     : text_format(length < 1000 ? "%s p/%.3g" : "%s p/%.0f", function, length);
}

static bool name_columns(struct panels *panels, struct error *error)
{
    const struct result *result = panels->result;
    const struct problem_layer *layers = result->problem->layers, *first = &layers[result->layer_index[0]];
    size_t columns = result->stage[panels->stage].columns;
    if (panels->stage != STAGE_ENCODING || result->stage[panels->stage].is_pairs)
        return true;
    for (size_t l = 1; l < result->layer_count; l++) {
        const struct problem_layer *layer = &layers[result->layer_index[l]];
        if (layer->settings.position != first->settings.position ||
            layer->position_base != first->position_base)
            return true;
    }
    panels->columns = memory_zeroed(columns + 1, sizeof *panels->columns, error); /* NULL at the end */
    for (size_t c = 0; panels->columns && c < columns; c++)
        if (!(panels->columns[c] = column_name(first, c, columns)))
            return error_memory(error, 32);
    return panels->columns;
}

bool panels_find(struct panels *panels, const struct result *result, enum stage stage, struct error *error)
{
    size_t heads = result->stage[stage].heads;
    *panels = (struct panels){.result = result, .stage = stage, .owner = find_owner(result, stage)};
    panels->heads = memory_zeroed(heads, sizeof *panels->heads, error);
    if (!panels->heads)
        return false;
    bool each = panels->owner == OWNER_HEAD || panels->owner == OWNER_KV_HEAD;
    for (size_t h = 0; each && h < heads; h++)
        if (panels->owner == OWNER_HEAD || is_new(panels, h))
            panels->heads[panels->count++] = h;
    if (!each)
        panels->count = 1;
    return name_columns(panels, error);
}

void panels_free(struct panels *panels)
{
    for (size_t c = 0; panels->columns && panels->columns[c]; c++)
        free(panels->columns[c]);
    free(panels->columns);
    free(panels->heads);
    *panels = (struct panels){0};
}

void panels_head(const struct panels *panels, size_t i, bool brief, char name[PANEL_NAME])
{
    const struct result *result = panels->result;
    const struct problem *problem = result->problem;
    *name = 0;
    switch (panels->owner) {
    case OWNER_ALL:
        if (panels->stage == STAGE_MASK)
            snprintf(name, PANEL_NAME, "all heads");
        return;
    case OWNER_HEAD:
        if (problem->heads > 1)
            snprintf(name, PANEL_NAME, brief ? "H%zu" : "head %zu", head_number(panels, panels->heads[i]));
        return;
    case OWNER_KV_HEAD:
        if (problem->kv_heads > 1)
            snprintf(name, PANEL_NAME, brief ? "KV%zu" : "kv head %zu",
                     head_number(panels, panels->heads[i]));
        return;
    case OWNER_MEAN:
        snprintf(name, PANEL_NAME, "mean of %zu head%s", result->averaged_count,
                 result->averaged_count == 1 ? "" : "s");
    }
}

void panels_title(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME])
{
    char layer[32] = "", head[PANEL_NAME];
    panels_head(panels, i, brief, head);
    if (panels->result->problem->layer_count > 1)
        snprintf(layer, sizeof layer, brief ? "L%zu" : "layer %zu", panels->result->layer_index[l]);
    snprintf(name, PANEL_NAME, "%s%s%.60s", layer, *layer && *head ? (brief ? " " : " · ") : "", head);
}

void panels_file(const struct panels *panels, size_t l, size_t i, char name[PANEL_NAME])
{
    size_t layer = panels->result->layer_index[l];
    switch (panels->owner) {
    case OWNER_ALL:
        snprintf(name, PANEL_NAME, "layer%zu", layer);
        return;
    case OWNER_HEAD:
        snprintf(name, PANEL_NAME, "layer%zu-head%zu", layer, head_number(panels, panels->heads[i]));
        return;
    case OWNER_KV_HEAD:
        snprintf(name, PANEL_NAME, "layer%zu-kv-head%zu", layer, head_number(panels, panels->heads[i]));
        return;
    case OWNER_MEAN:
        snprintf(name, PANEL_NAME, "layer%zu-mean", layer);
    }
}
