#include "view/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "figure/board.h"
#include "paint/paint_kit.h"
#include "view/panels.h"
#include "view/pictures.h"
#include "view/step_words.h"

/* The order of the formula. Positions come in where they are added: to q and k (first), or to the scores. */
static const enum stage step_order[] = {STAGE_ENCODING,
                                        STAGE_Q,
                                        STAGE_K,
                                        STAGE_SCORES,
                                        STAGE_SCALED,
                                        STAGE_ENCODING,
                                        STAGE_MASK,
                                        STAGE_MASKED,
                                        STAGE_WEIGHTS,
                                        STAGE_V,
                                        STAGE_HEADS,
                                        STAGE_OUTPUT,
                                        STAGE_CONTRIBUTION,
                                        STAGE_CONTRIBUTION_SHARE};
enum { STEP_ORDER = sizeof step_order / sizeof *step_order };

/* What the bars are called, and which stages share one. */
enum step_scale {
    SCALE_ENCODING,
    SCALE_QK,
    SCALE_SCORES,
    SCALE_MASK,
    SCALE_WEIGHTS,
    SCALE_VALUES,
    SCALE_CONTRIBUTION,
    SCALE_SHARE,
    SCALE_COUNT
};
static const enum step_scale step_scales[STAGE_COUNT] = {
    [STAGE_ENCODING] = SCALE_ENCODING,
    [STAGE_Q] = SCALE_QK,
    [STAGE_K] = SCALE_QK,
    [STAGE_SCORES] = SCALE_SCORES,
    [STAGE_SCALED] = SCALE_SCORES,
    [STAGE_MASKED] = SCALE_SCORES,
    [STAGE_MASK] = SCALE_MASK,
    [STAGE_WEIGHTS] = SCALE_WEIGHTS,
    [STAGE_V] = SCALE_VALUES,
    [STAGE_HEADS] = SCALE_VALUES,
    [STAGE_OUTPUT] = SCALE_VALUES,
    [STAGE_CONTRIBUTION] = SCALE_CONTRIBUTION,
    [STAGE_CONTRIBUTION_SHARE] = SCALE_SHARE,
};

/* A figure with everything that it points to, but for the result. Begins zeroed; freed by steps_free. */
struct steps {
    const struct excerpt *excerpt;
    enum stage stages[BOARD_COLUMNS]; /* of the columns */
    size_t across, rows;
    bool is_split; /* the output is weights·v in all layers, and has columns of each head */
    struct panels panels[BOARD_COLUMNS];
    struct board_column columns[BOARD_COLUMNS];
    const char *measures[SCALE_COUNT];
    size_t scale_count;
    struct picture pictures[STEPS_ROWS * BOARD_COLUMNS];
    struct drawing drawings[STEPS_ROWS * BOARD_COLUMNS];
    struct heatmap maps[STEPS_ROWS * BOARD_COLUMNS];
    struct step_words words[STEPS_ROWS * BOARD_COLUMNS];
    struct board_panel cells[STEPS_ROWS * BOARD_COLUMNS];
    char names[STEPS_ROWS][PANEL_NAME];
    const char *row_titles[STEPS_ROWS];
    char *footer;
};

/* Whether --steps has a stage; others have a panel where they are asked for. */
static bool is_step(enum stage stage)
{
    return stage != STAGE_MASK && stage != STAGE_HEADS && !stage_is_contribution(stage);
}

unsigned steps_stages(const struct problem *problem, const struct selection *selection)
{
    unsigned stages = 0;
    for (size_t i = 0; i < STEP_ORDER; i++) {
        struct error ignored = {0};
        struct stage_shape shape;
        const enum stage stage = step_order[i];
        if (is_step(stage) && stage_find(&shape, stage, problem, selection, &ignored) &&
            (stage != STAGE_ENCODING || shape.is_pairs))
            stages |= 1u << stage;
    }
    return stages;
}

size_t steps_heads(const struct excerpt *excerpt)
{
    return excerpt->layer_count * excerpt->head_count;
}

/* Whether a head of the figure has something masked or added to its scores. */
static bool steps_change_masked(const struct steps *steps)
{
    bool changes = false;
    for (size_t r = 0; r < steps->rows; r++)
        changes = changes || step_changes_masked(steps->excerpt, r / steps->excerpt->head_count,
                                                 r % steps->excerpt->head_count);
    return changes;
}

