#include "cmd/sheet_heads.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

void sheet_heads_plan(struct sheet *sheet)
{
    sheet->rows_name = "heads";
    sheet_add_column(sheet, "layer", CELL_COUNT, false);
    sheet_add_column(sheet, "head", CELL_COUNT, false);
    sheet_add_column(sheet, "queries", CELL_COUNT, true);
    sheet_add_column(sheet, "keys", CELL_COUNT, true);
}

static struct sheet_head find_head(const struct part *part, const struct excerpt *e, size_t l, size_t h)
{
    return (struct sheet_head){.part = part,
                               .layer = e->mean.layers > 0 ? (double)NAN : (double)excerpt_layer(e, l),
                               .head = e->mean.heads > 0 ? (double)NAN : (double)excerpt_head_number(e, l, h),
                               .at = {e->layer_index[l], excerpt_head(e, l, h)},
                               .n = e->query_count,
                               .m = e->key_count,
                               .weights = excerpt_matrix(e, STAGE_WEIGHTS, l, h)};
}

static void name_row(const struct sheet *sheet, size_t row, const struct sheet_head *head)
{
    const double numbers[HEAD_COLUMNS] = {head->layer, head->head, (double)head->n, (double)head->m};
    for (size_t k = 0; k < HEAD_COLUMNS; k++)
        sheet_cell(sheet, row, k)->number = numbers[k];
}

struct sheet_head *sheet_heads_list(struct sheet *sheet, const struct computation *computation,
                                    struct error *error)
{
    const struct excerpts *excerpts = &computation->excerpts;
    size_t count = 0, row = 0;
    for (size_t i = 0; i < excerpts->count; i++)
        count += excerpts->list[i].layer_count * excerpts->list[i].head_count;
    struct sheet_head *list = memory_alloc(count, sizeof *list, error);
    if (!list || !sheet_make_rows(sheet, count, error)) {
        free(list);
        return NULL;
    }
    for (size_t i = 0; i < excerpts->count; i++) {
        const struct excerpt *e = &excerpts->list[i];
        for (size_t k = 0; k < e->layer_count * e->head_count; k++, row++) {
            list[row] = find_head(&computation->parts[i], e, k / e->head_count, k % e->head_count);
            name_row(sheet, row, &list[row]);
        }
    }
    return list;
}

bool sheet_is_of_one_size(const struct computation *computation, const char *option, const char *what,
                          struct error *error)
{
    const struct computation *c = computation;
    if (c->part_count == 1)
        return true;
    return error_set(error, ERROR_INPUT,
                     "%s: layers %zu and %zu differ in size, and have no %s; choose those that agree with "
                     "--layer",
                     option, c->parts[0].problem.layer_first, c->parts[1].problem.layer_first, what);
}

bool sheet_heads_distances(struct sheet *sheet, const struct computation *computation,
                           const struct sheet_head *list, enum head_distance which, const char *option,
                           struct error *error)
{
    if (!sheet_is_of_one_size(computation, option, "distance", error))
        return false;
    struct strided *weights = memory_alloc(sheet->row_count, sizeof *weights, error);
    for (size_t i = 0; weights && i < sheet->row_count; i++)
        weights[i] = list[i].weights;
    sheet->pairs_name = "distances";
    sheet->pairs =
        weights ? head_distances(weights, sheet->row_count, list[0].n, list[0].m, which, error) : NULL;
    free(weights);
    return sheet->pairs;
}
