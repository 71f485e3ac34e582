/*
 * The numbers were read when the text was scanned, in their order. Here the brackets are gone through once more, which
 * says where each row of them stands; then the rows are tried as one of the two nestings.
 */
#include "read/json_steps.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"

/* Steps, layers, a batch, heads, rows and keys. */
enum { LEVELS_MAX = 6 };

/* A row of numbers. */
struct row {
    size_t at, length;            /* among all numbers; how many it has */
    size_t index[LEVELS_MAX - 1]; /* of the lists around it and of itself, outermost first */
};

struct row_list {
    struct row *row; /* owned */
    size_t count, room;
    size_t levels; /* of brackets; each row has levels - 1 indices */
};

static bool add_row(struct row_list *rows, const size_t *index, size_t at, struct error *error)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 64;
        if (!memory_resize(&rows->row, room, sizeof *rows->row, error))
            return false;
        rows->room = room;
    }
    struct row *row = &rows->row[rows->count++];
    *row = (struct row){.at = at};
    memcpy(row->index, index, (rows->levels - 1) * sizeof *index);
    return true;
}

/* Lists the rows of an array whose text has been checked. *whole: all numbers stand in rows of the innermost level,
 * and no list is empty. */
static bool list_rows(struct row_list *rows, const char *text, bool *whole, struct error *error)
{
    size_t index[LEVELS_MAX + 1] = {0}, open = 0, at = 0;
    *whole = true;
    do {
        if (*text == '[') {
            index[open++] = 0;
            if (open == rows->levels && !add_row(rows, index, at, error))
                return false;
        } else if (*text == ']') {
            *whole = *whole && index[open - 1] > 0;
            if (open == rows->levels)
                rows->row[rows->count - 1].length = index[open - 1];
            if (--open > 0)
                index[open - 1]++;
        } else if (!strchr(", \t\r\n", *text)) {
            *whole = *whole && open == rows->levels;
            index[open - 1]++;
            at++;
            text += strcspn(text, ",] \t\r\n") - 1;
        }
        text++;
    } while (open > 0);
    return true;
}

/* ---- nestings ---- */

/* How the rows are arranged: `outer` axes, then the rows of each, once for all (below each other) or once a step. */
struct nesting {
    size_t shape[3]; /* of the axes around the rows, `axes` of them */
    size_t axes;
    size_t groups; /* the product of shape */
    size_t skip;   /* axes before them: that of the steps */
};

/* Whether row r of a group that begins at `first`, with `count` rows for each of the outer places, is where it should
 * be. */
static bool row_fits(const struct row_list *rows, const struct nesting *nesting, size_t first, size_t r,
                     size_t count)
{
    const size_t *index = rows->row[first + r].index + nesting->skip;
    bool fits = index[nesting->axes] == r % count;
    size_t place = r / count;
    for (size_t a = nesting->axes; a-- > 0; place /= nesting->shape[a])
        fits = fits && index[a] == place % nesting->shape[a];
    return fits;
}

/* The axes of a nesting, from the last row of a part that begins with index 0 on all of them. */
static void find_axes(struct nesting *nesting, const struct row_list *rows, size_t last, size_t skip)
{
    *nesting = (struct nesting){.axes = rows->levels - 2 - skip, .groups = 1, .skip = skip};
    for (size_t a = 0; a < nesting->axes; a++) {
        nesting->shape[a] = rows->row[last].index[skip + a] + 1;
        if (!size_multiply(nesting->groups, nesting->shape[a], &nesting->groups))
            nesting->groups = SIZE_MAX; /* more than there are rows */
    }
}

/* Whether the rows from `first` to `end` fill the axes, the same number in each place: *count. */
static bool part_fits(const struct row_list *rows, const struct nesting *nesting, size_t first, size_t end,
                      size_t *count)
{
    *count = (end - first) / nesting->groups;
    bool fits = *count > 0 && *count * nesting->groups == end - first;
    for (size_t r = 0; fits && r < end - first; r++)
        fits = row_fits(rows, nesting, first, r, *count);
    return fits;
}

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
    find_axes(&list->nesting, rows, rows->count - 1, 0);
    *fits = part_fits(rows, &list->nesting, 0, rows->count, &count);
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
        size_t end = first;
        while (end < rows->count && rows->row[end].index[0] == rows->row[first].index[0])
            end++;
        struct nesting nesting;
        find_axes(&nesting, rows, end - 1, 1);
        *fits = first == 0 || memcmp(&nesting, &list->nesting, sizeof nesting) == 0;
        list->nesting = nesting;
        *fits = *fits && part_fits(rows, &nesting, first, end, &count);
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

/* Each step adds its own keys, one a row; the first may have earlier ones. So there are at most twice as many pairs
 * as numbers. */
static bool check_growth(const struct step_list *list, const struct number_array *array, const char *name,
                         struct error *error)
{
    const struct step *step = list->step;
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
                for (size_t j = 0; g == 0 && j < row->length; j++)
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
    fits = ok && fits && steps_grow(&list);
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
    if (!array->uneven.offset || array->depth < 2 || array->depth > LEVELS_MAX)
        return true;
    bool ok = list_rows(&rows, json->source->data + array->offset, &whole, error);
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
