/* Checks only whether something is there already. Shapes are checked in problem/. */
#include "read/inputs_put.h"
#include "base/source.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* "FILE:LINE:COL", or as much of it as is known. */
static const char *place_text(const struct place *place, char out[256])
{
    if (place->line == 0)
        snprintf(out, 256, "%s", place->file);
    else if (place->column == 0)
        snprintf(out, 256, "%s:%zu", place->file, place->line);
    else
        snprintf(out, 256, "%s:%zu:%zu", place->file, place->line, place->column);
    return out;
}

static bool twice(const struct place *here, const struct place *before, const char *called,
                  struct error *error)
{
    char text[256];
    return place_error(here, error, "%s is given twice: expected it once, and it is already in %s", called,
                       place_text(before, text));
}

bool inputs_put_tensor(struct tensor *to, struct tensor *tensor, const char *called, struct error *error)
{
    if (to->data)
        return twice(&tensor->place, &to->place, called, error);
    *to = *tensor;
    tensor->data = NULL;
    return true;
}

bool inputs_put_steps_offset(struct inputs *inputs, const struct tensor *mask, struct error *error)
{
    if (inputs->offset_count > 0 || mask->shape[0] == mask->shape[1])
        return true;
    inputs->offsets = memory_alloc(1, sizeof *inputs->offsets, error);
    if (!inputs->offsets)
        return false;
    inputs->offsets[0] = (int64_t)mask->shape[1] - (int64_t)mask->shape[0];
    inputs->offset_count = 1;
    return true;
}

bool inputs_put_ids(struct inputs *inputs, struct tensor *ids, struct error *error)
{
    if (ids->rank == 2 && ids->shape[0] == 1) {
        ids->rank = 1;
        ids->shape[0] = ids->shape[1];
    }
    if (ids->rank > 2)
        return place_error(
            &ids->place, error,
            "the numbers of the tokens have %d axes: expected a list, or one a sequence of a batch",
            ids->rank);
    return inputs_put_tensor(&inputs->ids, ids, "ids", error);
}

bool inputs_put_labels(struct labels *to, struct labels *labels, const char *called, struct error *error)
{
    if (to->given)
        return twice(&labels->place, &to->place, called, error);
    *to = *labels;
    *labels = (struct labels){0};
    return true;
}

void inputs_offer_labels(struct labels *to, struct labels *labels, const char *called,
                         struct warnings *warnings)
{
    if (!to->given) {
        *to = *labels;
        *labels = (struct labels){0};
        return;
    }
    bool same = to->count == labels->count;
    for (size_t i = 0; same && i < to->count; i++)
        same = strcmp(to->text[i], labels->text[i]) == 0;
    char here[256], before[256];
    if (!same)
        warnings_add(warnings, "%s: these labels are ignored, because %s are already in %s",
                     place_text(&labels->place, here), called, place_text(&to->place, before));
}

void inputs_warn_weights(const struct tensor *embeddings, struct warnings *warnings)
{
    const struct tensor *t = embeddings;
    const double near = 2e-3; /* the rounding of printed decimals */
    bool plain = true;
    if (t->rank != 2 || t->shape[0] != t->shape[1] || t->shape[0] < 2)
        return;
    for (size_t i = 0; i < t->shape[0]; i++) {
        double sum = 0;
        for (size_t j = 0; j < t->shape[1]; j++) {
            const float value = t->data[i * t->shape[1] + j];
            if (!(value >= 0))
                return;
            plain = plain && (value == 0 || value == 1);
            sum += (double)value;
        }
        if (!(sum > 1 - near && sum < 1 + near))
            return;
    }
    if (!plain)
        warnings_add(
            warnings,
            "%s: taken for embeddings, and its rows sum to 1 as those of weights do: --attention %s takes it "
            "for weights",
            t->place.file, t->place.file);
}
