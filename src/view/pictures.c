#include "view/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "compute/given.h"

static const char *const measures[STAGE_COUNT] = {
    [STAGE_SCALED] = "scaled score",
    [STAGE_MASKED] = "masked score",
    [STAGE_WEIGHTS] = "attention weight",
    [STAGE_OUTPUT] = "output",
    [STAGE_Q] = "entry of q",
    [STAGE_K] = "entry of k",
    [STAGE_V] = "entry of v",
    [STAGE_MASK] = "allowed",
    [STAGE_ENCODING] = "position encoding",
    [STAGE_HEADS] = "output of a head",
    [STAGE_CONTRIBUTION] = "contribution",
    [STAGE_CONTRIBUTION_SHARE] = "share of the contributions",
};

/* The stages in titles. */
static const char *const titles[STAGE_COUNT] = {
    [STAGE_SCORES] = "scores",
    [STAGE_SCALED] = "scaled scores",
    [STAGE_MASKED] = "masked scores",
    [STAGE_WEIGHTS] = "weights",
    [STAGE_OUTPUT] = "output",
    [STAGE_Q] = "queries",
    [STAGE_K] = "keys",
    [STAGE_V] = "values",
    [STAGE_MASK] = "mask",
    [STAGE_ENCODING] = "position encoding",
    [STAGE_HEADS] = "output of each head",
    [STAGE_CONTRIBUTION] = "contributions",
    [STAGE_CONTRIBUTION_SHARE] = "shares of the contributions",
};

static const char *const scores[] = {
    [SCORE_SCALED] = "score q·k",
    [SCORE_DOT] = "score q·k",
    [SCORE_COSINE] = "score q·k/(|q||k|)",
    [SCORE_GENERAL] = "score q·W·k",
    [SCORE_ADDITIVE] = "score v·tanh(q·W₁ + k·W₂)",
    [SCORE_DISTANCE] = "score -|q - k|²/2",
};

/* The formula of contributions, if it is the same in all layers. */
static const char *measure_of_contribution(const struct problem *problem)
{
    size_t carried = 0;
    for (size_t l = 0; l < problem->layer_count; l++)
        carried += problem->layers[l].w_o != NULL;
    return carried == 0                      ? "contribution weight·‖v‖"
           : carried == problem->layer_count ? "contribution weight·‖v·w_o‖"
                                             : measures[STAGE_CONTRIBUTION];
}

/* The name of the numbers, for the colour bar. Scores have a formula if all layers have the same. */
static const char *measure_of(const struct problem *problem, enum stage stage)
{
    const struct problem_layer *layers = problem->layers;
    if (stage == STAGE_CONTRIBUTION)
        return measure_of_contribution(problem);
    if (stage != STAGE_SCORES)
        return measures[stage];
    for (size_t l = 1; l < problem->layer_count; l++)
        if (layers[l].settings.score != layers[0].settings.score ||
            layers[l].settings.normalizer != layers[0].settings.normalizer)
            return "score";
    return layers[0].settings.normalizer == NORMALIZER_LINEAR ? "score φ(q)·φ(k)"
                                                              : scores[layers[0].settings.score];
}

/* The number of the first row: rows of an encoding are positions, others tokens. */
static size_t first_row(const struct excerpt *excerpt, enum stage stage, bool is_position)
{
    const struct problem_layer *layer = &excerpt->result->problem->layers[excerpt->layer_index[0]];
    int64_t position = layer->offset + (int64_t)excerpt->query_first;
    return stage_is_keys(stage)           ? excerpt->key_first
           : is_position && position >= 0 ? (size_t)position
                                          : excerpt->query_first;
}

static bool is_pooled(const struct excerpt *excerpt, enum stage stage)
{
    return excerpt->result->kept == KEPT_POOLED && excerpt->shape[stage].is_pairs;
}

