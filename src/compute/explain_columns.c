#include "compute/explain_columns.h"

#include <math.h>
#include <stdio.h>

#include "base/label_text.h"
#include "base/memory.h"
#include "base/words.h"
#include "problem/setting_kinds.h"

/* ---- what belongs to no key ---- */

static struct explain_fact *row_fact(struct explain_steps *steps, const char *name, enum fact_kind kind)
{
    struct explain_fact *fact = &steps->facts[steps->fact_count++];
    *fact = (struct explain_fact){.name = name, .kind = kind};
    return fact;
}

static void fact_number(struct explain_steps *steps, const char *name, double number)
{
    row_fact(steps, name, FACT_NUMBER)->number = number;
}

static void fact_vector(struct explain_steps *steps, const char *name, const float *vector, size_t count)
{
    struct explain_fact *fact = row_fact(steps, name, FACT_VECTOR);
    fact->vector = vector;
    fact->count = count;
}

/* The word of a setting. */
static void fact_word(struct explain_steps *steps, const char *name, const struct settings *settings,
                      enum setting which)
{
    int length;
    const char *word = words_at(setting_kinds[which].words, settings_word(settings, which), &length);
    struct explain_fact *fact = row_fact(steps, name, FACT_WORD);
    snprintf(fact->word, sizeof fact->word, "%.*s", length, word);
}

/* What makes the weights of the masked scores. */
static void facts_of_weights(struct explain_steps *steps, const struct explanation *e,
                             const struct problem_layer *layer)
{
    const struct head *head = e->head;
    const bool has_threshold =
        head->normalizer == NORMALIZER_SPARSEMAX || head->normalizer == NORMALIZER_ENTMAX15;
    if (e->numerators) {
        fact_word(steps, "normalizer", &layer->settings, SETTING_NORMALIZER);
        fact_number(steps, has_threshold ? "threshold" : "largest", e->shift);
    } else {
        fact_word(steps, "recurrence", &layer->settings, SETTING_RECURRENCE);
    }
    if (head->has_sink)
        fact_number(steps, "sink", head->sink);
    if (e->before_dropout)
        fact_number(steps, "dropout", head->dropout);
    if (e->numerators)
        fact_number(steps, "denominator", e->denominator);
}

/* How far the scores are spread, and what that means for this row. */
static void facts_of_spread(struct explain_steps *steps, const struct score_spread *spread)
{
    row_fact(steps, "score_pairs", FACT_COUNT)->number = (double)spread->pairs;
    if (spread->every > 1)
        row_fact(steps, "score_queries_every", FACT_COUNT)->number = (double)spread->every;
    fact_number(steps, "score_variance", spread->variance);
    fact_number(steps, "entropy", spread->entropy);
    fact_number(steps, "entropy_unscaled", spread->entropy_unscaled);
}

void explain_facts_add(struct explain_steps *steps, const struct explanation *e)
{
    const struct head *head = e->head;
    const struct problem_layer *layer = explanation_layer(e);
    const size_t columns = e->layer.operand[0].columns;
    if (e->x)
        fact_vector(steps, "x", e->x, e->x_count);
    if (e->projected)
        fact_vector(steps, "projected", e->projected + explanation_query_head(e) * columns, columns);
    fact_vector(steps, "q", head->q.data + e->query * head->q.row, head->d_k);
    if (head->additive)
        fact_vector(steps, "v_score", head->additive, head->d_k);
    fact_number(steps, "scale", per_head_at(&layer->scale, e->head_number));
    if (settings_have(&layer->settings, SETTING_TEMPERATURE))
        fact_number(steps, "temperature", per_head_at(&layer->settings.temperature, e->head_number));
    if (head->query_scale)
        fact_number(steps, "query_scale", (double)head->query_scale[e->query]);
    if (head->minus)
        fact_number(steps, "differential", head->minus_share);
    if (head->top_k > 0)
        row_fact(steps, "top_k", FACT_COUNT)->number = (double)head->top_k;
    if (head->has_fill)
        fact_number(steps, "mask_fill", head->fill);
    if (e->before_factor) {
        fact_number(steps, "center", (double)head->center[e->query]);
        fact_number(steps, "sigma", (double)head->sigma[e->query * head->sigma_step]);
    }
    if (head->softcap > 0)
        fact_number(steps, "softcap", head->softcap);
    facts_of_weights(steps, e, layer);
    if (e->spread.pairs > 0)
        facts_of_spread(steps, &e->spread);
}

