/* The rows of the array (json_rows.h) are tried as one of the two nestings. */
#include "read/json_steps.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "read/json_rows.h"

/* ---- steps ---- */

/* Queries and keys of a step, and its first row. */
struct step {
    size_t queries, keys, row;
};

struct step_list {
    struct step *step; /* owned */
    size_t count;
    struct nesting nesting;
    bool by_step; /* each step has all layers and heads; otherwise each head has all steps */
};

static bool steps_append(struct step_list *list, struct step step, struct error *error)
{
    if (!memory_resize(&list->step, list->count + 1, sizeof *list->step, error))
        return false;
    list->step[list->count++] = step;
    return true;
}

/* Rows below each other, the same lengths in every head: rows of one length are a step. *fits: they are that. */
static bool take_stacked(struct step_list *list, const struct row_list *rows, bool *fits, struct error *error)
{
    size_t count;
    *fits = rows->levels <= 4;
    if (!*fits)
        return true;
    json_rows_axes(&list->nesting, rows, rows->count - 1, 0);
    *fits = json_rows_fit(rows, &list->nesting, 0, rows->count, &count);
    for (size_t r = 0; *fits && r < rows->count; r++)
        *fits = rows->row[r].length == rows->row[r % count].length;
    for (size_t r = 0; *fits && r < count; r++) {
        if (r > 0 && rows->row[r].length == rows->row[r - 1].length)
            list->step[list->count - 1].queries++;
        else if (!steps_append(list, (struct step){1, rows->row[r].length, r}, error))
            return false;
    }
    *fits = *fits && list->count > 1;
    return true;
}

/* One step after the other, each with rows of one length in all layers and heads. *fits: they are that. */
static bool take_by_step(struct step_list *list, const struct row_list *rows, bool *fits, struct error *error)
{
    size_t first = 0, count;
    *fits = rows->levels >= 3;
    list->by_step = true;
    while (*fits && first < rows->count) {
        const size_t end = json_rows_part(rows, first);
        struct nesting nesting;
        json_rows_axes(&nesting, rows, end - 1, 1);
        *fits = first == 0 || memcmp(&nesting, &list->nesting, sizeof nesting) == 0;
        list->nesting = nesting;
        *fits = *fits && json_rows_fit(rows, &nesting, first, end, &count);
        for (size_t r = first; *fits && r < end; r++)
            *fits = rows->row[r].length == rows->row[first].length;
        if (*fits && !steps_append(list, (struct step){count, rows->row[first].length, first}, error))
            return false;
        first = end;
    }
    return true;
}

/* Whether each step has no fewer keys than the one before. */
static bool steps_grow(const struct step_list *list)
{
    bool grow = list->count > 1;
    for (size_t s = 1; grow && s < list->count; s++)
        grow = list->step[s].keys >= list->step[s - 1].keys;
    return grow;
}

/* Whether what is no step after step is a list of layers of different size: read/json_layers.h. */
static bool may_be_layers(const struct step_list *list, const struct row_list *rows)
{
    bool adds = true;
    for (size_t s = 1; s < list->count; s++)
        adds = adds && list->step[s].keys - list->step[s - 1].keys == list->step[s].queries;
    return !adds && list->by_step &&
           (rows->levels == 4 || (rows->levels == 5 && list->nesting.shape[0] == 1));
}

/* Whether all steps have the same keys, as those of an encoder. */
static bool steps_share_keys(const struct step_list *list)
{
    return list->step[list->count - 1].keys == list->step[0].keys;
}

/* Each step adds its own keys, one a row; the first may have earlier ones. So there are at most twice as many pairs
 * as numbers. */
static bool check_growth(const struct step_list *list, const struct number_array *array, const char *name,
                         struct error *error)
{
    const struct step *step = list->step;
    if (steps_share_keys(list))
        return true;
    if (step[0].queries > step[0].keys)
        return place_error(&array->tensor.place, error,
                           "%s has rows that grow, and the first step has %zu rows of %zu: expected no more "
                           "rows than keys",
                           name, step[0].queries, step[0].keys);
    for (size_t s = 1; s < list->count; s++)
        if (step[s].keys - step[s - 1].keys != step[s].queries)
            return place_error(
                &array->tensor.place, error,
                "%s has rows that grow, from %zu to %zu keys with %zu row%s: expected steps of a "
                "generation, which add as many keys as they have rows",
                name, step[s - 1].keys, step[s].keys, step[s].queries, step[s].queries == 1 ? "" : "s");
    return true;
}

