#include "read/dump_keep.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "problem/deferred.h"

static void drop(struct dump_found *found)
{
    found->input = INPUT_COUNT;
}

/* Keeps the arrays that the target asks for. */
static void keep_target(struct dump *dump)
{
    for (size_t i = 0; i < dump->count && dump->target->what == READ_TENSOR; i++)
        if (dump->list[i].input != dump->target->input)
            drop(&dump->list[i]);
}

/* Of the parts of an encoder-decoder keeps one, of arrays a layer and of those of all layers. Where a part was asked for,
 * attention of no part is dropped too. */
static bool keep_part(struct dump *dump)
{
    bool has[PART_COUNT] = {false};
    enum dump_part kept;
    for (size_t i = 0; i < dump->count; i++)
        if (dump_is_found(&dump->list[i]))
            has[dump_part_found(dump, &dump->list[i])] = true;
    if (!dump_part_choose(&kept, has, (enum dump_part)dump->target->part, dump_file(dump), dump->inputs,
                          dump->error))
        return false;
    for (size_t i = 0; i < dump->count && kept != PART_ONLY; i++) {
        const enum dump_part part = dump_part_found(dump, &dump->list[i]);
        const bool is_other = dump->target->part > PART_ONLY && dump->list[i].input == INPUT_ATTENTION;
        if (part != kept && (dump->list[i].dump || part != PART_ONLY || is_other))
            drop(&dump->list[i]);
    }
    return true;
}

/* Whether two arrays are the same thing of a layer and step. */
static bool is_same_thing(const struct dump_found *a, const struct dump_found *b)
{
    return dump_is_found(a) && dump_is_found(b) && a->dump && b->dump && a->input == b->input &&
           a->numbers.layer == b->numbers.layer && a->numbers.step == b->numbers.step;
}

