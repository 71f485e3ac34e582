#include "view/versus_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "figure/board.h"
#include "paint/paint_kit.h"
#include "view/panels.h"
#include "view/pictures.h"
#include "view/versus_table.h"

enum {
    VERSUS_CELLS = VERSUS_ROWS * VERSUS_COLUMNS,
    TITLE_SIZE = 512,
    TITLE_LINE = 26, /* columns of a title, which is broken behind an option that reaches beyond */
    TITLE_MOST = 44  /* and cut here */
};

/* A row: a head that some of the variants have. */
struct versus_row {
    size_t layer, head; /* their numbers */
    char name[PANEL_NAME];
};

/* A title over a column: the options, or as many as fit in a line, and below them the others. */
struct versus_title {
    char first[TITLE_SIZE], second[TITLE_SIZE];
};

/* A figure with everything that it points to, but for the results. Begins zeroed; freed by versus_free. */
struct versus {
    const struct versus_variant *variants;
    size_t across;
    enum stage stage;
    struct panels panels[VERSUS_COLUMNS];
    struct versus_title titles[VERSUS_COLUMNS];
    struct board_column columns[VERSUS_COLUMNS];
    struct versus_row rows[VERSUS_ROWS];
    size_t row_count, head_count; /* those that are drawn, and all */
    const char *row_titles[VERSUS_ROWS];
    struct picture pictures[VERSUS_CELLS];
    struct drawing drawings[VERSUS_CELLS];
    struct board_panel cells[VERSUS_CELLS];
    char *title, *footer;
};

static const struct excerpt *versus_excerpt(const struct versus_variant *variant)
{
    return &variant->excerpts->list[0];
}

/* The place of a head among the layer_count×head_count of an excerpt; SIZE_MAX: it does not have it. */
static size_t excerpt_find(const struct excerpt *e, size_t layer, size_t head)
{
    for (size_t k = 0; k < e->layer_count * e->head_count; k++)
        if (excerpt_layer(e, k / e->head_count) == layer &&
            excerpt_head_number(e, k / e->head_count, k % e->head_count) == head)
            return k;
    return SIZE_MAX;
}

size_t versus_heads(const struct versus_variant *variants, size_t count)
{
    size_t heads = 0;
    for (size_t v = 0; v < count; v++) {
        const struct excerpt *e = versus_excerpt(&variants[v]);
        for (size_t k = 0; k < e->layer_count * e->head_count; k++) {
            bool is_known = false;
            for (size_t before = 0; before < v && !is_known; before++)
                is_known =
                    excerpt_find(versus_excerpt(&variants[before]), excerpt_layer(e, k / e->head_count),
                                 excerpt_head_number(e, k / e->head_count, k % e->head_count)) != SIZE_MAX;
            heads += !is_known;
        }
    }
    return heads;
}

/* ---- the rows ---- */

static bool has_row(const struct versus *versus, size_t layer, size_t head)
{
    for (size_t r = 0; r < versus->row_count; r++)
        if (versus->rows[r].layer == layer && versus->rows[r].head == head)
            return true;
    return false;
}

/* Whether all variants have one matrix for all heads of a layer, as masks mostly are. */
static bool are_joint(const struct versus *versus)
{
    bool are = true;
    for (size_t v = 0; v < versus->across; v++)
        are = are && versus->panels[v].owner == OWNER_ALL;
    return are;
}

/* The heads of the first variant, then those that others alone have; of heads that have one matrix the first. */
static void find_rows(struct versus *versus)
{
    const bool is_joint = are_joint(versus);
    for (size_t v = 0; v < versus->across; v++) {
        const struct excerpt *e = versus_excerpt(&versus->variants[v]);
        for (size_t k = 0; k < e->layer_count * e->head_count && versus->row_count < VERSUS_ROWS; k++) {
            const size_t l = k / e->head_count, h = k % e->head_count;
            const size_t layer = excerpt_layer(e, l), head = excerpt_head_number(e, l, h);
            if ((is_joint && h > 0) || has_row(versus, layer, head))
                continue;
            versus->rows[versus->row_count++] = (struct versus_row){.layer = layer, .head = head};
        }
    }
}

