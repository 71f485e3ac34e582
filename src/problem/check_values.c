/* The numbers in the inputs: which values they may have. */
#include "base/source.h"
#include "problem/check.h"

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

/* Warns of the first NaN or infinity, which are computed with as arithmetic has it; -infinity is none where
 * it `may_mask`. Returns whether there was one. */
static bool warn_nonfinite(const struct tensor *tensor, const char *name, bool may_mask,
                           struct warnings *warnings)
{
    size_t count = tensor_count(tensor), found = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        float value = tensor->data[i];
        if (isfinite(value) || (may_mask && value == -INFINITY))
            continue;
        if (found++ == 0)
            first = i;
    }
    if (found == 0)
        return false;
    char where[96], more[48] = "";
    float value = tensor->data[first];
    if (found > 1)
        snprintf(more, sizeof more, " and %zu more", found - 1);
    warnings_add(warnings, "%s%s%s holds %s at %s%s: the rows that see it become NaN",
                 tensor->place.file ? tensor->place.file : "", tensor->place.file ? ": " : "", name,
                 isnan(value) ? "NaN"
                 : value > 0  ? "infinity"
                              : "-infinity",
                 index_text(tensor, first, where), more);
    return true;
}

/* How far the sum of a row of given weights may be from 1 without a warning: the rounding of 16-bit floats
 * and of printed decimals. */
static const double sum_tolerance = 2e-3;

/* Whether each column sums to 1, as where keys are rows. */
static bool columns_sum_to_one(const struct tensor *attention)
{
    const size_t columns = attention->shape[attention->rank - 1],
                 rows = attention->shape[attention->rank - 2];
    const size_t matrix = rows * columns, count = tensor_count(attention);
    for (size_t from = 0; from < count; from += matrix)
        for (size_t j = 0; j < columns; j++) {
            double sum = 0;
            for (size_t i = 0; i < rows; i++)
                sum += (double)attention->data[from + i * columns + j];
            if (!(fabs(sum - 1) <= sum_tolerance))
                return false;
        }
    return true;
}

static void warn_sums(const struct tensor *attention, struct warnings *warnings)
{
    size_t columns = attention->shape[attention->rank - 1], rows = tensor_count(attention) / columns;
    size_t off = 0, broken = 0;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < rows; i++) {
        const float *row = attention->data + i * columns;
        double sum = 0;
        bool all_zero = true;
        for (size_t j = 0; j < columns; j++) {
            sum += (double)row[j];
            all_zero = all_zero && row[j] == 0;
        }
        if (!isfinite(sum)) {
            broken++;
        } else if (!all_zero && fabs(sum - 1) > sum_tolerance) { /* all zero: a row that is masked whole */
            off++;
            least = fmin(least, sum);
            most = fmax(most, sum);
        }
    }
    const char *file = attention->place.file ? attention->place.file : "",
               *colon = attention->place.file ? ": " : "";
    if (off > 0)
        warnings_add(
            warnings,
            "%s%sattention: %zu of %zu rows do not sum to 1 (their sums go from %.4g to %.4g); "
            "shown as they are%s",
            file, colon, off, rows, least, most,
            fabs(least - 100) < 0.5 && fabs(most - 100) < 0.5 ? "; percentages want dividing by 100"
            : most - least > 10 * sum_tolerance && columns_sum_to_one(attention)
                ? "; its columns do, so queries and keys look exchanged; --transpose turns them round"
                : "");
    if (broken > 0)
        warnings_add(warnings, "%s%sattention: %zu of %zu rows hold NaN or infinity; shown as they are", file,
                     colon, broken, rows);
}

/* Whether a tensor holds logits, added to scores or beside them. There -infinity means no
 * weight, and so does null. */
static bool is_logit(enum input which)
{
    return which == INPUT_BIAS || which == INPUT_RELATIVE_BIAS || which == INPUT_SINKS;
}

static void replace_nulls(struct layer_inputs *layer)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *tensor = &layer->tensor[i];
        if (!tensor->data || !is_logit(i) || !(tensor->holds & TENSOR_NULLS))
            continue;
        size_t count = tensor_count(tensor);
        for (size_t j = 0; j < count; j++)
            if (tensor_is_null(tensor->data[j]))
                tensor->data[j] = -INFINITY;
    }
}

void problem_replace_nulls(struct inputs *inputs)
{
    replace_nulls(&inputs->all);
    for (size_t l = 0; l < inputs->layer_count; l++)
        replace_nulls(&inputs->layers[l]);
}

/* The tensors of `layer`, which serve the layers [first, end). */
static bool check_layer_values(struct problem *problem, struct layer_inputs *layer, size_t first, size_t end,
                               bool is_partial, struct warnings *warnings, struct error *error)
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
        if ((i == INPUT_ATTENTION && is_partial) || i == INPUT_WORDS || i == INPUT_KEY_WORDS)
            continue; /* numbers of words are checked where they are joined; null is a token by itself */
        if (i == INPUT_ATTENTION)
            warn_sums(tensor, warnings);
        else if (computed && problem_uses(problem, first, end, tensor))
            problem->nonfinite |=
                warn_nonfinite(tensor, input_names[i], is_logit(i) || i == INPUT_DECAY, warnings);
    }
    return true;
}

/* Whether all weights above the diagonal are 0 in all heads of a tensor of square matrices, and not all below it. */
static bool is_lower(const struct tensor *t)
{
    const size_t n = t->shape[t->rank - 1], matrices = tensor_count(t) / n / n;
    double below = 0;
    for (size_t h = 0; h < matrices; h++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                const float w = t->data[(h * n + i) * n + j];
                if (j > i && w != 0)
                    return false;
                below += j < i ? fabs((double)w) : 0;
            }
    return below > 0;
}

/* Zeros above the diagonal of given weights are most likely masked pairs, which nobody said. */
static void warn_causal(const struct problem *problem, struct warnings *warnings)
{
    enum { LEAST = 3 }; /* of two tokens a single 0 says nothing */
    if (problem->n != problem->m || problem->n < LEAST)
        return;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        const struct rules *rules = &layer->rules;
        if (!layer->attention || rules->causal || layer->mask || rules->left >= 0 || rules->right >= 0 ||
            layer->offset != 0 || !is_lower(layer->attention))
            return;
    }
    warnings_add(warnings,
                 "all weights above the diagonal are 0: with --causal these pairs are masked instead");
}

bool problem_check_values(struct problem *problem, struct inputs *inputs, struct warnings *warnings,
                          struct error *error)
{
    if (!check_layer_values(problem, &inputs->all, 0, problem->layer_count, inputs->is_partial, warnings,
                            error))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++)
        if (!check_layer_values(problem, &inputs->layers[l], l, l + 1, false, warnings, error))
            return false;
    warn_causal(problem, warnings);
    return true;
}