/* ---- tensors ---- */

/* Memory for n×m with these axes before. A batch of 1 between layers and heads is left out. */
static bool make_tensors(struct json_steps *steps, const struct step_list *list,
                         const struct number_array *array, size_t n, size_t m, struct error *error)
{
    const struct nesting *nesting = &list->nesting;
    struct tensor like = {.holds = array->tensor.holds, .place = array->tensor.place};
    size_t count;
    if (!size_multiply(n, m, &count) || !size_multiply(count, nesting->groups, &count))
        return error_memory(error, SIZE_MAX);
    steps->attention = steps->mask = like;
    for (size_t a = 0; a < nesting->axes; a++)
        if (nesting->axes < 3 || a != 1)
            steps->attention.shape[steps->attention.rank++] = nesting->shape[a];
    steps->attention.shape[steps->attention.rank++] = steps->mask.shape[steps->mask.rank++] = n;
    steps->attention.shape[steps->attention.rank++] = steps->mask.shape[steps->mask.rank++] = m;
    steps->mask.true_attends = true;
    steps->mask.holds = TENSOR_NUMBERS;
    steps->attention.data = memory_zeroed(count, sizeof *steps->attention.data, error);
    if (steps_share_keys(list))
        return steps->attention.data;
    steps->mask.data = memory_zeroed(n * m, sizeof *steps->mask.data, error);
    return steps->attention.data && steps->mask.data;
}

static void fill_tensors(struct json_steps *steps, const struct step_list *list, const struct row_list *rows,
                         const float *numbers, size_t n, size_t m)
{
    for (size_t g = 0; g < list->nesting.groups; g++)
        for (size_t s = 0, i = 0; s < list->count; s++) {
            const struct step *step = &list->step[s];
            for (size_t r = 0; r < step->queries; r++, i++) {
                const struct row *row = &rows->row[step->row + r + g * (list->by_step ? step->queries : n)];
                memcpy(steps->attention.data + (g * n + i) * m, numbers + row->at,
                       row->length * sizeof *numbers);
                for (size_t j = 0; steps->mask.data && g == 0 && j < row->length; j++)
                    steps->mask.data[i * m + j] = 1;
            }
        }
}

/* Puts the rows together, if they are steps. */
static bool take_rows(struct json_steps *steps, const struct row_list *rows, const struct number_array *array,
                      const char *name, struct error *error)
{
    struct step_list list = {0};
    bool fits, ok = take_stacked(&list, rows, &fits, error);
    if (ok && !fits) {
        list.count = 0;
        ok = take_by_step(&list, rows, &fits, error);
    }
    fits = ok && fits && steps_grow(&list) && !may_be_layers(&list, rows);
    if (fits && list.nesting.axes == 3 && list.nesting.shape[1] > 1) {
        ok = place_error(
            &array->tensor.place, error,
            "%s has rows that grow, and %zu sequences between layers and heads: expected a batch of 1", name,
            list.nesting.shape[1]);
    } else if (fits) {
        size_t n = 0, m = list.step[list.count - 1].keys;
        for (size_t s = 0; s < list.count; s++)
            n += list.step[s].queries;
        ok = check_growth(&list, array, name, error) && make_tensors(steps, &list, array, n, m, error);
        if (ok)
            fill_tensors(steps, &list, rows, array->tensor.data, n, m);
        steps->count = list.count;
    }
    free(list.step);
    return ok;
}

bool json_steps_read(struct json_steps *steps, const struct json *json, const struct number_array *array,
                     const char *name, struct error *error)
{
    struct row_list rows = {.levels = array->depth};
    bool whole = false;
    if ((!array->uneven.offset && array->depth != JSON_ROWS_LEVELS) || array->depth < 2 ||
        array->depth > JSON_ROWS_LEVELS)
        return true;
    bool ok = json_rows_list(&rows, json->source->data + array->offset, &whole, error);
    if (ok && whole)
        ok = take_rows(steps, &rows, array, name, error);
    free(rows.row);
    return ok;
}

void json_steps_free(struct json_steps *steps)
{
    tensor_free(&steps->attention);
    tensor_free(&steps->mask);
    *steps = (struct json_steps){0};
}
