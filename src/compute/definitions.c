#include "compute/definitions.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "compute/same_tokens.h"

#define DEFINITION_WORD(upper, name) #name
const char definition_words[] = DEFINITIONS(DEFINITION_WORD, " ");

const struct definition_kind definition_kinds[DEFINITION_COUNT] = {
    [DEFINITION_TRANSFORMERLENS] = {"transformerlens",
                                    "TransformerLens 3.5.1, transformer_lens/head_detector.py",
                                    {"previous_token_head", "duplicate_token_head", "induction_head"}},
    [DEFINITION_ARENA] = {"arena",
                          "ARENA 3.0, part2_intro_to_mech_interp/solutions.py (1fcea5fa)",
                          {"current_attn", "prev_attn", "first_attn", "induction_attn"}},
    [DEFINITION_GU2024] = {"gu2024",
                           "Gu et al. 2024, sail-sg/Attention-Sink, eval_sink_open_source.py (af497272)",
                           {"importance"}},
    [DEFINITION_CLARK2019] = {"clark2019",
                              "Clark et al. 2019, clarkkev/attention-analysis, head_distances.py (b609cfc8)",
                              {NULL}},
    [DEFINITION_VIT] = {"vit",
                        "Dosovitskiy et al. 2020, D.7; keras-io, examples/vision/probing_vits.py (0427d78e)",
                        {"mean_attention_distance"}},
};

bool definition_begin(struct definition_places *places, enum definition which,
                      const struct definition_options *options, const struct problem *problem,
                      struct error *error)
{
    const struct problem *p = problem;
    const char *name = definition_kinds[which].name;
    struct selection all = {0};
    *places = (struct definition_places){.which = which, .options = *options, .n = p->n};
    if (p->n != p->m)
        return error_set(error, ERROR_INPUT,
                         "--definition %s is of queries that are keys: expected as many of both, not %zu "
                         "queries and %zu keys",
                         name, p->n, p->m);
    if (which == DEFINITION_TRANSFORMERLENS && p->tokens.given) {
        places->same = same_tokens(&p->tokens, error);
        return places->same;
    }
    if (which != DEFINITION_VIT)
        return true;
    if (p->patch_grid[0] == 0)
        return error_set(error, ERROR_INPUT,
                         "--definition vit is of patches: expected grid in the input, as [rows, columns]");
    return selection_check(&all, p, error) && patch_grid_find(&places->grid, p, &all, error);
}

void definition_free(struct definition_places *places)
{
    free(places->same);
    *places = (struct definition_places){0};
}

/* ---- transformerlens ---- */

enum { PATTERN_PREVIOUS, PATTERN_DUPLICATE, PATTERN_INDUCTION, PATTERN_COUNT };

/* As Python rounds to three decimals: what is printed of the exact number. */
static double round_to_thousandths(double x)
{
    char text[400];
    double rounded = x;
    snprintf(text, sizeof text, "%.3f", x);
    return isfinite(x) && text_to_number(text, &rounded) ? rounded : x;
}

/* Marks the keys up to query i that have its token, and those behind them. */
static void mark_tokens(unsigned char *marks, const struct definition_places *places, size_t i)
{
    for (size_t j = 0; j <= i; j++)
        marks[j] = (unsigned char)(j + 1 == i ? 1 << PATTERN_PREVIOUS : 0);
    for (size_t j = places->same ? places->same[i] : SIZE_MAX; j != SIZE_MAX; j = places->same[j]) {
        marks[j] |= 1 << PATTERN_DUPLICATE;
        marks[j + 1] |= 1 << PATTERN_INDUCTION;
    }
}