struct sides pictures_labels(const struct excerpt *excerpt, enum stage stage,
                             const struct patch_view *patches)
{
    const struct problem *problem = excerpt->result->problem;
    const bool pairs = excerpt->shape[stage].is_pairs, keys = stage_is_keys(stage);
    struct sides sides = {NULL, NULL};
    if (is_pooled(excerpt, stage) || (pairs && patches))
        return sides;
    const struct labels *rows = keys ? &problem->key_tokens : &problem->tokens;
    if (rows->given)
        sides.rows = labels_shown(rows) + (keys ? excerpt->key_first : excerpt->query_first);
    if (pairs && problem->key_tokens.given)
        sides.columns = labels_shown(&problem->key_tokens) + excerpt->key_first;
    return sides;
}

/* The common part of all drawings of a stage. The heatmaps are set by the caller. */
static struct drawing drawing_of(const struct panels *panels, const struct drawing_style *wanted)
{
    const struct excerpt *excerpt = panels->excerpt;
    const struct problem *problem = excerpt->result->problem;
    enum stage stage = panels->stage;
    const struct stage_shape *shape = &excerpt->shape[stage];
    bool has_sign = false; /* weights of a recurrence, and differences of weights, may be negative */
    for (size_t l = 0; l < problem->layer_count; l++)
        has_sign = has_sign || problem->layers[l].settings.recurrence != RECURRENCE_NONE ||
                   settings_have(&problem->layers[l].settings, SETTING_DIFFERENTIAL);
    bool keys = stage_is_keys(stage), pairs = shape->is_pairs;
    bool positions = stage == STAGE_ENCODING && !pairs;
    bool flags = stage == STAGE_MASK;
    struct drawing_style style = *wanted;
    if (flags && style.annotate == ANNOTATE_AUTO) /* the colours say it */
        style.annotate = ANNOTATE_OFF;
    bool pooled = is_pooled(excerpt, stage); /* cells are numbered by their first token */
    if (pooled && flags)                     /* whether some pair of a cell is allowed */
        style.pool = POOL_MAX;
    struct sides labels = pictures_labels(excerpt, stage, NULL);
    return (struct drawing){
        .rows = shape->rows,
        .columns = shape->columns,
        .row_labels = labels.rows,
        .column_labels = labels.columns ? labels.columns : (const char *const *)panels->columns,
        .row_first = first_row(excerpt, stage, positions),
        .column_first = pairs ? excerpt->key_first : 0,
        .row_step = pooled ? excerpt->result->cells.query_step : 1,
        .column_step = pooled ? excerpt->result->cells.key_step : 1,
        .row_axis = keys        ? "key"
                    : positions ? "position p"
                                : "query",
        .column_axis = pairs ? "key" : "feature",
        .measure = measure_of(problem, stage),
        .is_signed = stage == STAGE_WEIGHTS ? has_sign : stage != STAGE_MASK && !stage_is_contribution(stage),
        .is_weight =
            (stage == STAGE_WEIGHTS && !has_sign) || stage == STAGE_MASK || stage == STAGE_CONTRIBUTION_SHARE,
        .is_length = stage == STAGE_CONTRIBUTION,
        .is_flag = flags,
        .style = style,
    };
}

/* The masked cells of a head, or NULL where nothing is masked; the caller frees. Without those that have `weight`, which
 * are shown even where a mask says that there are none. */
static bool mask_of(const struct excerpt *excerpt, enum stage stage, size_t l, size_t h, bool weight,
                    unsigned char **flags, struct error *error)
{
    const struct stage_shape *shape = &excerpt->shape[stage];
    *flags = memory_alloc(shape->rows * shape->columns, 1, error);
    if (!*flags)
        return false;
    bool any = false;
    for (size_t i = 0; i < shape->rows; i++) {
        unsigned char *row = *flags + i * shape->columns;
        any = excerpt_mask_row(excerpt, l, h, i, row) || any;
        const float *values = weight ? excerpt_row(excerpt, stage, l, h, i, NULL) : NULL;
        for (size_t j = 0; weight && j < shape->columns; j++)
            row[j] &= values[j] == 0;
    }
    if (!any) {
        free(*flags);
        *flags = NULL;
    }
    return true;
}

