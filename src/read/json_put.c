/* Values of keys to inputs: tensors, labels, masks, and what a list of layers or of steps stands for. */
#include "read/json_reading.h"

#include "base/memory.h"
#include "read/inputs_put.h"
#include "read/json_layers.h"
#include "read/json_masks.h"
#include "read/json_steps.h"
#include "read/json_values.h"

void json_note_name(struct json_reading *reading, const struct json_member *member, const char *own)
{
    struct place place = source_place(reading->json.source, member->offset);
    warnings_add(&reading->inputs->notes, "%s:%zu:%zu: %s is taken for %s", place.file, place.line,
                 place.column, member->name, own);
}

/* Attention whose rows grow, with a mask of the keys that did not exist yet; *are_steps: it is that. */
static bool put_steps(struct json_reading *reading, const struct json_member *member,
                      struct layer_inputs *layer, bool *are_steps)
{
    const struct number_array *array = json_array(&reading->json, member->item);
    struct json_steps steps = {0};
    bool ok = !array || json_steps_read(&steps, &reading->json, array, member->name, reading->error);
    *are_steps = ok && steps.count > 0;
    if (*are_steps) {
        const struct place place = steps.attention.place;
        const bool grow = steps.mask.data;
        warnings_add(&reading->inputs->notes, "%s:%zu:%zu: %s has %s%zu steps of a generation", place.file,
                     place.line, place.column, member->name, grow ? "rows that grow: " : "", steps.count);
        ok = grow && layer->tensor[INPUT_MASK].data
                 ? place_error(&place, reading->error,
                               "%s has rows that grow, so that keys which come later are masked: expected no "
                               "mask beside it",
                               member->name)
                 : (!grow || layer != &reading->inputs->all ||
                    inputs_put_steps_offset(reading->inputs, &steps.mask, reading->error)) &&
                       inputs_put_tensor(&layer->tensor[INPUT_ATTENTION], &steps.attention, "attention",
                                         reading->error) &&
                       (!grow ||
                        inputs_put_tensor(&layer->tensor[INPUT_MASK], &steps.mask, "mask", reading->error));
    }
    json_steps_free(&steps);
    return ok;
}

bool json_need_layers(struct json_reading *reading, const struct json_member *member, size_t count)
{
    struct inputs *inputs = reading->inputs;
    if (count > LAYERS_MAX)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s holds %zu layers: expected at most %d", member->name, count, LAYERS_MAX);
    if (inputs->layers && inputs->layer_count != count)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s holds %zu layers: expected %zu, as elsewhere", member->name, count,
                            inputs->layer_count);
    if (!inputs->layers)
        inputs->layers = memory_zeroed(count, sizeof *inputs->layers, reading->error);
    inputs->layer_count = inputs->layers ? count : 0;
    return inputs->layers;
}

/* A list of layers of different size; *are_layers: it is that. */
static bool put_layers(struct json_reading *reading, const struct json_member *member, enum input input,
                       bool *are_layers)
{
    const struct number_array *array = json_array(&reading->json, member->item);
    struct json_layers layers = {0};
    bool ok = !array || json_layers_read(&layers, &reading->json, array, reading->error);
    *are_layers = ok && layers.count > 0;
    ok = ok && (!*are_layers || json_need_layers(reading, member, layers.count));
    for (size_t l = 0; ok && l < layers.count; l++)
        ok = inputs_put_tensor(&reading->inputs->layers[l].tensor[input], &layers.tensor[l],
                               input_names[input], reading->error);
    json_layers_free(&layers);
    return ok;
}

/* Leaves the sequence that is wanted of layers×batch×heads×n×m, as Hugging Face returns attentions. */
static bool choose_sequence(struct json_reading *reading, const struct json_member *member, enum input input)
{
    const size_t batch = reading->target->batch;
    struct number_array *array = json_array(&reading->json, member->item);
    if (!reading->target->has_batch || !array || array->uneven.offset ||
        (array->depth != TENSOR_RANK_MAX + 1 && !array->had_batch))
        return true;
    const size_t count = array->had_batch ? 1 : array->tensor.shape[1];
    if (batch >= count)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s has a batch of %zu: expected --batch below that", member->name, count);
    reading->inputs->batch_size = count;
    reading->inputs->batch_is_taken[input] = true;
    if (!array->had_batch)
        json_array_batch(array, batch);
    return true;
}

bool json_put_tensor(struct json_reading *reading, const struct json_member *member, enum input input,
                     struct layer_inputs *layer)
{
    struct tensor *tensor = NULL;
    if (!choose_sequence(reading, member, input))
        return false;
    bool are_steps = false, are_layers = false;
    if (input == INPUT_ATTENTION && (!put_steps(reading, member, layer, &are_steps) || are_steps))
        return are_steps && reading->error->kind == ERROR_NONE;
    if (layer == &reading->inputs->all && (!put_layers(reading, member, input, &are_layers) || are_layers))
        return are_layers && reading->error->kind == ERROR_NONE;
    return json_get_tensor(&reading->json, member, &tensor, reading->error) &&
           inputs_put_tensor(&layer->tensor[input], tensor, input_names[input], reading->error);
}

bool json_put_labels(struct json_reading *reading, const struct json_member *member, struct labels *to,
                     const char *called)
{
    struct labels labels = {0};
    bool ok = json_get_labels(&reading->json, member, &labels, reading->error) &&
              inputs_put_labels(to, &labels, called, reading->error);
    labels_free(&labels);
    return ok;
}

bool json_put_all_labels(struct json_reading *reading, const struct json_member *member, bool keys)
{
    struct inputs *inputs = reading->inputs;
    const cJSON *first = cJSON_IsArray(member->item) ? member->item->child : NULL;
    if (!cJSON_IsArray(first))
        return json_put_labels(reading, member, keys ? &inputs->key_tokens : &inputs->tokens, member->name);
    struct json_member list = {member->name, member->offset, member->item->child};
    const bool has_batch = reading->target->has_batch;
    for (size_t i = 0; has_batch && i < reading->target->batch && list.item; i++)
        list.item = list.item->next;
    if (!list.item)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s has no list %zu: expected one for each sequence of the batch", member->name,
                            reading->target->batch);
    if (!first->next || has_batch)
        return json_put_labels(reading, &list, keys ? &inputs->key_tokens : &inputs->tokens, member->name);
    if (!json_need_layers(reading, member, json_list_length(member->item)))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++, list.item = list.item->next) {
        struct layer_inputs *layer = &inputs->layers[l];
        if (!json_put_labels(reading, &list, keys ? &layer->key_tokens : &layer->tokens, member->name))
            return false;
    }
    return true;
}

bool json_put_other_mask(struct json_reading *reading, const struct json_member *member,
                         enum name_sense sense, struct layer_inputs *layer)
{
    struct tensor *tensor = NULL;
    enum input input;
    if (!json_get_tensor(&reading->json, member, &tensor, reading->error))
        return false;
    const struct json_mask mask = {tensor, member->name, layer, &input, reading->warnings, reading->error};
    if (!json_put_mask(&mask, sense))
        return false;
    json_note_name(reading, member, input_names[input]);
    return true;
}

bool json_read_ids(struct json_reading *reading, const struct json_member *member)
{
    struct tensor *tensor = NULL;
    if (!json_get_tensor(&reading->json, member, &tensor, reading->error))
        return false;
    return inputs_put_ids(reading->inputs, tensor, reading->error);
}
