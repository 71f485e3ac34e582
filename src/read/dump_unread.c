#include "read/dump_unread.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "read/array_tensor.h"
#include "read/dump_labels.h"
#include "read/json_names.h"
#include "read/model.h"
#include "read/model_profile.h"

bool dump_pass_over(const struct dump *dump)
{
    enum { NAMED = 4 };
    char names[256] = "";
    size_t used = 0, count = 0, opaque = 0;
    for (size_t i = 0; i < dump->count; i++) {
        const struct dump_found *found = &dump->list[i];
        const char *name = dump_array(dump, found)->name;
        if (dump_is_found(found) && !array_check_scales(dump->archive, dump_array(dump, found), dump->error))
            return false;
        if (dump_is_found(found) || found->is_ids || found->dump || found->other ||
            input_named(name) < INPUT_COUNT || name[0] == '_' || text_begins(name, "x-") ||
            dump_name_is_result(name) || dump_labels_are(dump_array(dump, found)) ||
            (dump->has_hooks && strstr(name, "hook_")))
            continue;
        const char *advice = json_names_advice(name);
        if (!advice && array_is_opaque(dump_array(dump, found))) {
            array_warn_opaque(dump->warnings, dump_file(dump), dump_array(dump, found), &opaque);
            continue;
        }
        if (advice)
            return archive_error(dump->archive, dump_array(dump, found), dump->error,
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

bool dump_nothing_found(const struct dump *dump)
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
