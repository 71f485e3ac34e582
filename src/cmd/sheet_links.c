/* attn stats --links: how well heads align two sentences (compute/alignment_scores.h) as a sheet. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/out.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/alignment_scores.h"
#include "read/links.h"

static void links_plan(struct sheet *sheet, const struct sheet_options *own)
{
    sheet_say_text(sheet, "links", own->links);
    sheet_heads_plan(sheet);
    sheet_add_column(sheet, "alignment_error_rate", CELL_NUMBER, false);
    sheet_add_column(sheet, "precision", CELL_NUMBER, false);
    sheet_add_column(sheet, "recall", CELL_NUMBER, false);
    sheet_add_column(sheet, "coverage", CELL_NUMBER, false);
    sheet_add_column(sheet, "coverage_penalty", CELL_NUMBER, false);
    sheet_add_column(sheet, "monotonicity", CELL_NUMBER, false);
    sheet_add_column(sheet, "alignment", CELL_TEXT, false);
}

/* The alignment in the format of the links, in order of the first numbers; NULL for want of memory. */
static char *write_links(const size_t *keys, size_t n, size_t m, const struct sheet_options *own,
                         struct error *error)
{
    struct out out;
    const char *space = "";
    out_begin(&out, -1, "links");
    for (size_t j = 0; j < (own->links_reverse ? 1 : m); j++)
        for (size_t i = 0; i < n; i++) {
            if (keys[i] == SIZE_MAX || (keys[i] != j && !own->links_reverse))
                continue;
            const size_t key = keys[i] + own->links_first, query = i + own->links_first;
            out_format(&out, "%s%zu-%zu", space, own->links_reverse ? query : key,
                       own->links_reverse ? key : query);
            space = " ";
        }
    out_char(&out, '\0');
    if (out_finish(&out, error))
        return out.data;
    out_free(&out);
    return NULL;
}

static bool measure_alignment(struct sheet *sheet, size_t row, const struct sheet_head *head,
                              const struct word_links *gold, const struct sheet_options *own,
                              struct error *error)
{
    struct alignment_scores scores;
    size_t *keys = memory_alloc(head->n, sizeof *keys, error);
    if (!keys)
        return false;
    alignment_find(keys, &head->weights, head->n, head->m);
    alignment_measure(&scores, keys, &head->weights, head->n, head->m, gold);
    const double numbers[] = {scores.error_rate, scores.precision,        scores.recall,
                              scores.coverage,   scores.coverage_penalty, scores.monotonicity};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    for (size_t k = 0; k < NUMBERS; k++)
        sheet_cell(sheet, row, HEAD_COLUMNS + k)->number = numbers[k];
    char *text = write_links(keys, head->n, head->m, own, error);
    sheet_cell(sheet, row, HEAD_COLUMNS + NUMBERS)->text = text;
    free(keys);
    return text;
}

static bool read_gold(struct word_links *gold, const struct sheet_head *head, struct computation *c,
                      const struct options *options, const struct sheet_options *own, struct error *error)
{
    const struct links_target target = {.keys = head->m,
                                        .queries = head->n,
                                        .first = own->links_first,
                                        .are_reversed = own->links_reverse,
                                        .has_line = own->links_line != SIZE_MAX || options->input.has_batch,
                                        .line = own->links_line != SIZE_MAX ? own->links_line
                                                                            : options->input.batch};
    return links_read(gold, own->links, &target, &c->warnings, error);
}

static void say_gold(struct sheet *sheet, const struct word_links *gold)
{
    size_t sure = 0;
    for (size_t k = 0; k < gold->count; k++)
        sure += gold->list[k].is_sure;
    sheet_say_number(sheet, "sure", (double)sure);
    sheet_say_number(sheet, "possible", (double)(gold->count - sure));
}

static bool links_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                       const struct sheet_options *own, struct error *error)
{
    struct computation *c = computation;
    struct word_links gold = {0};
    if (!sheet_is_of_one_size(c, "--links", "words in common", error))
        return false;
    struct sheet_head *list = sheet_heads_list(sheet, c, error);
    bool ok = list && read_gold(&gold, &list[0], c, options, own, error);
    for (size_t i = 0; ok && i < sheet->row_count; i++)
        ok = measure_alignment(sheet, i, &list[i], &gold, own, error);
    if (ok)
        say_gold(sheet, &gold);
    free(gold.list);
    free(list);
    return ok;
}

static bool links_check(const struct sheet_options *own, struct error *error)
{
    const char *option = own->links_first > 0          ? "--links-first"
                         : own->links_reverse          ? "--links-reverse"
                         : own->links_line != SIZE_MAX ? "--links-line"
                                                       : NULL;
    return own->links || !option || error_set(error, ERROR_USAGE, "%s: expected --links beside it", option);
}

static bool links_is_wanted(const struct sheet_options *own)
{
    return own->links;
}

const struct sheet_kind sheet_links = {
    .option = "--links",
    .takes_range = true,
    .takes_average = true,
    .is_wanted = links_is_wanted,
    .check = links_check,
    .plan = links_plan,
    .fill = links_fill,
};
