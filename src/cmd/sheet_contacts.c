/* attn stats --apc: contacts by attention (compute/contacts.h) as a sheet with a matrix a head. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/contacts.h"

static void contacts_plan(struct sheet *sheet, const struct sheet_options *own)
{
    (void)own;
    sheet_say_text(sheet, "rule", "facebookresearch/esm (2b369911), esm/modules.py, symmetrize and apc");
    sheet_heads_plan(sheet);
    sheet_add_column(sheet, "first", CELL_COUNT, false);
    sheet_add_column(sheet, "second", CELL_COUNT, false);
    sheet_add_column(sheet, "largest", CELL_NUMBER, false);
    sheet->matrix_name = "contacts";
    sheet->matrix_cell = "contact";
}

static bool check_tokens(const struct problem *problem, const struct excerpt *e, struct error *error)
{
    if (problem->n != problem->m)
        return error_set(error, ERROR_INPUT,
                         "--apc is of queries that are keys: expected as many of both, not %zu queries and "
                         "%zu keys",
                         problem->n, problem->m);
    if (e->query_first != e->key_first || e->query_count != e->key_count)
        return error_set(error, ERROR_USAGE,
                         "--apc: queries %zu:%zu and keys %zu:%zu are chosen: expected the same, by both "
                         "--queries and --keys",
                         e->query_first, e->query_first + e->query_count, e->key_first,
                         e->key_first + e->key_count);
    return true;
}

/* The pair of two tokens with the largest contact, the first of equal ones. */
static void name_largest(struct sheet *sheet, size_t row, const float *contacts, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            struct sheet_cell *cell = sheet_cell(sheet, row, HEAD_COLUMNS);
            if (cell[2].number >= (double)contacts[i * n + j] || isnan(contacts[i * n + j]))
                continue;
            cell[0].number = (double)(first + i);
            cell[1].number = (double)(first + j);
            cell[2].number = (double)contacts[i * n + j];
        }
}

static bool contacts_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                          const struct sheet_options *own, struct error *error)
{
    (void)options;
    (void)own;
    const struct computation *c = computation;
    const struct excerpt *e = &c->excerpts.list[0];
    if (!sheet_is_of_one_size(c, "--apc", "contacts", error) || !check_tokens(&c->parts[0].problem, e, error))
        return false;
    const size_t n = e->query_count;
    struct sheet_head *list = sheet_heads_list(sheet, c, error);
    bool ok = list && sheet_make_matrices(sheet, n, error);
    for (size_t i = 0; ok && i < sheet->row_count; i++) {
        float *contacts = sheet_matrix(sheet, i);
        ok = contacts_find(contacts, &list[i].weights, n, error);
        if (ok)
            name_largest(sheet, i, contacts, e->query_first, n);
    }
    sheet->matrix_first = e->query_first;
    free(list);
    return ok;
}

static bool contacts_is_wanted(const struct sheet_options *own)
{
    return own->apc;
}

const struct sheet_kind sheet_contacts = {
    .option = "--apc",
    .takes_range = true,
    .takes_average = true,
    .is_wanted = contacts_is_wanted,
    .plan = contacts_plan,
    .fill = contacts_fill,
};