/* The same of weights that look causal: a cell is masked where all its pairs lie above the diagonal. */
static bool triangle_of(const struct excerpt *excerpt, unsigned char **flags, struct error *error)
{
    const struct stage_shape *shape = &excerpt->shape[STAGE_WEIGHTS];
    const struct pair_cells *cells = &excerpt->result->cells;
    const bool pooled = is_pooled(excerpt, STAGE_WEIGHTS);
    const size_t query_step = pooled ? cells->query_step : 1, key_step = pooled ? cells->key_step : 1;
    *flags = memory_alloc(shape->rows * shape->columns, 1, error);
    for (size_t i = 0; *flags && i < shape->rows; i++)
        for (size_t j = 0; j < shape->columns; j++)
            (*flags)[i * shape->columns + j] =
                excerpt->key_first + j * key_step > excerpt->query_first + (i + 1) * query_step - 1;
    return *flags;
}

/* Names for the rows (layers) and columns (heads) of panels, in case panels have no room for their own. */
static void name_grid(struct picture *picture, const struct panels *panels)
{
    size_t layers = panels->excerpt->layer_count;
    for (size_t i = 0; i < layers + panels->count; i++) {
        char *name = picture->names[picture->count + i];
        if (i < layers)
            snprintf(name, sizeof *picture->names, "L%zu", excerpt_layer(panels->excerpt, i));
        else
            panels_head(panels, 0, i - layers, true, name);
        picture->titles[i] = name;
    }
    picture->drawing.row_titles = picture->titles;
    picture->drawing.column_titles = picture->titles + layers;
}

/* Finds or makes the masked cells of a map. Heads mostly share one mask: each is unpacked once. */
static bool picture_mask(struct picture *picture, size_t i, const struct panels *panels, size_t l, size_t h,
                         struct error *error)
{
    enum { BACK = 64 }; /* maps that are asked for the same */
    const struct excerpt *excerpt = panels->excerpt;
    const enum stage stage = panels->stage;
    const bool has_mask = stage == STAGE_WEIGHTS || stage == STAGE_MASKED || stage == STAGE_MASK ||
                          stage_is_contribution(stage);
    const void *key = has_mask ? excerpt_mask_key(excerpt, l, h) : NULL;
    const bool weight = key && stage != STAGE_MASK && excerpt_weighs_masked(excerpt, l);
    if (!key && picture->is_triangle)
        key = &picture->is_triangle;
    if (!key)
        return true;
    for (size_t j = i; !weight && j > 0 && i - j < BACK; j--)
        if (picture->masks[j - 1].shared_with == key) {
            picture->masks[i].shared_with = key;
            picture->maps[i].masked = picture->maps[j - 1].masked;
            return true;
        }
    picture->masks[i].shared_with = weight ? NULL : key;
    if (!(picture->is_triangle ? triangle_of(excerpt, &picture->masks[i].flags, error)
                               : mask_of(excerpt, stage, l, h, weight, &picture->masks[i].flags, error)))
        return false;
    picture->maps[i].masked = picture->masks[i].flags;
    return true;
}

static bool picture_map(struct picture *picture, size_t i, const struct panels *panels, size_t l, size_t h,
                        struct error *error)
{
    const struct excerpt *excerpt = panels->excerpt;
    const struct strided matrix = excerpt_matrix(excerpt, panels->stage, l, h);
    if (!matrix.data && !(picture->values[i] = excerpt_pack(excerpt, panels->stage, l, h, error)))
        return false;
    picture->maps[i].values = matrix.data ? matrix.data : picture->values[i];
    picture->maps[i].stride = matrix.row;
    return picture_mask(picture, i, panels, l, h, error);
}

/* The title, and behind it which stage is drawn, unless it says so itself or has weights, as the colour bar says; the
 * caller frees it. NULL without memory. */
static char *title_of_stage(const struct panels *panels)
{
    const char *title = panels->excerpt->result->problem->title, *stage = titles[panels->stage];
    const bool has_title = title && *title;
    const bool is_said = panels->stage == STAGE_WEIGHTS || (has_title && strcasestr(title, stage));
    return text_format("%s%s%s", has_title ? title : "", has_title && !is_said ? " · " : "",
                       is_said ? "" : stage);
}

