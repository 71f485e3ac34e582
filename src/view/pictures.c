#include "view/pictures.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/workers.h"
#include "paint/draw.h"
#include "problem/problem_head.h"

static const char *const measures[STAGE_COUNT] = {
    [STAGE_SCALED] = "scaled score", [STAGE_MASKED] = "masked score", [STAGE_WEIGHTS] = "attention weight",
    [STAGE_OUTPUT] = "output",       [STAGE_Q] = "entry of q",        [STAGE_K] = "entry of k",
    [STAGE_V] = "entry of v",        [STAGE_MASK] = "allowed",        [STAGE_ENCODING] = "position encoding",
};

static const char *const scores[] = {
    [SCORE_SCALED] = "score q·k",
    [SCORE_DOT] = "score q·k",
    [SCORE_COSINE] = "score q·k/(|q||k|)",
    [SCORE_GENERAL] = "score q·W·k",
    [SCORE_ADDITIVE] = "score v·tanh(q·W₁ + k·W₂)",
};

/* What the numbers are, for the colour bar. Scores have a formula if all layers have the same. */
static const char *measure_of(const struct problem *problem, enum stage stage)
{
    if (stage != STAGE_SCORES)
        return measures[stage];
    const struct problem_layer *layers = problem->layers;
    for (size_t l = 1; l < problem->layer_count; l++)
        if (layers[l].settings.score != layers[0].settings.score ||
            layers[l].settings.normalizer != layers[0].settings.normalizer)
            return "score";
    return layers[0].settings.normalizer == NORMALIZER_LINEAR ? "score φ(q)·φ(k)"
                                                              : scores[layers[0].settings.score];
}

/* The number of the first row: rows of an encoding are positions, others tokens. */
static size_t first_row(const struct result *result, enum stage stage, bool is_position)
{
    int64_t position = result->problem->layers[result->layer_index[0]].offset + (int64_t)result->query_first;
    return stage_is_keys(stage)           ? result->key_first
           : is_position && position >= 0 ? (size_t)position
                                          : result->query_first;
}

/* Whether a mask is 1 and 0 only, as it is but for the mean of heads that differ. */
static bool is_flags(const struct result *result, const struct stage_data *mask)
{
    size_t count = result->layer_count * mask->heads * mask->rows * mask->columns;
    for (size_t i = 0; result->averaged && i < count; i++)
        if (mask->data[i] != 0 && mask->data[i] != 1)
            return false;
    return true;
}

static bool is_pooled(const struct result *result, enum stage stage)
{
    return result->kept == KEPT_POOLED && result->stage[stage].is_pairs;
}

struct sides pictures_labels(const struct result *result, enum stage stage, const struct patch_view *patches)
{
    const struct problem *problem = result->problem;
    const bool pairs = result->stage[stage].is_pairs, keys = stage_is_keys(stage);
    struct sides sides = {NULL, NULL};
    if (is_pooled(result, stage) || (pairs && patches))
        return sides;
    const struct labels *rows = keys ? &problem->key_tokens : &problem->tokens;
    if (rows->given)
        sides.rows = (const char *const *)rows->text + (keys ? result->key_first : result->query_first);
    if (pairs && problem->key_tokens.given)
        sides.columns = (const char *const *)problem->key_tokens.text + result->key_first;
    return sides;
}