/* ---- what every key has ---- */

static struct explain_column *column_add(struct explain_steps *steps, const char *name, const char *heading,
                                         const double *values)
{
    struct explain_column *column = &steps->columns[steps->column_count++];
    *column = (struct explain_column){.name = name, .values = values};
    snprintf(column->heading, sizeof column->heading, "%s", heading);
    return column;
}

static void column_add_vectors(struct explain_steps *steps, const char *name, const struct strided *vector,
                               size_t width)
{
    struct explain_column *column = column_add(steps, name, "", NULL);
    column->vector = *vector;
    column->width = width;
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++)
        sum += values[j];
    return sum;
}

/* Adds a column of weights, of which the sink has its share. */
static void column_add_shares(struct explain_steps *steps, const char *name, const char *heading,
                              const double *values, double sink)
{
    struct explain_column *column = column_add(steps, name, heading, values);
    column->summed = true;
    column->sink = sink;
    column->sum = sink + sum_of(values, steps->key_count);
}

static void column_add_numerators(struct explain_steps *steps, const struct explanation *e)
{
    const bool shown = e->head->normalizer == NORMALIZER_SOFTMAX;
    char text[24];
    struct explain_column *column = column_add(steps, "numerator", "", e->numerators);
    if (shown)
        snprintf(column->heading, sizeof column->heading, "e^(s %c %s)", e->shift < 0 ? '+' : '-',
                 label_number(fabs(e->shift), text));
    column->summed = true;
    column->sink = e->sink_numerator;
    column->sum = e->denominator;
}

/* The weights in float32, which is what attn run gives, where they differ. */
static bool column_add_rounded(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    if (!e->precision.differs)
        return true;
    steps->rounded = memory_alloc(e->head->m, sizeof *steps->rounded, error);
    for (size_t j = 0; steps->rounded && j < e->head->m; j++)
        steps->rounded[j] = (double)e->precision.rounded[j];
    column_add(steps, "weight_float32", "", steps->rounded);
    return steps->rounded;
}

bool explain_columns_add(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const struct head *head = e->head;
    const bool scaled = explanation_is_scaled(e), capped = e->uncapped;
    column_add_vectors(steps, "k", &head->k, head->d_k);
    column_add(steps, "score", "score", e->scores);
    if (capped && scaled)
        column_add(steps, NULL, "scaled", e->uncapped);
    column_add(steps, "scaled", capped ? "capped" : scaled ? "scaled" : "", e->scaled);
    column_add(steps, "masked", explanation_has_additions(e) ? "masked" : "", e->masked);
    if (e->numerators)
        column_add_numerators(steps, e);
    const bool sinks = head->has_sink && e->numerators;
    double sink = sinks ? e->sink_numerator / e->denominator : 0;
    if (e->before_factor)
        column_add_shares(steps, "before_factor", "before factor", e->before_factor, sink);
    if (e->first) {
        /* What the keys of the second head leave to its sink. */
        const double second = sinks ? 1 - sum_of(e->second, head->m) : 0;
        column_add_shares(steps, "first", "first", e->first, sink);
        column_add_shares(steps, "second", "second", e->second, second);
        sink -= head->minus_share * second;
    }
    if (e->before_dropout)
        column_add_shares(steps, "before_dropout", "before dropout", e->before_dropout, sink);
    column_add_shares(steps, "weight", "weight", e->weights, sink);
    if (!column_add_rounded(steps, e, error))
        return false;
    if (head->v.data)
        column_add_vectors(steps, "v", &head->v, head->d_v);
    if (e->contribution)
        column_add(steps, "contribution", "", e->contribution);
    return true;
}
