/* The numbers in the inputs: which values they may have. */
#include "base/source.h"
#include "problem/check.h"
#include "problem/senses.h"

#include <math.h>
#include <stdio.h>

/* "[2, 0, 5]": the indices of number `at` of a tensor. Room for any in 96 bytes. */
static const char *index_text(const struct tensor *tensor, size_t at, char out[96])
{
    size_t index[TENSOR_RANK_MAX] = {0};
    for (int i = tensor->rank - 1; i >= 0; i--) {
        index[i] = at % tensor->shape[i];
        at /= tensor->shape[i];
    }
    int used = snprintf(out, 96, "[");
    for (int i = 0; i < tensor->rank; i++)
        used += snprintf(out + used, 96 - (size_t)used, "%s%zu", i ? ", " : "", index[i]);
    snprintf(out + used, 96 - (size_t)used, "]");
    return out;
}

/* Whether a mask holds nothing but 0 and 1. */
static bool check_mask(const struct tensor *mask, const char *name, struct error *error)
{
    char where[96];
    size_t count = tensor_count(mask);
    for (size_t i = 0; i < count; i++) {
        float value = mask->data[i];
        if (value == 0 || value == 1)
            continue;
        if (tensor_is_null(value))
            return place_error(&mask->place, error, "%s is null at %s: expected true, false, 1 or 0", name,
                               index_text(mask, i, where));
        return place_error(&mask->place, error,
                           "%s is %g at %s: expected true, false, 1 or 0 (numbers to be added to the "
                           "scores are called bias)",
                           name, (double)value, index_text(mask, i, where));
    }
    return true;
}

/* What number `at` of a tensor was in its file, which is not finite here. Room for any in 32 bytes. */
static const char *nonfinite_text(const struct tensor *tensor, size_t at, char out[32])
{
    const float value = tensor->data[at];
    if ((tensor->holds & TENSOR_TOO_LARGE) && at == tensor->too_large_at)
        snprintf(out, 32, "%.9g", tensor->too_large);
    else
        snprintf(out, 32, "%s", isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity");
    return out;
}

/* What became of numbers that are finite in the file. */
static const char *too_large_text(const struct tensor *tensor, size_t at)
{
    if (!(tensor->holds & TENSOR_TOO_LARGE) || isnan(tensor->data[at]))
        return "";
    return at == tensor->too_large_at ? ", too large for float32 (at most 3.4e38), which makes it infinite"
                                      : ", or numbers too large for float32 (at most 3.4e38)";
}

/* Warns of the first NaN or infinity, which are computed with as arithmetic has it; -infinity is none where
 * it `may_mask`. Returns whether there was one. */
static bool warn_nonfinite(const struct tensor *tensor, const char *name, bool may_mask,
                           struct warnings *warnings)
{
    size_t count = tensor_count(tensor), found = 0, first = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        float value = tensor->data[i];
        if (isfinite(value) || (may_mask && value == -INFINITY))
            continue;
        any = true;
        if (tensor->is_told && isinf(value))
            continue;
        if (found++ == 0)
            first = i;
    }
    if (found == 0)
        return any;
    char what[32], where[96], more[48] = "";
    if (found > 1)
        snprintf(more, sizeof more, " and %zu more", found - 1);
    warnings_add(warnings, "%s%s%s holds %s at %s%s%s: the rows that see it become NaN",
                 tensor->place.file ? tensor->place.file : "", tensor->place.file ? ": " : "", name,
                 nonfinite_text(tensor, first, what), index_text(tensor, first, where), more,
                 too_large_text(tensor, first));
    return true;
}

/* The tensors of `layer`, which serve the layers [first, end). */
static bool check_layer_values(struct problem *problem, struct layer_inputs *layer, size_t first, size_t end,
                               struct warnings *warnings, struct error *error)
{
    const bool computed = !problem->layers[0].attention;
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *tensor = &layer->tensor[i];
        if (!tensor->data)
            continue;
        if (i == INPUT_MASK || i == INPUT_OR_MASK || i == INPUT_BLOCK_MASK || i == INPUT_KEY_MASK) {
            if (!check_mask(tensor, input_names[i], error))
                return false;
            continue;
        }
        if (tensor->holds & TENSOR_BOOLEANS)
            return place_error(&tensor->place, error, "%s holds true or false: expected numbers%s",
                               input_names[i],
                               i == INPUT_BIAS ? " (booleans that say where to look are called mask)" : "");
        if (i == INPUT_WORDS || i == INPUT_KEY_WORDS)
            continue; /* numbers of words are checked where they are joined; null is a token by itself */
        if (i == INPUT_ATTENTION)
            continue; /* compute/given.h looks at them, once */
        if ((computed || i == INPUT_V) && problem_uses(problem, first, end, tensor))
            problem->nonfinite |=
                warn_nonfinite(tensor, input_names[i], sense_is_logit(i) || i == INPUT_DECAY, warnings);
    }
    return true;
}

bool problem_check_values(struct problem *problem, struct inputs *inputs, struct warnings *warnings,
                          struct error *error)
{
    if (!check_layer_values(problem, &inputs->all, 0, problem->layer_count, warnings, error))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++)
        if (!check_layer_values(problem, &inputs->layers[l], l, l + 1, warnings, error))
            return false;
    return true;
}
