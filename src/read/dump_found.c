#include "read/dump_found.h"

#include <string.h>

#include "read/dump_about.h"
#include "read/json_names.h"

const char *dump_file(const struct dump *dump)
{
    return dump->archive->sources[0].name;
}

const char *dump_path(const struct dump *dump)
{
    return source_path(&dump->archive->sources[0]);
}

struct array *dump_array(const struct dump *dump, const struct dump_found *found)
{
    return &dump->archive->arrays[found->array];
}

bool dump_has_matrix_axes(const struct array *array)
{
    return array->rank >= 3 && array->rank <= TENSOR_RANK_MAX + 1;
}

/* The input of a name that belongs to no layer. A name with a layer's number in it, of a model's weights, is none. */
static void find_plain(const char *name, struct dump_found *found)
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
static bool find_of_layer(const char *name, struct dump_found *found)
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

void dump_find(struct dump *dump)
{
    const bool is_own = dump_has_about(dump->archive);
    for (size_t i = 0; i < dump->archive->count; i++) {
        const struct array *array = &dump->archive->arrays[i];
        struct dump_found *found = &dump->list[dump->count++];
        *found = (struct dump_found){.array = i, .input = INPUT_COUNT};
        if (!array->name[0])
            continue;
        found->is_ids = json_names_ids(array->name) || is_tokens_of_ids(dump->archive, array);
        if (found->is_ids || (is_own && find_of_layer(array->name, found)))
            continue;
        find_plain(array->name, found);
        if (found->input < INPUT_COUNT)
            continue;
        found->dump = dump_name_find(array->name, &found->numbers);
        if (found->dump && (!found->dump->wants_matrix || dump_has_matrix_axes(array))) {
            found->input = found->dump->input;
            dump->has_hooks = dump->has_hooks || strstr(array->name, "hook_");
        } else {
            found->dump = NULL;
        }
    }
}

bool dump_is_own_layer(const struct dump_found *found)
{
    return found->dump == &own_layer;
}

bool dump_is_found(const struct dump_found *found)
{
    return found->input < INPUT_COUNT;
}

enum dump_part dump_part_found(const struct dump *dump, const struct dump_found *found)
{
    return found->dump ? found->dump->part : dump_part_of(dump_array(dump, found)->name);
}

bool dump_has_input(const struct dump *dump, enum input input)
{
    for (size_t i = 0; i < dump->count; i++)
        if (dump->list[i].input == input)
            return true;
    return false;
}