/* Sums of a row: Σ weight·pattern, or Σ |weight − pattern|, of each pattern, and Σ weight. */
static void detect_row(const struct definition_places *places, const float *weights, size_t i,
                       const unsigned char *marks, double sums[PATTERN_COUNT + 1])
{
    const struct definition_options *o = &places->options;
    for (size_t j = 0; j < places->n; j++) {
        if ((j == 0 && o->exclude_bos) || (j == i && o->exclude_current_token))
            continue;
        const double weight = (double)weights[j];
        const unsigned has = j <= i ? marks[j] : 0;
        sums[PATTERN_COUNT] += weight;
        for (int k = 0; k < PATTERN_COUNT; k++) {
            const double pattern = has >> k & 1;
            sums[k] += o->error_measure == ERROR_MEASURE_ABS ? fabs(weight - pattern) : weight * pattern;
        }
    }
}

static bool is_causal_row(const float *weights, size_t i, size_t n, size_t *later)
{
    for (*later = i + 1; *later < n && weights[*later] == 0; ++*later)
        ;
    return *later == n;
}

static bool detect_heads(const struct definition_places *places, const struct strided *w, const char *name,
                         double *values, struct error *error)
{
    double sums[PATTERN_COUNT + 1] = {0};
    const bool is_abs = places->options.error_measure == ERROR_MEASURE_ABS;
    unsigned char *marks = memory_alloc(places->n, 1, error);
    if (!marks)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < places->n; i++) {
        size_t later;
        const float *row = w->data + i * w->row;
        if (is_abs && !is_causal_row(row, i, places->n, &later))
            ok = error_set(error, ERROR_INPUT,
                           "--error-measure abs is of causal weights, and %s has %g on key %zu for query "
                           "%zu: expected 0 on later keys",
                           name, (double)row[later], later, i);
        mark_tokens(marks, places, i);
        detect_row(places, row, i, marks, sums);
    }
    free(marks);
    for (int k = 0; k < PATTERN_COUNT; k++) {
        values[k] = is_abs ? 1 - round_to_thousandths((double)(float)(sums[k] / (double)places->n))
                           : sums[k] / sums[PATTERN_COUNT];
        if (k != PATTERN_PREVIOUS && !places->same)
            values[k] = (double)NAN;
    }
    return ok;
}

/* ---- the others ---- */

/* The mean of the weights at j − i = offset; NaN where there is no such pair. */
static double diagonal_mean(const struct strided *w, size_t n, int64_t offset)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t j = (int64_t)i + offset;
        if (j < 0 || j >= (int64_t)n)
            continue;
        sum += (double)w->data[i * w->row + (size_t)j];
        count++;
    }
    return sum / (double)count;
}

static double first_key_mean(const struct strided *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)w->data[i * w->row];
    return sum / (double)n;
}

static double patch_distance_mean(const struct patch_grid *grid, const struct strided *w)
{
    const size_t count = patch_grid_count(grid), columns = grid->columns;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = w->data + (grid->first + i) * w->row + grid->first;
        for (size_t j = 0; j < count; j++)
            sum += (double)row[j] * hypot((double)(i / columns) - (double)(j / columns),
                                          (double)(i % columns) - (double)(j % columns));
    }
    return sum / (double)count;
}

bool definition_measure(const struct definition_places *places, const struct strided *weights,
                        const char *name, double values[DEFINITION_COLUMNS], struct error *error)
{
    const size_t n = places->n;
    switch (places->which) {
    case DEFINITION_TRANSFORMERLENS:
        return detect_heads(places, weights, name, values, error);
    case DEFINITION_ARENA:
        values[0] = diagonal_mean(weights, n, 0);
        values[1] = diagonal_mean(weights, n, -1);
        values[2] = first_key_mean(weights, n);
        values[3] = diagonal_mean(weights, n, 1 - (int64_t)((n - 1) / 2));
        return true;
    case DEFINITION_GU2024:
        values[0] = first_key_mean(weights, n);
        return true;
    case DEFINITION_VIT:
        values[0] = places->options.patch_size * patch_distance_mean(&places->grid, weights);
        return true;
    case DEFINITION_CLARK2019: /* of pairs of heads: compute/head_distances.h */
    case DEFINITION_COUNT:
        break;
    }
    return true;
}