/* What all figures of a stage share. The heatmaps are set by the caller. */
static struct drawing drawing_of(const struct panels *panels, const struct drawing_style *wanted)
{
    const struct result *result = panels->result;
    const struct problem *problem = result->problem;
    enum stage stage = panels->stage;
    const struct stage_data *data = &result->stage[stage];
    bool recurrent = false; /* those weights may be anything */
    for (size_t l = 0; l < problem->layer_count; l++)
        recurrent = recurrent || problem->layers[l].settings.recurrence != RECURRENCE_NONE;
    bool keys = stage_is_keys(stage), pairs = data->is_pairs;
    bool positions = stage == STAGE_ENCODING && !pairs;
    bool flags = stage == STAGE_MASK && is_flags(result, data), mean = stage == STAGE_MASK && !flags;
    struct drawing_style style = *wanted;
    if (flags && style.annotate == ANNOTATE_AUTO) /* the colours say it */
        style.annotate = ANNOTATE_OFF;
    bool pooled = is_pooled(result, stage); /* cells are numbered by their first token */
    if (pooled && stage == STAGE_MASK)      /* whether some pair of a cell is seen */
        style.pool = POOL_MAX;
    struct sides labels = pictures_labels(result, stage, NULL);
    return (struct drawing){
        .rows = data->rows,
        .columns = data->columns,
        .row_labels = labels.rows,
        .column_labels = labels.columns ? labels.columns : (const char *const *)panels->columns,
        .row_first = first_row(result, stage, positions),
        .column_first = pairs ? result->key_first : 0,
        .row_step = pooled ? result->query_step : 1,
        .column_step = pooled ? result->key_step : 1,
        .row_axis = keys        ? "key"
                    : positions ? "position p"
                                : "query",
        .column_axis = pairs ? "key" : "feature",
        .measure = mean ? "share of heads" : measure_of(problem, stage),
        .more = mean ? "that see it" : NULL,
        .is_signed = stage == STAGE_WEIGHTS ? recurrent : stage != STAGE_MASK,
        .is_weight = (stage == STAGE_WEIGHTS && !recurrent) || stage == STAGE_MASK,
        .is_flag = flags,
        .style = style,
    };
}

static bool draw(struct painter *painter, const struct drawing *drawing, const struct panels *panels,
                 const struct patch_view *patches, struct out *out, struct error *error)
{
    if (patches && panels->result->stage[panels->stage].is_pairs)
        return patch_view_draw(painter, patches, panels->stage, drawing, out, error);
    return draw_png(painter, drawing, out, error);
}

/* The masked cells of a head, or NULL where the stage is before the mask or nothing is masked; the caller
 * frees. */
static bool mask_of(const struct result *result, enum stage stage, size_t l, size_t h, unsigned char **flags,
                    struct error *error)
{
    *flags = NULL;
    if (stage != STAGE_WEIGHTS && stage != STAGE_MASKED && stage != STAGE_MASK)
        return true;
    struct head rules;
    problem_head(result->problem, result->layer_index[l], result->head_index[h], &rules);
    if (!mask_is_any(&rules))
        return true;
    *flags = memory_alloc(result->stage[stage].rows * result->stage[stage].columns, 1, error);
    if (!*flags)
        return false;
    bool any = result_mask(result, l, h, *flags);
    /* Weights that were given are panels even where a mask says there are none. */
    if (any && stage != STAGE_MASK && result->problem->layers[0].attention) {
        const struct stage_data *data = &result->stage[stage];
        const float *values = stage_matrix(data, l, h);
        for (size_t i = 0; i < data->rows * data->columns; i++)
            (*flags)[i] &= values[i] == 0;
    }
    if (!any) {
        free(*flags);
        *flags = NULL;
    }
    return true;
}

/* What picture_all takes for a figure. */
struct panel_parts {
    struct heatmap *maps;
    char (*names)[PANEL_NAME]; /* of the panels, then of the rows and columns of panels */
    const char **titles;       /* pointers to those of rows and columns */
    unsigned char **flags;
    size_t count;
};

static void panel_parts_free(struct panel_parts *parts)
{
    for (size_t i = 0; parts->flags && i < parts->count; i++)
        free(parts->flags[i]);
    free(parts->flags);
    free(parts->titles);
    free(parts->names);
    free(parts->maps);
}

/* Names for the rows (layers) and columns (heads) of panels, for where their own names do not fit. */
static void name_grid(const struct panels *panels, struct panel_parts *parts, struct drawing *drawing)
{
    size_t layers = panels->result->layer_count;
    for (size_t i = 0; i < layers + panels->count; i++) {
        char *name = parts->names[parts->count + i];
        if (i < layers)
            snprintf(name, sizeof *parts->names, "L%zu", panels->result->layer_index[i]);
        else
            panels_head(panels, i - layers, true, name);
        parts->titles[i] = name;
    }
    drawing->row_titles = parts->titles;
    drawing->column_titles = parts->titles + layers;
}