/* Every matrix is a panel with its name over it. */
static bool make_all(struct picture *picture, const struct panels *panels, struct error *error)
{
    size_t heads = panels->count, layers = panels->excerpt->layer_count, count = picture->count;
    const bool is_picked = panels->excerpt->is_picked;
    bool brief = is_picked || (layers > 1 && heads > 1);
    picture->names = memory_zeroed(count + layers + heads, sizeof *picture->names, error);
    picture->titles = memory_zeroed(layers + heads, sizeof *picture->titles, error);
    if (!picture->names || !picture->titles)
        return false;
    for (size_t i = 0; i < count; i++) {
        panels_title(panels, i / heads, i % heads, brief, picture->names[i]);
        picture->maps[i].title = picture->names[i];
        if (!picture_map(picture, i, panels, i / heads, panels->heads[i % heads], error))
            return false;
    }
    picture->title = title_of_stage(panels);
    picture->drawing.title = picture->title;
    if (!picture->title)
        return error_memory(error, PANEL_NAME);
    picture->drawing.overlaid = is_picked ? count : heads;
    if (brief && !is_picked && picture->drawing.style.has_lines)
        name_grid(picture, panels);
    /* A row of panels a layer, unless that makes a tower or layers are heads that were picked. */
    if (!is_picked && layers > 1 && layers <= 4 * heads) {
        picture->drawing.across = heads;
        if (brief)
            name_grid(picture, panels);
    }
    return true;
}

/* One matrix, its name in the title. */
static bool make_one(struct picture *picture, const struct panels *panels, size_t matrix, struct error *error)
{
    size_t l = matrix / panels->count, i = matrix % panels->count;
    char name[PANEL_NAME];
    panels_title(panels, l, i, false, name);
    char *title = title_of_stage(panels);
    picture->title = title ? text_format("%s%s%s", title, *title && *name ? " · " : "", name) : NULL;
    picture->drawing.title = picture->title;
    free(title);
    return picture->title ? picture_map(picture, 0, panels, l, panels->heads[i], error)
                          : error_memory(error, PANEL_NAME);
}

/* Whether weights were given, and all above the diagonal are 0 though no mask says so. */
static bool looks_causal(const struct panels *panels)
{
    const struct result *result = panels->excerpt->result;
    return panels->stage == STAGE_WEIGHTS && result->given && given_is_causal(result->problem, result->given);
}

bool picture_make(struct picture *picture, const struct picture_matrices *shown,
                  const struct drawing_style *style, const struct patch_view *patches, struct error *error)
{
    const struct panels *panels = shown->panels;
    picture->drawing = drawing_of(panels, style);
    picture->is_triangle = !patches && looks_causal(panels);
    if (picture->is_triangle)
        picture->drawing.masked_name = "masked (all 0)";
    picture->count = shown->all ? panels->excerpt->layer_count * panels->count : 1;
    picture->maps = memory_zeroed(picture->count, sizeof *picture->maps, error);
    picture->masks = memory_zeroed(picture->count, sizeof *picture->masks, error);
    picture->values = memory_zeroed(picture->count, sizeof *picture->values, error);
    if (!picture->maps || !picture->masks || !picture->values ||
        !(shown->all ? make_all(picture, panels, error) : make_one(picture, panels, shown->matrix, error)))
        return false;
    picture->drawing.maps = picture->maps;
    picture->drawing.map_count = picture->count;
    if (!patches || !panels->excerpt->shape[panels->stage].is_pairs)
        return true;
    if (!patch_drawing_make(&picture->over, patches, panels->stage, &picture->drawing, error))
        return false;
    picture->drawing = picture->over.drawing;
    return true;
}

void picture_free(struct picture *picture)
{
    for (size_t i = 0; picture->masks && i < picture->count; i++)
        free(picture->masks[i].flags);
    for (size_t i = 0; picture->values && i < picture->count; i++)
        free(picture->values[i]);
    free(picture->masks);
    free(picture->values);
    free(picture->titles);
    free(picture->names);
    free(picture->maps);
    free(picture->title);
    patch_drawing_free(&picture->over);
    *picture = (struct picture){0};
}
