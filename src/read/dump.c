#include "read/dump.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "problem/deferred.h"
#include "read/array_tensor.h"
#include "read/dump_labels.h"
#include "read/dump_names.h"
#include "read/dump_steps.h"
#include "read/inputs_put.h"
#include "read/json.h"
#include "read/json_masks.h"
#include "read/json_names.h"
#include "read/model.h"
#include "tensor/format.h"

/* An array, and what its name says. */
struct found {
    size_t array;                   /* its index in the archive */
    enum input input;               /* INPUT_COUNT: nothing is known of it, or nobody needs it */
    const struct dump_name *dump;   /* NULL: its name is attn's own, or that of `other` */
    const struct other_name *other; /* NULL: its name is attn's own */
    struct name_numbers numbers;    /* of a dump */
    bool is_ids;                    /* the numbers of the tokens in a vocabulary */
};

/* One file on its way into inputs. */
struct dump {
    struct archive *archive;
    struct inputs *inputs;
    const struct read_target *target;
    struct warnings *warnings;
    struct error *error;
    struct found *list; /* one for each array */
    size_t count;
    size_t *layers; /* the numbers that layers have in the names, in their order */
    size_t layer_count;
    bool has_hooks;     /* of TransformerLens, whose other hooks are nobody's loss */
    bool reads_numbers; /* to tell what an array is */
};

static const char *dump_file(const struct dump *dump)
{
    return dump->archive->sources[0].name;
}

/* What names the file on a command line. */
static const char *dump_path(const struct dump *dump)
{
    return source_path(&dump->archive->sources[0]);
}

static struct array *found_array(const struct dump *dump, const struct found *found)
{
    return &dump->archive->arrays[found->array];
}

/* ---- what names say ---- */

/* Whether an array has three axes or more behind a batch of one, or may be rows of one head. */
static bool has_matrix_axes(const struct array *array)
{
    return array->rank >= 3 && array->rank <= TENSOR_RANK_MAX + 1;
}

/* The input of a name that belongs to no layer. A name with a layer's number in it, of a model's weights, is none. */
static void find_plain(const char *name, struct found *found)
{
    found->other = json_names_other(name);
    const char *own = found->other ? found->other->own : name;
    if (found->other && strpbrk(name, "0123456789"))
        own = "";
    found->input = strcmp(own, "weights") == 0 ? INPUT_ATTENTION : input_named(own);
}

/* The name of an array layers.N.KEY that attn wrote. */
static const struct dump_name own_layer = {.pattern = "layers.%d."};

/* The input of an array layers.N.KEY that attn wrote, where KEY is one of its own names. */
static bool find_of_layer(const char *name, struct found *found)
{
    found->numbers = (struct name_numbers){.step = SIZE_MAX};
    const char *key = dump_name_of_layer(name, &found->numbers.layer);
    const enum input input = !key                          ? INPUT_COUNT
                             : strcmp(key, "weights") == 0 ? INPUT_ATTENTION
                                                           : input_named(key);
    if (input == INPUT_COUNT)
        return false;
    found->input = input;
    found->dump = &own_layer;
    return true;
}

/* Whether the array `tokens` has their numbers in a vocabulary, as TransformerLens has them, and no other has. */
static bool is_tokens_of_ids(const struct archive *archive, const struct array *array)
{
    bool is_only = strcmp(array->name, "tokens") == 0 && dtype_is_integer(array->dtype);
    for (size_t i = 0; is_only && i < archive->count; i++)
        is_only = !json_names_ids(archive->arrays[i].name);
    return is_only;
}

static void find_all(struct dump *dump)
{
    const bool is_own = dump_has_about(dump->archive);
    for (size_t i = 0; i < dump->archive->count; i++) {
        const struct array *array = &dump->archive->arrays[i];
        struct found *found = &dump->list[dump->count++];
        *found = (struct found){.array = i, .input = INPUT_COUNT};
        if (!array->name[0])
            continue;
        found->is_ids = json_names_ids(array->name) || is_tokens_of_ids(dump->archive, array);
        if (found->is_ids || (is_own && find_of_layer(array->name, found)))
            continue;
        find_plain(array->name, found);
        if (found->input < INPUT_COUNT)
            continue;
        found->dump = dump_name_find(array->name, &found->numbers);
        if (found->dump && (!found->dump->wants_matrix || has_matrix_axes(array))) {
            found->input = found->dump->input;
            dump->has_hooks = dump->has_hooks || strstr(array->name, "hook_");
        } else {
            found->dump = NULL;
        }
    }
}

static bool is_found(const struct found *found)
{
    return found->input < INPUT_COUNT;
}

static void drop(struct found *found)
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

/* Which part of an encoder-decoder the name says. */
static enum dump_part found_part(const struct dump *dump, const struct found *found)
{
    return found->dump ? found->dump->part : dump_part_of(found_array(dump, found)->name);
}

/* Of the parts of an encoder-decoder keeps one, of arrays a layer and of those of all layers. Where a part was asked for,
 * attention of no part is dropped too. */
