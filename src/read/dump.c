#include "read/dump.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "read/dump_about.h"
#include "read/dump_array.h"
#include "read/dump_bare.h"
#include "read/dump_keep.h"
#include "read/dump_labels.h"
#include "read/dump_layers.h"
#include "read/dump_unread.h"
#include "read/inputs_put.h"
#include "tensor/format.h"

/* What attn wrote beside its arrays: tokens, title, settings. */
static bool dump_put_about(const struct dump *dump)
{
    return dump->target->what != READ_ANY ||
           dump_read_about(dump->inputs, dump->archive, dump_has_input(dump, INPUT_ATTENTION), dump->warnings,
                           dump->error);
}

static bool put_found(struct dump *dump)
{
    bool any;
    if (!dump_keep(dump, &any))
        return false;
    if (!any && dump->target->what == READ_ANY && dump->archive->count == 1)
        return dump_put_bare(dump, &dump->archive->arrays[0]) &&
               dump_labels_put(dump->inputs, dump->archive, dump->error);
    if (!any)
        return dump_nothing_found(dump);
    if (!dump_put_ids(dump) || !dump_put_about(dump))
        return false;
    dump_drop_stages(dump);
    if (!dump_list_layers(dump) ||
        (dump->target->what == READ_ANY && !dump_labels_put(dump->inputs, dump->archive, dump->error)) ||
        (dump->target->what == READ_ANY && !dump_pass_over(dump)) ||
        (dump->layer_count > 0 && !dump_put_layers(dump)))
        return false;
    for (size_t i = 0; i < dump->count; i++)
        if (dump_is_found(&dump->list[i]) && !dump->list[i].dump &&
            !dump_put_array(dump, &dump->list[i], dump_array(dump, &dump->list[i])))
            return false;
    return true;
}

/* Whether the name of an array says what a part of it is. Where heads stand behind the tokens, it does not of a part with fewer
 * axes, which may be either. */
static bool says_what(const struct dump_found *found, const struct array *array, const struct array *part)
{
    const struct dump_name *name = found->dump;
    return dump_is_found(found) &&
           (!name || (!name->wants_matrix && !(name->heads_behind && part->rank < array->rank)));
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
        const struct dump_found *found = &dump->list[array - dump->archive->arrays];
        return says_what(found, array, &part) ? dump_put_named(dump, found, &part)
                                              : dump_put_bare(dump, &part);
    }
    bool ok = dump_tensor(dump, &tensor, &part, dump->target->input, SIZE_MAX) &&
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
        dump_find(&dump);
        const bool asks_part = target->part > PART_ONLY && archive->count == 1 &&
                               dump_part_found(&dump, &dump.list[0]) != PART_ONLY;
        const bool is_one = archive->count == 1 && (index || (target->what == READ_TENSOR && !asks_part));
        ok = name || index || is_one ? put_chosen(&dump, name, index) : put_found(&dump);
    }
    free(dump.list);
    free(dump.layers);
    return ok;
}