size_t steps_in_order(enum stage ordered[STAGE_COUNT], unsigned stages, bool by_distance)
{
    size_t count = 0;
    for (size_t i = 0; i < STEP_ORDER; i++)
        if (stages & 1u << step_order[i] && (step_order[i] != STAGE_ENCODING || by_distance == (i > 0)))
            ordered[count++] = step_order[i];
    return count;
}

static bool steps_choose(struct steps *steps, unsigned stages, bool all, struct error *error)
{
    const struct excerpt *excerpt = steps->excerpt;
    const size_t heads = steps_heads(excerpt);
    enum stage ordered[STAGE_COUNT];
    steps->rows = heads < STEPS_ROWS ? heads : STEPS_ROWS;
    steps->is_split = true;
    for (size_t r = 0; r < steps->rows; r++)
        steps->is_split = steps->is_split && step_output_is_plain(excerpt, r / excerpt->head_count);
    if (all && stages & 1u << STAGE_SCALED && !steps_change_masked(steps))
        stages &= ~(1u << STAGE_MASKED);
    const size_t count = steps_in_order(ordered, stages, excerpt->shape[STAGE_ENCODING].is_pairs);
    for (size_t i = 0; i < count; i++) {
        if (!excerpt_has(excerpt, ordered[i]))
            continue;
        if (!panels_find(&steps->panels[steps->across], excerpt, ordered[i], error))
            return false;
        steps->stages[steps->across++] = ordered[i];
    }
    return true;
}

/* What is added to scores is on their scale. */
static enum step_scale step_scale(const struct steps *steps, enum stage stage)
{
    return stage == STAGE_ENCODING && steps->excerpt->shape[stage].is_pairs ? SCALE_SCORES
                                                                            : step_scales[stage];
}

/* Stages that share a bar stand side by side, but for a mask between scaled and masked. */
static void steps_scales(struct steps *steps)
{
    size_t numbers[SCALE_COUNT];
    memset(numbers, 255, sizeof numbers);
    for (size_t c = 0; c < steps->across; c++) {
        const enum stage stage = steps->stages[c];
        size_t *number = &numbers[step_scale(steps, stage)];
        if (*number == SIZE_MAX)
            *number = steps->scale_count++;
        steps->columns[c] = (struct board_column){*number, steps->excerpt->shape[stage].is_pairs};
        steps->measures[*number] = steps->drawings[c].measure;
    }
    static const char *const shared[SCALE_COUNT] = {
        [SCALE_QK] = "entry of q and k", [SCALE_SCORES] = "score", [SCALE_VALUES] = "entry of v and output"};
    for (size_t c = 1; c < steps->across; c++)
        if (steps->columns[c].scale == steps->columns[c - 1].scale)
            steps->measures[steps->columns[c].scale] = shared[step_scale(steps, steps->stages[c])];
}

/* Cuts the columns of one head from an output that has those of all. */
static void steps_cut_output(struct steps *steps, size_t cell, size_t head)
{
    struct drawing *drawing = &steps->drawings[cell];
    struct heatmap *map = &steps->maps[cell];
    const size_t columns = drawing->columns / steps->excerpt->head_count;
    map->stride = map->stride > 0 ? map->stride : drawing->columns;
    map->values += head * columns;
    drawing->columns = columns;
}

