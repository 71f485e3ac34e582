#include "read/dump_plan.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "read/dump_bare.h"
#include "read/dump_keep.h"
#include "read/dump_labels.h"
#include "read/dump_layers.h"
#include "read/dump_unread.h"

static void plan_found(const struct dump *dump, struct dump_reading *readings)
{
    for (size_t i = 0; i < dump->count; i++) {
        const struct dump_found *found = &dump->list[i];
        const struct dump_name *name = found->dump;
        readings[i] = (struct dump_reading){.input = found->input,
                                            .layer = SIZE_MAX,
                                            .step = SIZE_MAX,
                                            .is_ids = found->is_ids,
                                            .is_labels = dump_labels_are(dump_array(dump, found))};
        if (!dump_is_found(found) || !name)
            continue;
        readings[i].layer = dump_layer_index(dump, found->numbers.layer);
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
        dump_find(&dump);
        ok = dump_keep(&dump, &any_found) && dump_list_layers(&dump);
        if (ok)
            plan_found(&dump, *readings);
        if (ok && !any_found && archive->count == 1)
            ok = dump_plan_bare(&dump, *readings, warnings);
        else if (ok)
            (void)(any_found ? dump_pass_over(&dump) : dump_nothing_found(&dump));
        ok = plan_refused(warnings, &refused, error) && ok;
    }
    *notes = unused.notes;
    free(dump.list);
    free(dump.layers);
    return ok;
}