/* By what they are, and then by the order of the names in their table. */
static int compare_things(const void *a, const void *b)
{
    const struct dump_found *left = *(struct dump_found *const *)a, *right = *(struct dump_found *const *)b;
    const size_t keys[][2] = {{left->input, right->input},
                              {left->numbers.layer, right->numbers.layer},
                              {left->numbers.step, right->numbers.step},
                              {(size_t)(uintptr_t)left->dump, (size_t)(uintptr_t)right->dump}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* Of arrays that are the same thing keeps those whose name stands first in the table of names. */
static bool keep_preferred(struct dump *dump)
{
    if (!dump->has_hooks)
        return true;
    struct dump_found **sorted = memory_alloc(dump->count, sizeof *sorted, dump->error);
    size_t count = 0;
    if (!sorted)
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (dump_is_found(&dump->list[i]) && dump->list[i].dump)
            sorted[count++] = &dump->list[i];
    qsort(sorted, count, sizeof *sorted, compare_things);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (!is_same_thing(sorted[first], sorted[i]))
            first = i;
        else if (sorted[i]->dump != sorted[first]->dump)
            drop(sorted[i]);
    }
    free(sorted);
    return true;
}

bool dump_is_negative(const struct dump *dump, struct array *array, bool *is)
{
    struct array row = *array;
    size_t all;
    *is = false;
    if (array->rank < 2 || !dtype_kind(array->dtype)->widen || !array_count(array, &all) || all == 0)
        return true;
    if (!archive_load(dump->archive, array, dump->error) ||
        !archive_verify(dump->archive, array, dump->error))
        return false;
    const size_t rows = array->shape[array->rank - 2], columns = array->shape[array->rank - 1];
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    const ptrdiff_t stride = array->stride[array->rank - 2] / (ptrdiff_t)kind->count * (ptrdiff_t)kind->bytes;
    float *numbers = memory_alloc(columns, sizeof *numbers, dump->error);
    if (!numbers)
        return false;
    row.rank = 1;
    row.shape[0] = columns;
    row.stride[0] = array->stride[array->rank - 1];
    for (size_t i = 0; !*is && i < rows; i++) {
        row.data = array->data + (ptrdiff_t)i * stride;
        array_widen(&row, numbers);
        for (size_t j = 0; j < columns; j++)
            *is = *is || numbers[j] < 0;
    }
    free(numbers);
    return true;
}

/* Says that arrays of one name, all but its number of a layer, are no weights, and drops them. */
static void drop_negative(struct dump *dump, struct dump_found **list, size_t count)
{
    char more[48] = "";
    if (count > 1)
        snprintf(more, sizeof more, " and %zu more", count - 1);
    warnings_add(dump->warnings,
                 "%s: %s%s hold%s numbers below 0, and %s not taken for attention; --q %s:%s takes one",
                 dump_file(dump), dump_array(dump, list[0])->name, more, count > 1 ? "" : "s",
                 count > 1 ? "are" : "is", dump_path(dump), dump_array(dump, list[0])->name);
    for (size_t i = 0; i < count; i++)
        drop(list[i]);
}

/* By their names, then by their steps and layers. */
static int compare_tuples(const void *a, const void *b)
{
    const struct dump_found *left = *(struct dump_found *const *)a, *right = *(struct dump_found *const *)b;
    const size_t keys[][2] = {{(size_t)(uintptr_t)left->dump, (size_t)(uintptr_t)right->dump},
                              {left->numbers.step, right->numbers.step},
                              {left->numbers.layer, right->numbers.layer},
                              {left->array, right->array}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/*
 * Names that are little more than a number, as members of a tuple have them, say attention only where no number is below 0:
 * (q, k, v) and hidden states are tuples too. Of those that differ in the layer alone the first is looked at.
 */
static bool drop_other_tuples(struct dump *dump)
{
    struct dump_found **sorted = memory_alloc(dump->count, sizeof *sorted, dump->error);
    size_t count = 0;
    bool ok = sorted;
    for (size_t i = 0; ok && i < dump->count; i++)
        if (dump_is_found(&dump->list[i]) && dump->list[i].dump && dump->list[i].dump->wants_matrix)
            sorted[count++] = &dump->list[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_tuples);
    for (size_t i = 0, end; ok && i < count; i = end) {
        bool is = false;
        for (end = i + 1; end < count && sorted[end]->dump == sorted[i]->dump &&
                          sorted[end]->numbers.step == sorted[i]->numbers.step;)
            end++;
        ok = dump_is_negative(dump, dump_array(dump, sorted[i]), &is);
        if (ok && is)
            drop_negative(dump, sorted + i, end - i);
    }
    free(sorted);
    return ok;
}

/* Beside weights that were saved, the queries and keys they came from, and values, are not needed. */
static void drop_operands(struct dump *dump)
{
    if (dump->target->what != READ_ANY || !dump_has_input(dump, INPUT_ATTENTION))
        return;
    bool any = false;
    for (size_t i = 0; i < dump->count; i++) {
        struct dump_found *found = &dump->list[i];
        if (found->dump && !dump_is_own_layer(found) &&
            (found->input == INPUT_Q || found->input == INPUT_K || found->input == INPUT_V)) {
            drop(found);
            any = true;
        }
    }
    if (any)
        warnings_add(&dump->inputs->notes, "%s: the weights are taken, and not the q, k and v beside them",
                     dump_file(dump));
}

void dump_drop_stages(struct dump *dump)
{
    const bool is_whole = dump->inputs->is_result && dump_has_input(dump, INPUT_ATTENTION);
    for (size_t i = 0; is_whole && i < dump->count; i++) {
        const enum input input = dump->list[i].input;
        if (input == INPUT_Q || input == INPUT_K || input == INPUT_V)
            drop(&dump->list[i]);
    }
}

bool dump_keep(struct dump *dump, bool *any)
{
    keep_target(dump);
    if ((dump->reads_numbers && !drop_other_tuples(dump)) || !keep_part(dump) || !keep_preferred(dump))
        return false;
    drop_operands(dump);
    *any = false;
    for (size_t i = 0; i < dump->count; i++)
        *any = *any || dump_is_found(&dump->list[i]);
    return true;
}