/* What a row is called, by the variant that says most: one of several heads has a number. */
static void name_versus_row(struct versus *versus, size_t r)
{
    struct versus_row *row = &versus->rows[r];
    for (size_t v = 0; v < versus->across; v++) {
        const struct excerpt *e = versus_excerpt(&versus->variants[v]);
        const size_t k = excerpt_find(e, row->layer, row->head);
        char name[PANEL_NAME];
        if (k == SIZE_MAX)
            continue;
        panels_title(&versus->panels[v], k / e->head_count,
                     panels_of_head(&versus->panels[v], k / e->head_count, k % e->head_count), false, name);
        if (strlen(name) > strlen(row->name))
            snprintf(row->name, sizeof row->name, "%s", name);
    }
    versus->row_titles[r] = row->name;
}

/* ---- the columns ---- */

/* Where a title of more than one line is broken: before the last option that begins within a line, or else the first behind it; SIZE_MAX:
 * nowhere. */
static size_t title_break(const char *text)
{
    size_t at = SIZE_MAX;
    for (const char *option = strstr(text, " --"); option; option = strstr(option + 1, " --")) {
        char before[TITLE_SIZE];
        snprintf(before, sizeof before, "%.*s", (int)(option - text), text);
        if (at != SIZE_MAX && text_columns(before) > TITLE_LINE)
            break;
        at = (size_t)(option - text);
    }
    return at;
}

/* Cuts a text that takes more columns than there are. */
static void title_cut(char text[TITLE_SIZE])
{
    size_t length = strlen(text);
    if (text_columns(text) <= TITLE_MOST)
        return;
    while (length > 0 && text_columns(text) >= TITLE_MOST) {
        do
            length--;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80);
        text[length] = 0;
    }
    snprintf(text + length, TITLE_SIZE - length, "…");
}

static void find_title(struct versus_title *title, const struct versus_variant *variant)
{
    char text[TITLE_SIZE - 8];
    text_clean(text, sizeof text, versus_name(variant));
    const size_t at = text_columns(text) > TITLE_LINE ? title_break(text) : SIZE_MAX;
    if (at == SIZE_MAX) {
        snprintf(title->first, TITLE_SIZE, "%s", text);
    } else {
        snprintf(title->first, TITLE_SIZE, "%.*s", (int)at, text);
        snprintf(title->second, TITLE_SIZE, "%s", text + at + 1);
    }
    title_cut(title->first);
    title_cut(title->second);
}