/* One panel: the matrix as pictures have it, and its words. */
static bool steps_cell(struct steps *steps, size_t row, size_t column, const struct drawing_style *style,
                       struct error *error)
{
    const struct excerpt *excerpt = steps->excerpt;
    const struct panels *panels = &steps->panels[column];
    const enum stage stage = steps->stages[column];
    const size_t cell = row * steps->across + column, l = row / excerpt->head_count,
                 h = row % excerpt->head_count;
    const struct picture_matrices shown = {panels, false, l * panels->count + panels_of_head(panels, l, h)};
    struct picture *picture = &steps->pictures[cell];
    if (!picture_make(picture, &shown, style, NULL, error))
        return false;
    steps->drawings[cell] = picture->drawing;
    steps->maps[cell] = picture->maps[0];
    steps->drawings[cell].maps = &steps->maps[cell];
    if (stage == STAGE_OUTPUT && steps->is_split)
        steps_cut_output(steps, cell, h);
    struct step_words *words = &steps->words[cell];
    step_words_find(words, excerpt, steps->stages, column, l, h, steps->is_split);
    /* An output of all heads together stands in the first of their rows. */
    const bool is_there = stage != STAGE_OUTPUT || steps->is_split || h == 0;
    steps->cells[cell] = (struct board_panel){.drawing = is_there ? &steps->drawings[cell] : NULL,
                                              .title = words->title,
                                              .subtitle = words->subtitle[0] ? words->subtitle : NULL,
                                              .above = words->above[0] ? words->above : NULL,
                                              .sign = words->sign[0] ? words->sign : NULL,
                                              .below = words->below[0] ? words->below : NULL};
    return true;
}

/* "layer 1 · head 3", with the head of keys and values that it shares; and what is not shown. */
static bool steps_names(struct steps *steps, struct error *error)
{
    const struct excerpt *excerpt = steps->excerpt;
    const struct problem *problem = excerpt->result->problem;
    size_t heads[STEPS_ROWS] = {0, 1, 2, 3};
    const struct panels panels = {.excerpt = excerpt,
                                  .stage = STAGE_WEIGHTS,
                                  .owner = excerpt->mean.heads > 0 ? OWNER_MEAN : OWNER_HEAD,
                                  .heads = heads,
                                  .count = excerpt->head_count};
    for (size_t r = 0; r < steps->rows; r++) {
        const size_t h = r % excerpt->head_count;
        char *name = steps->names[r];
        panels_title(&panels, r / excerpt->head_count, h, false, name);
        if (problem->kv_heads != problem->heads && problem->kv_heads > 1 && !excerpt_is_mean(excerpt))
            snprintf(name + strlen(name), PANEL_NAME - strlen(name), " · kv head %zu",
                     excerpt_head(excerpt, r / excerpt->head_count, h) /
                         (problem->heads / problem->kv_heads));
        steps->row_titles[r] = name;
    }
    if (steps_heads(excerpt) == steps->rows)
        return true;
    steps->footer = text_format("the first %zu of %zu heads", steps->rows, steps_heads(excerpt));
    return steps->footer || error_memory(error, 64);
}

static bool steps_make(struct steps *steps, unsigned stages, bool all, const struct drawing_style *style,
                       struct error *error)
{
    if (!steps_choose(steps, stages, all, error) || !steps_names(steps, error))
        return false;
    for (size_t i = 0; i < steps->rows * steps->across; i++)
        if (!steps_cell(steps, i / steps->across, i % steps->across, style, error))
            return false;
    steps_scales(steps);
    return true;
}

static void steps_free(struct steps *steps)
{
    for (size_t i = 0; i < STEPS_ROWS * BOARD_COLUMNS; i++)
        picture_free(&steps->pictures[i]);
    for (size_t c = 0; c < BOARD_COLUMNS; c++)
        panels_free(&steps->panels[c]);
    free(steps->footer);
    free(steps);
}

bool steps_picture(struct out *out, const struct excerpt *excerpt, unsigned stages, bool all,
                   const struct painter *painter, const struct drawing_style *style, struct error *error)
{
    struct steps *steps = memory_zeroed(1, sizeof *steps, error);
    struct paint_kit kit = {0};
    struct figure figure = {0};
    if (!steps)
        return false;
    steps->excerpt = excerpt;
    bool ok = steps_make(steps, stages, all, style, error);
    const struct board board = {.title = excerpt->result->problem->title,
                                .rows = steps->rows,
                                .across = steps->across,
                                .panels = steps->cells,
                                .columns = steps->columns,
                                .measures = steps->measures,
                                .scale_count = steps->scale_count,
                                .row_titles = steps->names[0][0] ? steps->row_titles : NULL,
                                .footer = steps->footer,
                                .style = *style};
    ok = ok && paint_kit_open(&kit, style->font, error) && board_layout(&figure, &board, kit.font, error) &&
         painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    steps_free(steps);
    return ok;
}
