#include "read/dump_layers.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "read/dump_about.h"
#include "read/dump_array.h"
#include "read/dump_steps.h"
#include "read/inputs_put.h"
#include "tensor/format.h"

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
        const struct dump_found *found = &dump->list[i];
        if (found->dump && dump_is_found(found) && found->numbers.layer >= count)
            return archive_error(dump->archive, dump_array(dump, found), dump->error,
                                 "its layer is %zu: expected one below %zu, as " DUMP_ABOUT " has layers",
                                 found->numbers.layer, count);
    }
    return dump->layers;
}

bool dump_list_layers(struct dump *dump)
{
    size_t count = 0;
    dump->layers = memory_alloc(dump->count, sizeof *dump->layers, dump->error);
    if (!dump->layers)
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (dump->list[i].dump && dump_is_found(&dump->list[i]))
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

size_t dump_layer_index(const struct dump *dump, size_t number)
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

static bool layer_array(const struct dump *dump, const struct dump_found *found, struct array *array)
{
    *array = *dump_array(dump, found);
    return dump_order_axes(dump, found, array);
}

static bool put_layer(const struct dump *dump, const struct dump_found *found)
{
    struct tensor tensor = {0};
    struct array array;
    const size_t index = dump_layer_index(dump, found->numbers.layer);
    struct layer_inputs *layer = &dump->inputs->layers[index];
    const enum input input = found->dump->is_scores ? INPUT_COUNT : found->input;
    bool ok = layer_array(dump, found, &array) && dump_tensor(dump, &tensor, &array, input, index);
    if (ok && found->dump->is_scores) {
        ok = dump_weigh_rows(&tensor, dump->error);
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
            const struct dump_found *found = &dump->list[i];
            if (!dump_is_found(found) || !found->dump || found->numbers.step == SIZE_MAX ||
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
        if (dump_is_found(&dump->list[i]) && dump->list[i].dump && dump->list[i].numbers.step != SIZE_MAX)
            return true;
    return false;
}

bool dump_put_layers(const struct dump *dump)
{
    const char *from = NULL;
    if (!make_layers(dump))
        return false;
    for (size_t i = 0; i < dump->count; i++) {
        const struct dump_found *found = &dump->list[i];
        if (!dump_is_found(found) || !found->dump)
            continue;
        from = found->dump->from ? found->dump->from : from;
        if (found->numbers.step == SIZE_MAX && !put_layer(dump, found))
            return false;
    }
    if (from)
        warnings_add(&dump->inputs->notes, "%s: an array a layer, as %s has them", dump_file(dump), from);
    return !are_steps(dump) || dump_put_steps(dump);
}