static bool labels_agree(const char *const *a, const char *const *b, size_t count)
{
    if (!a || !b)
        return !a && !b;
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* One panel. Labels that are those of the variant before are the same, so that they stand once. */
static bool versus_cell(struct versus *versus, size_t r, size_t v, const struct drawing_style *style,
                        struct error *error)
{
    const struct excerpt *e = versus_excerpt(&versus->variants[v]);
    const struct panels *panels = &versus->panels[v];
    const size_t cell = r * versus->across + v,
                 k = excerpt_find(e, versus->rows[r].layer, versus->rows[r].head);
    const struct versus_title *title = &versus->titles[v];
    if (k == SIZE_MAX)
        return true;
    const size_t l = k / e->head_count;
    const struct picture_matrices shown = {panels, false,
                                           l * panels->count + panels_of_head(panels, l, k % e->head_count)};
    struct picture *picture = &versus->pictures[cell];
    if (!picture_make(picture, &shown, style, NULL, error))
        return false;
    struct drawing *drawing = &versus->drawings[cell];
    *drawing = picture->drawing;
    for (size_t before = v; before-- > 0;) {
        const struct drawing *other = &versus->drawings[r * versus->across + before];
        if (other->maps && other->rows == drawing->rows &&
            labels_agree(other->row_labels, drawing->row_labels, drawing->rows))
            drawing->row_labels = other->row_labels;
    }
    versus->cells[cell] = (struct board_panel){drawing, title->first, title->second[0] ? title->second : NULL,
                                               NULL,    NULL,         NULL};
    return true;
}

/* All are on one scale: one that has signs if one of them may have, and one of weights if all have weights. */
static void share_one_scale(struct versus *versus)
{
    bool is_signed = false, is_weight = true;
    for (size_t i = 0; i < versus->row_count * versus->across; i++)
        if (versus->cells[i].drawing) {
            is_signed = is_signed || versus->drawings[i].is_signed;
            is_weight = is_weight && versus->drawings[i].is_weight;
        }
    for (size_t i = 0; i < versus->row_count * versus->across; i++) {
        versus->drawings[i].is_signed = is_signed;
        versus->drawings[i].is_weight = is_weight;
    }
}

/* ---- the figure ---- */

/* That of the input, and the stage unless it is that of weights; and how many heads are not shown. */
static bool find_texts(struct versus *versus, struct error *error)
{
    const char *title = versus_excerpt(&versus->variants[0])->result->problem->title;
    versus->title = text_format("%s", title ? title : "");
    if (!versus->title)
        return error_memory(error, TITLE_SIZE);
    if (are_joint(versus) || versus->row_count == versus->head_count)
        return true;
    versus->footer = text_format("the first %zu of %zu heads", versus->row_count, versus->head_count);
    return versus->footer || error_memory(error, TITLE_SIZE);
}

static bool versus_make(struct versus *versus, const struct drawing_style *style, struct error *error)
{
    for (size_t v = 0; v < versus->across; v++) {
        find_title(&versus->titles[v], &versus->variants[v]);
        versus->columns[v] = (struct board_column){.scale = 0, .is_square = true};
        if (!panels_find(&versus->panels[v], versus_excerpt(&versus->variants[v]), versus->stage, error))
            return false;
    }
    versus->head_count = versus_heads(versus->variants, versus->across);
    find_rows(versus);
    for (size_t r = 0; r < versus->row_count; r++) {
        name_versus_row(versus, r);
        for (size_t v = 0; v < versus->across; v++)
            if (!versus_cell(versus, r, v, style, error))
                return false;
    }
    share_one_scale(versus);
    return find_texts(versus, error);
}

static void versus_free(struct versus *versus)
{
    for (size_t i = 0; i < VERSUS_CELLS; i++)
        picture_free(&versus->pictures[i]);
    for (size_t v = 0; v < VERSUS_COLUMNS; v++)
        panels_free(&versus->panels[v]);
    free(versus->title);
    free(versus->footer);
    free(versus);
}

/* The drawing that names the scale. */
static const char *versus_measure(const struct versus *versus)
{
    size_t i = 0;
    while (!versus->cells[i].drawing)
        i++;
    return versus->drawings[i].measure;
}

bool versus_picture(struct out *out, const struct versus_variant *variants, size_t count, enum stage stage,
                    const struct painter *painter, const struct drawing_style *style, struct error *error)
{
    struct versus *versus = memory_zeroed(1, sizeof *versus, error);
    struct paint_kit kit = {0};
    struct figure figure = {0};
    if (!versus)
        return false;
    versus->variants = variants;
    versus->across = count;
    versus->stage = stage;
    bool ok = versus_make(versus, style, error);
    const char *measure = ok ? versus_measure(versus) : NULL;
    const struct board board = {.title = versus->title,
                                .rows = versus->row_count,
                                .across = count,
                                .panels = versus->cells,
                                .columns = versus->columns,
                                .measures = &measure,
                                .scale_count = 1,
                                .row_titles = versus->rows[0].name[0] ? versus->row_titles : NULL,
                                .footer = versus->footer,
                                .style = *style};
    ok = ok && paint_kit_open(&kit, style->font, error) && board_layout(&figure, &board, kit.font, error) &&
         painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    versus_free(versus);
    return ok;
}