static bool keep_part(struct dump *dump)
{
    bool has[PART_COUNT] = {false};
    enum dump_part kept;
    for (size_t i = 0; i < dump->count; i++)
        if (is_found(&dump->list[i]))
            has[found_part(dump, &dump->list[i])] = true;
    if (!dump_part_choose(&kept, has, (enum dump_part)dump->target->part, dump_file(dump), dump->inputs,
                          dump->error))
        return false;
    for (size_t i = 0; i < dump->count && kept != PART_ONLY; i++) {
        const enum dump_part part = found_part(dump, &dump->list[i]);
        const bool is_other = dump->target->part > PART_ONLY && dump->list[i].input == INPUT_ATTENTION;
        if (part != kept && (dump->list[i].dump || part != PART_ONLY || is_other))
            drop(&dump->list[i]);
    }
    return true;
}

/* Whether two arrays are the same thing of a layer and step. */
static bool is_same_thing(const struct found *a, const struct found *b)
{
    return is_found(a) && is_found(b) && a->dump && b->dump && a->input == b->input &&
           a->numbers.layer == b->numbers.layer && a->numbers.step == b->numbers.step;
}

/* By what they are, and then by the order of the names in their table. */
static int compare_things(const void *a, const void *b)
{
    const struct found *left = *(struct found *const *)a, *right = *(struct found *const *)b;
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
    struct found **sorted = memory_alloc(dump->count, sizeof *sorted, dump->error);
    size_t count = 0;
    if (!sorted)
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (is_found(&dump->list[i]) && dump->list[i].dump)
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

/* *is: whether a number of an array's first matrix is below 0, as none of weights is. The array is loaded for that. */
static bool is_negative(const struct dump *dump, struct array *array, bool *is)
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
static void drop_negative(struct dump *dump, struct found **list, size_t count)
{
    char more[48] = "";
    if (count > 1)
        snprintf(more, sizeof more, " and %zu more", count - 1);
    warnings_add(dump->warnings,
                 "%s: %s%s hold%s numbers below 0, and %s not taken for attention; --q %s:%s takes one",
                 dump_file(dump), found_array(dump, list[0])->name, more, count > 1 ? "" : "s",
                 count > 1 ? "are" : "is", dump_path(dump), found_array(dump, list[0])->name);
    for (size_t i = 0; i < count; i++)
        drop(list[i]);
}

/* By their names, then by their steps and layers. */
static int compare_tuples(const void *a, const void *b)
{
    const struct found *left = *(struct found *const *)a, *right = *(struct found *const *)b;
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
    struct found **sorted = memory_alloc(dump->count, sizeof *sorted, dump->error);
    size_t count = 0;
    bool ok = sorted;
    for (size_t i = 0; ok && i < dump->count; i++)
        if (is_found(&dump->list[i]) && dump->list[i].dump && dump->list[i].dump->wants_matrix)
            sorted[count++] = &dump->list[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_tuples);
    for (size_t i = 0, end; ok && i < count; i = end) {
        bool is = false;
        for (end = i + 1; end < count && sorted[end]->dump == sorted[i]->dump &&
                          sorted[end]->numbers.step == sorted[i]->numbers.step;)
            end++;
        ok = is_negative(dump, found_array(dump, sorted[i]), &is);
        if (ok && is)
            drop_negative(dump, sorted + i, end - i);
    }
    free(sorted);
    return ok;
}

static bool has_input(const struct dump *dump, enum input input)
{
    for (size_t i = 0; i < dump->count; i++)
        if (dump->list[i].input == input)
            return true;
    return false;
}

/* Beside weights that were saved, the queries and keys they came from, and values, are not needed. */
static void drop_operands(struct dump *dump)
{
    if (dump->target->what != READ_ANY || !has_input(dump, INPUT_ATTENTION))
        return;
    bool any = false;
    for (size_t i = 0; i < dump->count; i++) {
        struct found *found = &dump->list[i];
        if (found->dump && found->dump != &own_layer &&
            (found->input == INPUT_Q || found->input == INPUT_K || found->input == INPUT_V)) {
            drop(found);
            any = true;
        }
    }
    if (any)
        warnings_add(&dump->inputs->notes, "%s: the weights are taken, and not the q, k and v beside them",
                     dump_file(dump));
}

/* In a result that has the weights, q, k and v are stages, which were drawn, as in its JSON. */
static void drop_stages(struct dump *dump)
{
    const bool is_whole = dump->inputs->is_result && has_input(dump, INPUT_ATTENTION);
    for (size_t i = 0; is_whole && i < dump->count; i++) {
        const enum input input = dump->list[i].input;
        if (input == INPUT_Q || input == INPUT_K || input == INPUT_V)
            drop(&dump->list[i]);
    }
}

/* ---- layers ---- */

static int compare_numbers(const void *a, const void *b)
{
    const size_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The numbers of layers that attn wrote about: all from 0 on, also of those without an array of their own. */
static bool list_given_layers(struct dump *dump)
{
    const size_t count = dump->inputs->layer_count;
    free(dump->layers);
    dump->layers = memory_alloc(count, sizeof *dump->layers, dump->error);
    for (size_t l = 0; dump->layers && l < count; l++)
        dump->layers[dump->layer_count++] = l;
    for (size_t i = 0; dump->layers && i < dump->count; i++) {
        const struct found *found = &dump->list[i];
        if (found->dump && is_found(found) && found->numbers.layer >= count)
            return archive_error(dump->archive, found_array(dump, found), dump->error,
                                 "its layer is %zu: expected one below %zu, as " DUMP_ABOUT " has layers",
                                 found->numbers.layer, count);
    }
    return dump->layers;
}

/* The numbers of the layers, each once, in their order. */
static bool list_layers(struct dump *dump)
{
    size_t count = 0;
    dump->layers = memory_alloc(dump->count, sizeof *dump->layers, dump->error);
    if (!dump->layers)
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (dump->list[i].dump && is_found(&dump->list[i]))
            dump->layers[count++] = dump->list[i].numbers.layer;
    if (dump->inputs->layers_given && count > 0)
        return list_given_layers(dump);
    if (count > 0)
        qsort(dump->layers, count, sizeof *dump->layers, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || dump->layers[i] != dump->layers[i - 1])
            dump->layers[dump->layer_count++] = dump->layers[i];
    if (dump->layer_count > 0 && dump->layers[dump->layer_count - 1] != dump->layer_count - 1)
        warnings_add(&dump->inputs->notes, "%s: its layers from %zu to %zu are layers 0 to %zu here",
                     dump_file(dump), dump->layers[0], dump->layers[dump->layer_count - 1],
                     dump->layer_count - 1);
    return true;
}

/* The place of a layer's number among those of the layers. */
static size_t layer_index(const struct dump *dump, size_t number)
{
    const size_t *at =
        bsearch(&number, dump->layers, dump->layer_count, sizeof *dump->layers, compare_numbers);
    return (size_t)(at - dump->layers);
}

/* Makes room for the layers in the inputs, or finds that there is. */
static bool make_layers(const struct dump *dump)
{
    struct inputs *inputs = dump->inputs;
    if (dump->layer_count > LAYERS_MAX)
        return error_set(dump->error, ERROR_INPUT, "%s holds %zu layers: expected at most %d",
                         dump_file(dump), dump->layer_count, LAYERS_MAX);
    if (inputs->layers && inputs->layer_count != dump->layer_count)
        return error_set(dump->error, ERROR_INPUT, "%s holds %zu layers: expected %zu, as elsewhere",
                         dump_file(dump), dump->layer_count, inputs->layer_count);
    if (!inputs->layers)
        inputs->layers = memory_zeroed(dump->layer_count, sizeof *inputs->layers, dump->error);
    inputs->layer_count = inputs->layers ? dump->layer_count : 0;
    return inputs->layers;
}

/* ---- arrays ---- */

/* Exchanges two axes. */
static void swap_axes(struct array *array, int a, int b)
{
    const size_t shape = array->shape[a];
    const ptrdiff_t stride = array->stride[a];
    array->shape[a] = array->shape[b];
    array->stride[a] = array->stride[b];
    array->shape[b] = shape;
    array->stride[b] = stride;
}

/* Leaves of an axis for a batch the sequence that is wanted, if one is. The array is loaded. */
static bool take_of_batch(const struct dump *dump, struct array *array, int axis, enum input input)
{
    char index[64];
    const size_t length = array->shape[axis], batch = dump->target->batch;
    if (!dump->target->has_batch)
        return true;
    if (batch >= length)
        return archive_error(dump->archive, array, dump->error,
                             "it has a batch of %zu: expected --batch below that", length);
    snprintf(index, sizeof index, "%s%zu", axis == 1 ? ":," : "", batch);
    dump->inputs->batch_size = length;
    dump->inputs->batch_is_taken[input] = true;
    return array_cut(array, index, dump->error);
}

/* Leaves of an array of a layer no batch, and its heads first. It is loaded where one of a batch is chosen. */
static bool order_axes(const struct dump *dump, const struct found *found, struct array *array)
{
    char shape[ARRAY_SHAPE_TEXT];
    const bool is_chosen = array->rank > 3 && dump->target->has_batch;
    if (is_chosen &&
        (!archive_load(dump->archive, array, dump->error) || !take_of_batch(dump, array, 0, found->input)))
        return false;
    if (array->rank > 3 && array->shape[0] != 1)
        return archive_error(
            dump->archive, array, dump->error,
            "its shape is %s, with a batch of %zu in front: expected one sequence, which --batch N chooses",
            array_shape(array, shape), array->shape[0]);
    if (array->rank > 3)
        array_drop_axis(array, 0);
    if (found->dump->heads_behind && array->rank == 3)
        swap_axes(array, 0, 1);
    return true;
}

static bool layer_array(const struct dump *dump, const struct found *found, struct array *array)
{
    *array = *found_array(dump, found);
    return order_axes(dump, found, array);
}

/* The tensor of an array. The numbers of weights stay in the file until they are chosen. */
static bool found_tensor(const struct dump *dump, struct tensor *tensor, const struct array *array,
                         enum input input, size_t layer)
{
    struct array deferred;
    if (input != INPUT_ATTENTION || array->rank < 2)
        return array_tensor(tensor, dump->archive, array, dump->error);
    return array_tensor_deferred(tensor, dump->archive, array, &deferred, dump->error) &&
           deferred_add(dump->inputs, dump->archive, &deferred, tensor->data, layer, dump->error);
}

/* The softmax of each row, in memory of the tensor's own: the file may have the same numbers under another name. Masked pairs
 * are -infinity. */
static bool weigh_rows(struct tensor *tensor, struct error *error)
{
    const size_t columns = tensor->shape[tensor->rank - 1], count = tensor_count(tensor);
    float *weights = memory_alloc(count, sizeof *weights, error);
    if (!weights)
        return false;
    for (size_t first = 0; first < count; first += columns) {
        const float *scores = tensor->data + first;
        double most = -INFINITY, sum = 0;
        for (size_t j = 0; j < columns; j++)
            most = (double)scores[j] > most ? (double)scores[j] : most;
        for (size_t j = 0; j < columns; j++)
            sum += exp((double)scores[j] - most);
        for (size_t j = 0; j < columns; j++)
            weights[first + j] = most == -INFINITY ? 0 : (float)(exp((double)scores[j] - most) / sum);
    }
    tensor_replace(tensor, weights);
    return true;
}

static bool put_layer(const struct dump *dump, const struct found *found)
{
    struct tensor tensor = {0};
    struct array array;
    const size_t index = layer_index(dump, found->numbers.layer);
    struct layer_inputs *layer = &dump->inputs->layers[index];
    const enum input input = found->dump->is_scores ? INPUT_COUNT : found->input;
    bool ok = layer_array(dump, found, &array) && found_tensor(dump, &tensor, &array, input, index);
    if (ok && found->dump->is_scores) {
        ok = weigh_rows(&tensor, dump->error);
        warnings_add(&dump->inputs->notes, "%s: masked scores, whose softmax is taken", tensor.place.file);
    }
    ok = ok &&
         inputs_put_tensor(&layer->tensor[found->input], &tensor, input_names[found->input], dump->error);
    tensor_free(&tensor);
    return ok;
}

/* Puts the steps of a layer, one under the other, and the mask of their keys. */
static bool put_steps_of_layer(const struct dump *dump, size_t index, struct dump_step *steps, size_t count,
                               bool is_cross)
{
    struct tensor *own = dump->inputs->layers[index].tensor;
    struct tensor attention = {0}, mask = {0};
    if (count == 0)
        return error_set(dump->error, ERROR_INPUT,
                         "%s: layer %zu has no steps of a generation, and others have: expected steps of "
                         "every layer",
                         dump_file(dump), dump->layers[index]);
    const bool ok =
        dump_steps_join(dump->archive, steps, count, is_cross, &attention, &mask, dump->error) &&
        inputs_put_tensor(&own[INPUT_ATTENTION], &attention, input_names[INPUT_ATTENTION], dump->error) &&
        (!mask.data || inputs_put_tensor(&own[INPUT_MASK], &mask, input_names[INPUT_MASK], dump->error));
    tensor_free(&attention);
    tensor_free(&mask);
    return ok;
}

/* The steps of a generation, one under the other, for each layer. */
static bool dump_put_steps(const struct dump *dump)
{
    struct dump_step *steps = memory_alloc(dump->count, sizeof *steps, dump->error);
    bool ok = steps, is_cross = false;
    size_t longest = 0;
    for (size_t l = 0; ok && l < dump->layer_count; l++) {
        size_t count = 0;
        for (size_t i = 0; ok && i < dump->count; i++) {
            const struct found *found = &dump->list[i];
            if (!is_found(found) || !found->dump || found->numbers.step == SIZE_MAX ||
                found->numbers.layer != dump->layers[l])
                continue;
            is_cross = found->dump->part == PART_CROSS;
            steps[count].number = found->numbers.step;
            ok = layer_array(dump, found, &steps[count++].array);
        }
        ok = ok && put_steps_of_layer(dump, l, steps, count, is_cross);
        longest = count > longest ? count : longest;
    }
    free(steps);
    if (ok)
        warnings_add(&dump->inputs->notes, "%s: %zu step%s of a generation%s", dump_file(dump), longest,
                     longest > 1 ? "s" : "", longest > 1 ? ", one under the other" : "");
    const struct tensor *mask = ok ? &dump->inputs->layers[0].tensor[INPUT_MASK] : NULL;
    return ok && (!mask->data || inputs_put_steps_offset(dump->inputs, mask, dump->error));
}

/* Whether the attention that was found is one of steps. */
static bool are_steps(const struct dump *dump)
{
    for (size_t i = 0; i < dump->count; i++)
        if (is_found(&dump->list[i]) && dump->list[i].dump && dump->list[i].numbers.step != SIZE_MAX)
            return true;
    return false;
}

static bool dump_put_layers(const struct dump *dump)
{
    const char *from = NULL;
    if (!make_layers(dump))
        return false;
    for (size_t i = 0; i < dump->count; i++) {
        const struct found *found = &dump->list[i];
        if (!is_found(found) || !found->dump)
            continue;
        from = found->dump->from ? found->dump->from : from;
        if (found->numbers.step == SIZE_MAX && !put_layer(dump, found))
            return false;
    }
    if (from)
        warnings_add(&dump->inputs->notes, "%s: an array a layer, as %s has them", dump_file(dump), from);
    return !are_steps(dump) || dump_put_steps(dump);
}

/* ---- arrays of the whole ---- */

/* Of layers×batch×heads×n×m, as stacked attentions of Hugging Face, takes the sequence that is wanted. */
static bool take_of_layers(const struct dump *dump, struct array *array, enum input input)
{
    return array->rank <= TENSOR_RANK_MAX ||
           (archive_load(dump->archive, array, dump->error) && take_of_batch(dump, array, 1, input));
}

/* Whether q has more heads than tokens: its axes may be tokens×heads×d. */
static void warn_exchanged(const struct dump *dump, const struct tensor *q)
{
    const size_t *shape = q->shape + (q->rank == 4);
    if (q->rank >= 3 && (q->rank == 3 || q->shape[0] == 1) && shape[0] > shape[1] && shape[1] > 1)
        warnings_add(
            dump->warnings,
            "%s is taken for %zu heads of %zu tokens; if it is %zu tokens of %zu heads, exchange these axes",
            q->place.file, shape[0], shape[1], shape[0], shape[1]);
}

/* What the note says of an array under a name of other software. */
static void note_other(const struct dump *dump, const char *file, const char *own)
{
    warnings_add(&dump->inputs->notes, "%s is taken for %s", file, own);
}

static bool dump_put_mask(const struct dump *dump, struct tensor *tensor, const struct found *found)
{
    const char *file = tensor->place.file;
    enum input input;
    const struct json_mask mask = {
        tensor, found_array(dump, found)->name, &dump->inputs->all, &input, dump->warnings, dump->error};
    if (!json_put_mask(&mask, found->other->sense))
        return false;
    note_other(dump, file, input_names[input]);
    return true;
}

/* An array of all layers, or a part of it. */
static bool put_array(const struct dump *dump, const struct found *found, const struct array *array)
{
    struct array whole = *array;
    struct tensor tensor = {0};
    bool ok = take_of_layers(dump, &whole, found->input) &&
              found_tensor(dump, &tensor, &whole, found->input, SIZE_MAX);
    const bool is_mask = found->other && found->other->sense >= NAME_KEEPS;
    if (ok && found->other && !is_mask)
        note_other(dump, tensor.place.file, found->other->own);
    if (ok && found->input == INPUT_Q)
        warn_exchanged(dump, &tensor);
    if (ok && found->other && found->other->sense == NAME_OUT_IN)
        tensor.is_out_in = true;
    if (ok && is_mask)
        ok = dump_put_mask(dump, &tensor, found);
    else
        ok = ok && inputs_put_tensor(&dump->inputs->all.tensor[found->input], &tensor,
                                     input_names[found->input], dump->error);
    tensor_free(&tensor);
    return ok;
}

/* The numbers of the tokens, beside other things. */
static bool dump_put_ids(const struct dump *dump)
{
    for (size_t i = 0; i < dump->count; i++) {
        struct tensor tensor = {0};
        if (!dump->list[i].is_ids || dump->target->what != READ_ANY)
            continue;
        const bool ok =
            array_tensor(&tensor, dump->archive, found_array(dump, &dump->list[i]), dump->error) &&
            inputs_put_ids(dump->inputs, &tensor, dump->error);
        tensor_free(&tensor);
        if (!ok)
            return false;
        dump->inputs->ids_are_tokens = !json_names_ids(found_array(dump, &dump->list[i])->name);
    }
    return true;
}

/* The text that attn wrote as a metadatum, or NULL. */
static const struct metadatum *about_metadatum(const struct archive *archive)
{
    const struct metadatum *metadatum = archive_metadatum(archive, DUMP_ABOUT);
    return metadatum && metadatum->kind == METADATUM_TEXT ? metadatum : NULL;
}

bool dump_has_about(const struct archive *archive)
{
    const struct array *array = archive_find(archive, DUMP_ABOUT);
    return about_metadatum(archive) ||
           (array && array->dtype == DTYPE_U8 && array->rank == 1 && array->stride[0] == 1);
}

bool dump_about(const char **text, size_t *size, struct archive *archive, struct error *error)
{
    const struct metadatum *metadatum = about_metadatum(archive);
    struct array *array = metadatum ? NULL : archive_find(archive, DUMP_ABOUT);
    if (array && !(archive_load(archive, array, error) && archive_verify(archive, array, error)))
        return false;
    *text = metadatum ? metadatum->data : array->data;
    *size = metadatum ? metadatum->bytes : array->shape[0];
    return true;
}

bool dump_read_about(struct inputs *inputs, struct archive *archive, bool has_weights,
                     struct warnings *warnings, struct error *error)
{
    const char *text;
    size_t size;
    if (!dump_has_about(archive))
        return true;
    if (!dump_about(&text, &size, archive, error))
        return false;
    char *copy = archive_alloc(archive, size + 1, 1, error);
    if (!copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    struct source source = {.name = archive->sources[0].name, .data = copy, .size = size};
    return json_read_about(inputs, &source, has_weights, warnings, error);
}

/* What attn wrote beside its arrays: tokens, title, settings. */
static bool dump_put_about(const struct dump *dump)
{
    return dump->target->what != READ_ANY ||
           dump_read_about(dump->inputs, dump->archive, has_input(dump, INPUT_ATTENTION), dump->warnings,
                           dump->error);
}

/* *is: whether no number of the first matrix is below 0. The others are not read before they are wanted. */
static bool is_positive(const struct dump *dump, const struct tensor *tensor, bool *is)
{
    const size_t count = tensor->shape[tensor->rank - 1] * tensor->shape[tensor->rank - 2];
    float least = 0;
    if (!deferred_fetch_first(dump->inputs, tensor->data, dump->error))
        return false;
    for (size_t i = 0; i < count; i++)
        least = tensor->data[i] < least ? tensor->data[i] : least;
    *is = least >= 0;
    return true;
}

/* Whether the name of an array, or that of its file, says that it holds weights. */
static bool is_called_weights(const struct dump *dump, const struct array *array)
{
    return json_names_weights(dump_file(dump)) || json_names_weights(array->name);
}

/* What says that a single array is one thing or the other. */
static bool refuse_bare(const struct dump *dump, const struct array *array, struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    const char *path = dump_path(dump), *name = array->name, *colon = name[0] ? ":" : "";
    /* One sequence of a batch, as models give their hidden states. */
    if (array->rank == 3 && array->shape[0] == 1 && array->shape[1] != array->shape[2])
        return archive_error(
            dump->archive, array, error,
            "its shape is %s, and it may be embeddings, weights or queries: expected it by --embeddings "
            "%s%s%s, --attention or --q",
            array_shape(array, shape), path, colon, name);
    return archive_error(
        dump->archive, array, error,
        "its shape is %s, and it may be weights or queries: expected it by --attention %s%s%s or "
        "--q %s%s%s",
        array_shape(array, shape), path, colon, name, path, colon, name);
}

/* A single array whose name says nothing: of two axes embeddings, of more attention if its file is called so. */
static bool dump_put_bare(const struct dump *dump, const struct array *bare)
{
    struct array whole = *bare, *array = &whole;
    struct tensor tensor = {0};
    const bool of_pairs = has_matrix_axes(array);
    const enum input input = of_pairs ? INPUT_ATTENTION : INPUT_EMBEDDINGS;
    bool is_weights = of_pairs && is_called_weights(dump, array);
    bool ok = take_of_layers(dump, array, input) &&
              found_tensor(dump, &tensor, array, is_weights ? input : INPUT_COUNT, SIZE_MAX) &&
              (!is_weights || is_positive(dump, &tensor, &is_weights));
    if (ok && of_pairs && !is_weights)
        ok = refuse_bare(dump, array, dump->error);
    if (ok && of_pairs)
        warnings_add(&dump->inputs->notes, "%s is taken for attention, by its name", tensor.place.file);
    ok = ok && inputs_put_tensor(&dump->inputs->all.tensor[input], &tensor, input_names[input], dump->error);
    if (ok && !of_pairs)
        inputs_warn_weights(&dump->inputs->all.tensor[input], dump->warnings);
    tensor_free(&tensor);
    return ok;
}

/* ---- arrays that nobody reads ---- */

/* Says which arrays are passed over, and refuses those that would change the result. */
static bool pass_over(const struct dump *dump)
{
    enum { NAMED = 4 };
    char names[256] = "";
    size_t used = 0, count = 0, opaque = 0;
    for (size_t i = 0; i < dump->count; i++) {
        const struct found *found = &dump->list[i];
        const char *name = found_array(dump, found)->name;
        if (is_found(found) && !array_check_scales(dump->archive, found_array(dump, found), dump->error))
            return false;
        if (is_found(found) || found->is_ids || found->dump || found->other ||
            input_named(name) < INPUT_COUNT || name[0] == '_' || text_begins(name, "x-") ||
            dump_name_is_result(name) || dump_labels_are(found_array(dump, found)) ||
            (dump->has_hooks && strstr(name, "hook_")))
            continue;
        const char *advice = json_names_advice(name);
        if (!advice && array_is_opaque(found_array(dump, found))) {
            array_warn_opaque(dump->warnings, dump_file(dump), found_array(dump, found), &opaque);
            continue;
        }
        if (advice)
            return archive_error(dump->archive, found_array(dump, found), dump->error,
                                 "this name is not understood, and would change the result%s%s",
                                 *advice ? ": " : "", advice);
        if (count++ < NAMED && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", count > 1 ? ", " : "", name);
    }
    if (count > 0)
        warnings_add(dump->warnings, "%s: %s%s %s not read: nothing is known of %s", dump_file(dump), names,
                     count > NAMED ? " and others" : "", count > 1 ? "are" : "is",
                     count > 1 ? "these names" : "this name");
    return true;
}

/* Refuses the weights of a model, or says why they could not be taken for such either. */
static bool refuse_model(const struct dump *dump)
{
    const char *path = dump_path(dump), *title = NULL;
    const bool can_open = strcmp(path, "-") != 0;
    if (can_open && !(title = model_title(path, dump->error)))
        return false;
    return error_set(dump->error, ERROR_INPUT,
                     "%s holds the weights of a model%s%s%s: expected --projections %s beside embeddings",
                     dump_file(dump), title ? " (" : "", title ? title : "", title ? ")" : "",
                     can_open ? path : "FILE");
}

static bool nothing_found(const struct dump *dump)
{
    const struct array *array = &dump->archive->arrays[0];
    char shape[ARRAY_SHAPE_TEXT];
    if (dump->archive->count == 0 && archive_metadatum(dump->archive, "tokenizer.ggml.tokens"))
        return error_set(dump->error, ERROR_INPUT,
                         "%s holds a vocabulary and no array: expected --tokenizer %s beside an input",
                         dump_file(dump), dump_path(dump));
    if (dump->archive->count == 0)
        return error_set(dump->error, ERROR_INPUT, "%s holds no array: expected one", dump_file(dump));
    if (dump->target->what == READ_TENSOR)
        return error_set(
            dump->error, ERROR_INPUT,
            "%s holds %zu arrays, none of them called %s: expected --%s %s:%s, or another of them",
            dump_file(dump), dump->archive->count, dump->target->called, dump->target->called,
            dump_path(dump), array->name);
    if (model_fits(dump->archive))
        return refuse_model(dump);
    return error_set(
        dump->error, ERROR_INPUT,
        "%s holds %zu arrays, of which no name is known, the first %s of %s: expected q, k and v, "
        "attention, …; --q %s:%s takes one",
        dump_file(dump), dump->archive->count, array->name, array_shape(array, shape), dump_path(dump),
        array->name);
}

/* ---- the whole file ---- */

/* Keeps what is needed of what was found. *any: there is something. */
static bool keep_found(struct dump *dump, bool *any)
{
    keep_target(dump);
    if ((dump->reads_numbers && !drop_other_tuples(dump)) || !keep_part(dump) || !keep_preferred(dump))
        return false;
    drop_operands(dump);
    *any = false;
    for (size_t i = 0; i < dump->count; i++)
        *any = *any || is_found(&dump->list[i]);
    return true;
}

static bool put_found(struct dump *dump)
{
    bool any;
    if (!keep_found(dump, &any))
        return false;
    if (!any && dump->target->what == READ_ANY && dump->archive->count == 1)
        return dump_put_bare(dump, &dump->archive->arrays[0]) &&
               dump_labels_put(dump->inputs, dump->archive, dump->error);
    if (!any)
        return nothing_found(dump);
    if (!dump_put_ids(dump) || !dump_put_about(dump))
        return false;
    drop_stages(dump);
    if (!list_layers(dump) ||
        (dump->target->what == READ_ANY && !dump_labels_put(dump->inputs, dump->archive, dump->error)) ||
        (dump->target->what == READ_ANY && !pass_over(dump)) ||
        (dump->layer_count > 0 && !dump_put_layers(dump)))
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (is_found(&dump->list[i]) && !dump->list[i].dump &&
            !put_array(dump, &dump->list[i], found_array(dump, &dump->list[i])))
            return false;
    return true;
}

/* Whether the name of an array says what a part of it is. Where heads stand behind the tokens, it does not of a part with fewer
 * axes, which may be either. */
static bool says_what(const struct found *found, const struct array *array, const struct array *part)
{
    const struct dump_name *name = found->dump;
    return is_found(found) &&
           (!name || (!name->wants_matrix && !(name->heads_behind && part->rank < array->rank)));
}

/* An array that was chosen, or a part of it, whose name says what it is; of a layer, which is then the only one. */
static bool put_named(const struct dump *dump, const struct found *found, const struct array *array)
{
    struct array own = *array;
    struct tensor tensor = {0};
    if (!found->dump)
        return put_array(dump, found, array);
    const enum input input = found->dump->is_scores ? INPUT_COUNT : found->input;
    bool ok = order_axes(dump, found, &own) && found_tensor(dump, &tensor, &own, input, SIZE_MAX) &&
              (!found->dump->is_scores || weigh_rows(&tensor, dump->error)) &&
              inputs_put_tensor(&dump->inputs->all.tensor[found->input], &tensor, input_names[found->input],
                                dump->error);
    tensor_free(&tensor);
    return ok;
}

/* The one array that is wanted, or the part of it. */
static bool put_chosen(struct dump *dump, const char *name, const char *index)
{
    struct array *array = name                        ? archive_find(dump->archive, name)
                          : dump->archive->count == 1 ? &dump->archive->arrays[0]
                                                      : NULL;
    const char *names[65] = {NULL};
    for (size_t i = 0; i < dump->archive->count && i < 64; i++)
        names[i] = dump->archive->arrays[i].name;
    const char *near = name ? text_nearest(name, names) : NULL;
    if (!array && !name)
        return error_set(dump->error, ERROR_USAGE, "%s holds %zu arrays: expected %s:NAME[%s]",
                         dump_file(dump), dump->archive->count, dump_path(dump), index);
    if (!array)
        return error_set(dump->error, ERROR_USAGE, "%s has no array %s%s%s%s", dump_file(dump), name,
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    struct array part = *array;
    struct tensor tensor = {0};
    if (index && !(archive_load(dump->archive, &part, dump->error) && array_cut(&part, index, dump->error)))
        return false;
    if (dump->target->what == READ_ANY) {
        const struct found *found = &dump->list[array - dump->archive->arrays];
        return says_what(found, array, &part) ? put_named(dump, found, &part) : dump_put_bare(dump, &part);
    }
    bool ok = found_tensor(dump, &tensor, &part, dump->target->input, SIZE_MAX) &&
              inputs_put_tensor(&dump->inputs->all.tensor[dump->target->input], &tensor, dump->target->called,
                                dump->error);
    tensor_free(&tensor);
    return ok;
}

bool dump_read(struct inputs *inputs, struct archive *archive, const char *name, const char *index,
               const struct read_target *target, struct warnings *warnings, struct error *error)
{
    struct dump dump = {.archive = archive,
                        .inputs = inputs,
                        .target = target,
                        .warnings = warnings,
                        .error = error,
                        .reads_numbers = target->what == READ_ANY,
                        .list = memory_alloc(archive->count, sizeof *dump.list, error)};
    bool ok = dump.list;
    if (ok && target->what != READ_ANY && target->what != READ_TENSOR)
        ok = error_set(error, ERROR_INPUT, "%s is %s: expected a list of labels as text or JSON",
                       dump_file(&dump), archive->format->what);
    if (ok) {
        find_all(&dump);
        const bool asks_part =
            target->part > PART_ONLY && archive->count == 1 && found_part(&dump, &dump.list[0]) != PART_ONLY;
        const bool is_one = archive->count == 1 && (index || (target->what == READ_TENSOR && !asks_part));
        ok = name || index || is_one ? put_chosen(&dump, name, index) : put_found(&dump);
    }
    free(dump.list);
    free(dump.layers);
    return ok;
}

/* ---- a plan of it ---- */

/* What a single array whose name says nothing would be taken for. */
static bool plan_bare(const struct dump *dump, struct dump_reading *reading, struct warnings *warnings)
{
    struct array *array = &dump->archive->arrays[0];
    struct error refused = {0};
    char unread[ARRAY_UNREAD_TEXT];
    bool negative = false;
    *reading =
        (struct dump_reading){.input = INPUT_COUNT, .layer = SIZE_MAX, .step = SIZE_MAX, .is_bare = true};
    if (!dtype_kind(array->dtype)->widen)
        warnings_add(warnings, "%s", array_unread(array, unread));
    else if (!has_matrix_axes(array))
        reading->input = INPUT_EMBEDDINGS;
    else if (is_called_weights(dump, array) && dump->reads_numbers && !is_negative(dump, array, &negative))
        return false;
    else if (is_called_weights(dump, array) && !negative)
        reading->input = INPUT_ATTENTION;
    else if (!refuse_bare(dump, array, &refused))
        warnings_add(warnings, "%s", refused.message);
    return true;
}

static void plan_found(const struct dump *dump, struct dump_reading *readings)
{
    for (size_t i = 0; i < dump->count; i++) {
        const struct found *found = &dump->list[i];
        const struct dump_name *name = found->dump;
        readings[i] = (struct dump_reading){.input = found->input,
                                            .layer = SIZE_MAX,
                                            .step = SIZE_MAX,
                                            .is_ids = found->is_ids,
                                            .is_labels = dump_labels_are(found_array(dump, found))};
        if (!is_found(found) || !name)
            continue;
        readings[i].layer = layer_index(dump, found->numbers.layer);
        readings[i].step = found->numbers.step;
        readings[i].is_scores = name->is_scores;
        readings[i].from = name->from;
    }
}

/* Says what dump_read would refuse as a warning; without memory it is an error. */
static bool plan_refused(struct warnings *warnings, const struct error *refused, struct error *error)
{
    if (refused->kind == ERROR_SYSTEM)
        return error_set(error, ERROR_SYSTEM, "%s", refused->message);
    if (refused->kind != ERROR_NONE)
        warnings_add(warnings, "%s", refused->message);
    return true;
}

bool dump_plan(struct dump_reading **readings, struct archive *archive, bool values, struct warnings *notes,
               struct warnings *warnings, struct error *error)
{
    static const struct read_target any = {.what = READ_ANY};
    struct inputs unused = {0};
    struct error refused = {0};
    struct dump dump = {.archive = archive,
                        .inputs = &unused,
                        .target = &any,
                        .warnings = warnings,
                        .error = &refused,
                        .reads_numbers = values,
                        .list = memory_alloc(archive->count, sizeof *dump.list, error)};
    *readings = memory_alloc(archive->count, sizeof **readings, error);
    bool any_found = false, ok = dump.list && *readings;
    if (ok) {
        find_all(&dump);
        ok = keep_found(&dump, &any_found) && list_layers(&dump);
        if (ok)
            plan_found(&dump, *readings);
        if (ok && !any_found && archive->count == 1)
            ok = plan_bare(&dump, *readings, warnings);
        else if (ok)
            (void)(any_found ? pass_over(&dump) : nothing_found(&dump));
        ok = plan_refused(warnings, &refused, error) && ok;
    }
    *notes = unused.notes;
    free(dump.list);
    free(dump.layers);
    return ok;
}