static bool picture_all(const struct panels *panels, const struct drawing_style *style,
                        const struct patch_view *patches, struct painter *painter, struct out *out,
                        struct error *error)
{
    const struct result *result = panels->result;
    const struct stage_data *data = &result->stage[panels->stage];
    size_t heads = panels->count, layers = result->layer_count, count = layers * heads;
    struct drawing drawing = drawing_of(panels, style);
    struct panel_parts parts = {.maps = memory_zeroed(count, sizeof *parts.maps, error),
                                .names = memory_zeroed(count + layers + heads, sizeof *parts.names, error),
                                .titles = memory_zeroed(layers + heads, sizeof *parts.titles, error),
                                .flags = memory_zeroed(count, sizeof *parts.flags, error),
                                .count = count};
    bool ok = parts.maps && parts.names && parts.titles && parts.flags, brief = layers > 1 && heads > 1;
    for (size_t i = 0; ok && i < count; i++) {
        size_t l = i / heads, h = panels->heads[i % heads];
        ok = mask_of(result, panels->stage, l, h, &parts.flags[i], error);
        panels_title(panels, l, i % heads, brief, parts.names[i]);
        parts.maps[i] = (struct heatmap){
            .title = parts.names[i], .values = stage_matrix(data, l, h), .masked = parts.flags[i]};
    }
    drawing.title = result->problem->title;
    drawing.maps = parts.maps;
    drawing.map_count = count;
    /* A row of panels a layer, unless that makes a tower. */
    if (layers > 1 && layers <= 4 * heads) {
        drawing.across = heads;
        if (ok && brief)
            name_grid(panels, &parts, &drawing);
    }
    ok = ok && draw(painter, &drawing, panels, patches, out, error);
    panel_parts_free(&parts);
    return ok;
}

/* One matrix, its name in the title. */
static bool picture_head(const struct panels *panels, size_t l, size_t i, const struct drawing_style *style,
                         const struct patch_view *patches, struct painter *painter, struct out *out,
                         struct error *error)
{
    const struct result *result = panels->result;
    struct drawing drawing = drawing_of(panels, style);
    char name[PANEL_NAME];
    unsigned char *flags;
    panels_title(panels, l, i, false, name);
    const char *title = result->problem->title;
    char *whole = text_format("%s%s%s", title ? title : "", title && *name ? " · " : "", name);
    if (!whole)
        return error_memory(error, PANEL_NAME);
    bool ok = mask_of(result, panels->stage, l, panels->heads[i], &flags, error);
    struct heatmap map = {.values = stage_matrix(&result->stage[panels->stage], l, panels->heads[i]),
                          .masked = flags};
    drawing.title = whole;
    drawing.maps = &map;
    drawing.map_count = 1;
    ok = ok && draw(painter, &drawing, panels, patches, out, error);
    free(flags);
    free(whole);
    return ok;
}

/* What the threads share that draw. */
struct studio {
    const struct drawing_style *style;
    const struct patch_view *patches;
    const struct picture *pictures;
    size_t count;
    struct painter *painters[WORKERS_MAX]; /* one a thread, once it has begun */
    pthread_mutex_t lock;                  /* of what follows */
    size_t failed;                         /* the first picture that failed; count: none */
    struct error *error;                   /* why */
};

static bool picture_draw(const struct studio *studio, struct painter *painter, const struct picture *picture,
                         struct error *error)
{
    const struct panels *panels = picture->panels;
    if (picture->all)
        return picture_all(panels, studio->style, studio->patches, painter, picture->out, error);
    return picture_head(panels, picture->matrix / panels->count, picture->matrix % panels->count,
                        studio->style, studio->patches, painter, picture->out, error);
}

/* The last picture first: that of all heads, the largest, stands behind those of the heads. */
static void studio_draw(void *context, int member, size_t job)
{
    struct studio *studio = context;
    size_t at = studio->count - 1 - job;
    struct error error = {0};
    if (!studio->painters[member])
        studio->painters[member] = painter_open(&error);
    struct painter *painter = studio->painters[member];
    if (painter && picture_draw(studio, painter, &studio->pictures[at], &error))
        return;
    pthread_mutex_lock(&studio->lock);
    if (at < studio->failed) {
        studio->failed = at;
        *studio->error = error;
    }
    pthread_mutex_unlock(&studio->lock);
}

bool pictures_draw(const struct picture *pictures, size_t count, const struct drawing_style *style,
                   const struct patch_view *patches, struct error *error)
{
    struct studio studio = {.style = style,
                            .patches = patches,
                            .pictures = pictures,
                            .count = count,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .failed = count,
                            .error = error};
    workers_run(count, studio_draw, &studio);
    for (int i = 0; i < WORKERS_MAX; i++)
        painter_close(studio.painters[i]);
    return studio.failed == count;
}
