#include "view/panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Whether all heads have one mask in every layer. */
static bool panels_have_one_mask(const struct excerpt *excerpt)
{
    for (size_t l = 0; l < excerpt->layer_count; l++)
        for (size_t h = 1; h < excerpt->head_count; h++)
            if (!excerpt_masks_agree(excerpt, l, 0, l, h))
                return false;
    return true;
}

static enum owner panels_owner(const struct excerpt *excerpt, enum stage stage)
{
    const struct problem *problem = excerpt->result->problem;
    const enum stage_heads whose = excerpt->shape[stage].whose;
    if (whose == STAGE_HEADS_JOINT && (!excerpt->is_picked || excerpt->mean.heads > 0))
        return OWNER_ALL;
    if (excerpt->mean.heads > 0)
        return OWNER_MEAN;
    if (excerpt->is_picked) /* also what heads share: it stands beside each that was picked */
        return OWNER_HEAD;
    if (whose == STAGE_HEADS_KV && problem->kv_heads != problem->heads)
        return OWNER_KV_HEAD;
    /* Masks are mostly the same for all heads; a head that was chosen keeps its name. */
    return stage == STAGE_MASK && excerpt->head_count > 1 && panels_have_one_mask(excerpt) ? OWNER_ALL
                                                                                           : OWNER_HEAD;
}

/* The number of a head of the stage. Where heads were chosen, stages k and v have a matrix for each of
 * them. */
static size_t panels_head_number(const struct panels *panels, size_t l, size_t h)
{
    const struct excerpt *excerpt = panels->excerpt;
    const struct problem *problem = excerpt->result->problem;
    if (panels->owner != OWNER_KV_HEAD)
        return excerpt_head_number(excerpt, l, h);
    return excerpt->has_own_heads ? excerpt_head(excerpt, l, h) / (problem->heads / problem->kv_heads) : h;
}

/* Whether a head of the same number is drawn already. */
static bool panels_has_head(const struct panels *panels, size_t h)
{
    for (size_t i = 0; i < panels->count; i++)
        if (panels_head_number(panels, 0, panels->heads[i]) == panels_head_number(panels, 0, h))
            return true;
    return false;
}

/* "cos p/100". Columns t and t + columns/2 of a rotary encoding are a cosine and a sine of position p,
 * columns 2t and 2t + 1 of a sinusoidal one a sine and a cosine: attention/position.h. The caller frees
 * it. */
static char *panels_column_name(const struct problem_layer *layer, size_t column, size_t columns)
{
    bool rotary = layer->settings.position != POSITION_SINUSOIDAL;
    size_t pair = rotary ? column % (columns / 2) : column / 2;
    bool is_sine = rotary ? column >= columns / 2 : column % 2 == 0;
    double divisor = pow(layer->position_base, 2 * (double)pair / (double)columns);
    const char *function = is_sine ? "sin" : "cos";
    return pair == 0 ? text_format("%s p", function)
                     : text_format(divisor < 1000 ? "%s p/%.3g" : "%s p/%.0f", function, divisor);
}

static bool panels_name_columns(struct panels *panels, struct error *error)
{
    const struct excerpt *excerpt = panels->excerpt;
    const struct problem_layer *layers = excerpt->result->problem->layers,
                               *first = &layers[excerpt->layer_index[0]];
    size_t columns = excerpt->shape[panels->stage].columns;
    if (panels->stage != STAGE_ENCODING || excerpt->shape[panels->stage].is_pairs)
        return true;
    for (size_t l = 1; l < excerpt_layers(excerpt); l++) {
        const struct problem_layer *layer = &layers[excerpt->layer_index[l]];
        if (layer->settings.position != first->settings.position ||
            layer->position_base != first->position_base)
            return true;
    }
    panels->columns = memory_zeroed(columns + 1, sizeof *panels->columns, error); /* NULL at the end */
    for (size_t c = 0; panels->columns && c < columns; c++)
        if (!(panels->columns[c] = panels_column_name(first, c, columns)))
            return error_memory(error, 32);
    return panels->columns;
}

bool panels_find(struct panels *panels, const struct excerpt *excerpt, enum stage stage, struct error *error)
{
    size_t heads = excerpt->shape[stage].heads;
    *panels = (struct panels){.excerpt = excerpt, .stage = stage, .owner = panels_owner(excerpt, stage)};
    panels->heads = memory_zeroed(heads, sizeof *panels->heads, error);
    if (!panels->heads)
        return false;
    bool each = panels->owner == OWNER_HEAD || panels->owner == OWNER_KV_HEAD;
    for (size_t h = 0; each && h < heads; h++)
        if (panels->owner == OWNER_HEAD || !panels_has_head(panels, h))
            panels->heads[panels->count++] = h;
    if (!each)
        panels->count = 1;
    return panels_name_columns(panels, error);
}

void panels_free(struct panels *panels)
{
    for (size_t c = 0; panels->columns && panels->columns[c]; c++)
        free(panels->columns[c]);
    free(panels->columns);
    free(panels->heads);
    *panels = (struct panels){0};
}

size_t panels_of_head(const struct panels *panels, size_t l, size_t h)
{
    const struct excerpt *excerpt = panels->excerpt;
    const struct problem *problem = excerpt->result->problem;
    if (panels->owner == OWNER_ALL || panels->owner == OWNER_MEAN)
        return 0;
    size_t number = excerpt_head(excerpt, l, h), i = 0;
    if (panels->owner == OWNER_KV_HEAD)
        number /= problem->heads / problem->kv_heads;
    while (i + 1 < panels->count && panels_head_number(panels, l, panels->heads[i]) != number)
        i++;
    return i;
}

void panels_head(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME])
{
    const struct problem *problem = panels->excerpt->result->problem;
    const size_t averaged = panels->excerpt->mean.heads;
    *name = 0;
    switch (panels->owner) {
    case OWNER_ALL:
        if (panels->stage == STAGE_MASK)
            snprintf(name, PANEL_NAME, "all heads");
        return;
    case OWNER_HEAD:
        if (problem->heads > 1 || panels_head_number(panels, l, panels->heads[i]) > 0)
            snprintf(name, PANEL_NAME, brief ? "H%zu" : "head %zu",
                     panels_head_number(panels, l, panels->heads[i]));
        return;
    case OWNER_KV_HEAD:
        if (problem->kv_heads > 1)
            snprintf(name, PANEL_NAME, brief ? "KV%zu" : "kv head %zu",
                     panels_head_number(panels, l, panels->heads[i]));
        return;
    case OWNER_MEAN:
        snprintf(name, PANEL_NAME, "mean of %zu head%s", averaged, averaged == 1 ? "" : "s");
    }
}

/* "mean of 12 layers", the layer's own title, "layer 3" or, brief, "L3"; "" where there is only one, which is no mean. */
static void panels_layer(const struct panels *panels, size_t l, bool brief, char name[PANEL_NAME])
{
    enum { OWN_TITLE = 31 }; /* bytes, beside what stands behind it */
    const struct excerpt *excerpt = panels->excerpt;
    const char *title = excerpt->result->problem->layers[excerpt->layer_index[l]].title;
    const size_t averaged = excerpt->mean.layers;
    *name = 0;
    if (averaged > 0)
        snprintf(name, PANEL_NAME, "mean of %zu layer%s", averaged, averaged == 1 ? "" : "s");
    else if (title)
        text_clean(name, OWN_TITLE, title);
    else if (excerpt->result->problem->layers_in_all > 1 || excerpt_layer(excerpt, l) > 0)
        snprintf(name, PANEL_NAME, brief ? "L%zu" : "layer %zu", excerpt_layer(excerpt, l));
}

/* " · induction 0.82" behind a title, where heads were picked by a measure and are no mean. */
static void panels_add_value(const struct excerpt *excerpt, size_t l, char name[PANEL_NAME])
{
    const size_t length = strlen(name);
    if (!excerpt->values || excerpt_is_mean(excerpt) || isnan(excerpt->values[l]))
        return;
    const double value = excerpt->values[l];
    snprintf(name + length, PANEL_NAME - length, fabs(value) < 1000 ? "%s%s %.2f" : "%s%s %.3g",
             length > 0 ? " · " : "", excerpt->measure, value);
}

void panels_title(const struct panels *panels, size_t l, size_t i, bool brief, char name[PANEL_NAME])
{
    char layer[PANEL_NAME], head[PANEL_NAME];
    const struct excerpt_mean *mean = &panels->excerpt->mean;
    panels_head(panels, l, i, brief, head);
    panels_layer(panels, l, brief, layer);
    if (panels->owner == OWNER_MEAN && panels->excerpt->is_picked)
        snprintf(name, PANEL_NAME, "mean of %zu head%s", mean->layers, mean->layers == 1 ? "" : "s");
    else if (panels->owner == OWNER_MEAN && mean->layers > 0)
        snprintf(name, PANEL_NAME, "%.60s and %zu head%s", layer, mean->heads, mean->heads == 1 ? "" : "s");
    else
        snprintf(name, PANEL_NAME, "%.30s%s%.60s", layer, *layer && *head ? (brief ? " " : " · ") : "", head);
    panels_add_value(panels->excerpt, l, name);
}

void panels_file(const struct panels *panels, size_t l, size_t i, char name[PANEL_NAME])
{
    const struct excerpt *excerpt = panels->excerpt;
    char layer[32] = "mean";
    if (excerpt->mean.layers == 0)
        snprintf(layer, sizeof layer, "layer%zu", excerpt_layer(excerpt, l));
    switch (panels->owner) {
    case OWNER_ALL:
        snprintf(name, PANEL_NAME, "%s", layer);
        return;
    case OWNER_HEAD:
        snprintf(name, PANEL_NAME, "%s-head%zu", layer, panels_head_number(panels, l, panels->heads[i]));
        return;
    case OWNER_KV_HEAD:
        snprintf(name, PANEL_NAME, "%s-kv-head%zu", layer, panels_head_number(panels, l, panels->heads[i]));
        return;
    case OWNER_MEAN:
        snprintf(name, PANEL_NAME, excerpt->mean.layers > 0 ? "%s" : "%s-mean", layer);
    }
}
