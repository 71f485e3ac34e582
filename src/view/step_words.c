#include "view/step_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/label_text.h"
#include "problem/problem_head.h"

#define ARROW "\u2192"

static const struct problem_layer *step_layer(const struct excerpt *excerpt, size_t l)
{
    return &excerpt->result->problem->layers[excerpt->layer_index[l]];
}

/* The head as the maths has it; not where the weights were given. */
static struct head step_head(const struct excerpt *excerpt, size_t l, size_t h)
{
    struct head head;
    problem_head(excerpt->result->problem, excerpt->layer_index[l], excerpt_head(excerpt, l, h), &head);
    return head;
}

static bool adds_to_scores(const struct head *head)
{
    return head->bias.data || head->distance || head->has_positions || head->slope != 0;
}

bool step_changes_masked(const struct excerpt *excerpt, size_t l, size_t h)
{
    const struct problem_layer *layer = step_layer(excerpt, l);
    if (excerpt_is_mean(excerpt) || layer->attention)
        return true;
    const struct head head = step_head(excerpt, l, h);
    return adds_to_scores(&head) || excerpt_may_be_masked(excerpt, l, h);
}

bool step_output_is_plain(const struct excerpt *excerpt, size_t l)
{
    const struct problem_layer *layer = step_layer(excerpt, l);
    return !layer->w_o && !layer->b_o && !layer->extra[INPUT_GATE] && !layer->extra[INPUT_W_GATE] &&
           !layer->settings.residual && layer->settings.norm != NORM_POST &&
           layer->settings.recurrence == RECURRENCE_NONE;
}

/* Whether keys that have weights are not shown, so that neither their rows nor their products are all there. */
static bool keys_are_cut(const struct excerpt *excerpt)
{
    return excerpt->key_count != excerpt->result->problem->m;
}

/* Adds what is done, behind a comma where something is done before it. */
static void say_also(char text[STEP_WORD], const char *done)
{
    const size_t length = strlen(text);
    snprintf(text + length, STEP_WORD - length, "%s%s", length > 0 ? ", " : "", done);
}

/* ---- over the panels ---- */

static const char *step_formula(const struct problem_layer *layer)
{
    static const char *const formulas[] = {
        [SCORE_SCALED] = "q·kᵀ",
        [SCORE_DOT] = "q·kᵀ",
        [SCORE_COSINE] = "q·kᵀ/(|q||k|)",
        [SCORE_GENERAL] = "q·W·kᵀ",
        [SCORE_ADDITIVE] = "v·tanh(q·W₁ + k·W₂)",
        [SCORE_DISTANCE] = "-|q - k|²/2",
    };
    return layer->settings.normalizer == NORMALIZER_LINEAR ? "φ(q)·φ(k)ᵀ" : formulas[layer->settings.score];
}

/* "÷ √64", divided by a temperature too, or "× 0.5" where the factor was given or is another. */
static void say_scale(char text[STEP_WORD], const struct excerpt *excerpt, size_t l, size_t h)
{
    const struct settings *settings = &step_layer(excerpt, l)->settings;
    const struct head head = step_head(excerpt, l, h);
    const bool has_temperature = settings_have(settings, SETTING_TEMPERATURE);
    const double temperature =
        has_temperature ? per_head_at(&settings->temperature, excerpt_head(excerpt, l, h)) : 1;
    const bool by_root = fabs(head.scale * temperature * sqrt((double)head.d_k) - 1) < 1e-9 &&
                         !settings_have(settings, SETTING_SCALE);
    char number[24];
    if (by_root && has_temperature)
        snprintf(text, STEP_WORD, "÷ √%zu ÷ %s", head.d_k, label_number(temperature, number));
    else if (by_root)
        snprintf(text, STEP_WORD, "÷ √%zu", head.d_k);
    else
        snprintf(text, STEP_WORD, "× %s", label_number(head.scale, number));
}

/* What the score of masked pairs is. */
static void say_masked(char text[STEP_WORD], const struct excerpt *excerpt, size_t l, size_t h)
{
    const struct head head = step_head(excerpt, l, h);
    char number[24];
    snprintf(text, STEP_WORD, "masked: %s", head.has_fill ? label_number(head.fill, number) : "−∞");
}

/* Says of the weights what their rows sum to, where that is 1, or 0 where nothing may be seen. */
static void say_sums(char text[STEP_WORD], const struct excerpt *excerpt, size_t l, size_t h)
{
    const struct stage_shape *shape = &excerpt->shape[STAGE_WEIGHTS];
    bool is_one = true, is_zero_or_one = true;
    const bool is_whole = excerpt->result->kept == KEPT_ALL && !keys_are_cut(excerpt);
    for (size_t i = 0; is_whole && i < shape->rows; i++) {
        const float *row = excerpt_row(excerpt, STAGE_WEIGHTS, l, h, i, NULL);
        double sum = 0;
        for (size_t j = 0; j < shape->columns; j++)
            sum += (double)row[j];
        is_one = is_one && fabs(sum - 1) < 1e-4;
        is_zero_or_one = is_zero_or_one && (fabs(sum - 1) < 1e-4 || sum == 0);
    }
    if (is_whole && is_one)
        snprintf(text, STEP_WORD, "each row sums to 1");
    else if (is_whole && is_zero_or_one)
        snprintf(text, STEP_WORD, "each row sums to 1, or is 0");
}

static void step_titles(struct step_words *words, const struct excerpt *excerpt, enum stage stage, size_t l,
                        size_t h, bool is_split)
{
    static const char *const titles[STAGE_COUNT] = {
        [STAGE_SCORES] = "scores",
        [STAGE_SCALED] = "scaled",
        [STAGE_MASKED] = "masked",
        [STAGE_WEIGHTS] = "weights",
        [STAGE_OUTPUT] = "output",
        [STAGE_Q] = "q",
        [STAGE_K] = "k",
        [STAGE_V] = "v",
        [STAGE_MASK] = "mask",
        [STAGE_ENCODING] = "positions",
        [STAGE_HEADS] = "heads",
        [STAGE_CONTRIBUTION] = "contribution",
        [STAGE_CONTRIBUTION_SHARE] = "share",
    };
    snprintf(words->title, STEP_WORD, "%s", titles[stage]);
    if (stage == STAGE_SCORES)
        snprintf(words->subtitle, STEP_WORD, "%s", step_formula(step_layer(excerpt, l)));
    else if (stage == STAGE_SCALED && !excerpt_is_mean(excerpt))
        say_scale(words->subtitle, excerpt, l, h);
    else if (stage == STAGE_WEIGHTS)
        say_sums(words->subtitle, excerpt, l, h);
    else if (stage == STAGE_Q || stage == STAGE_K || stage == STAGE_V)
        snprintf(words->subtitle, STEP_WORD, "%zu × %zu", excerpt->shape[stage].rows,
                 excerpt->shape[stage].columns);
    else if (stage == STAGE_MASKED && !excerpt_is_mean(excerpt) && excerpt_may_be_masked(excerpt, l, h))
        say_masked(words->subtitle, excerpt, l, h);
    else if ((stage == STAGE_HEADS || (stage == STAGE_OUTPUT && is_split)) && !excerpt_is_mean(excerpt) &&
             !keys_are_cut(excerpt))
        snprintf(words->subtitle, STEP_WORD, "weights·v");
}

/* ---- between them ---- */

static bool is_dot_product(const struct problem_layer *layer)
{
    return (layer->settings.score == SCORE_SCALED || layer->settings.score == SCORE_DOT) &&
           layer->settings.normalizer != NORMALIZER_LINEAR;
}

static void sign_scaled(struct step_words *words, const struct excerpt *excerpt, size_t l, size_t h)
{
    const struct head head = step_head(excerpt, l, h);
    char number[24], cap[STEP_WORD];
    say_scale(words->above, excerpt, l, h);
    if (head.query_scale)
        say_also(words->below, "× query_scale");
    if (head.softcap > 0) {
        snprintf(cap, sizeof cap, "softcap %s", label_number(head.softcap, number));
        say_also(words->below, cap);
    }
}

static void sign_masked(struct step_words *words, const struct excerpt *excerpt, enum stage before, size_t l,
                        size_t h)
{
    const struct head head = step_head(excerpt, l, h);
    const bool is_masked = excerpt_may_be_masked(excerpt, l, h), is_added = adds_to_scores(&head);
    /* Positions that have a panel have a sign already. */
    const bool positions =
        before != STAGE_ENCODING && (head.distance || head.has_positions || head.slope != 0);
    const char *added = !head.bias.data ? (positions ? "+ positions" : "")
                        : positions     ? "+ bias, positions"
                                        : "+ bias";
    snprintf(words->above, STEP_WORD, "%s", is_masked ? "mask" : is_added ? added : "");
    snprintf(words->below, STEP_WORD, "%s", is_masked && is_added ? added : "");
}

static void sign_weights(struct step_words *words, const struct excerpt *excerpt, size_t l, size_t h)
{
    static const char *const names[] = {
        [NORMALIZER_SOFTMAX] = "softmax",   [NORMALIZER_SPARSEMAX] = "sparsemax",
        [NORMALIZER_LINEAR] = "÷ row sum",  [NORMALIZER_SIGMOID] = "sigmoid",
        [NORMALIZER_ENTMAX15] = "entmax15",
    };
    const struct problem_layer *layer = step_layer(excerpt, l);
    const struct head head = step_head(excerpt, l, h);
    if (layer->settings.recurrence != RECURRENCE_NONE)
        return;
    if (head.top_k > 0)
        snprintf(words->above, STEP_WORD, "%s of top %zu", names[head.normalizer], head.top_k);
    else
        snprintf(words->above, STEP_WORD, "%s", names[head.normalizer]);
    if (head.has_sink)
        say_also(words->below, "with sink");
    if (head.center)
        say_also(words->below, "× Gaussian");
    if (head.dropout > 0)
        say_also(words->below, "dropout");
    if (!words->below[0] && keys_are_cut(excerpt))
        snprintf(words->below, STEP_WORD, "of all keys");
}

/* What leads to the output: the sum of products, and what is then done with it. */
static void sign_output(struct step_words *words, const struct excerpt *excerpt, size_t l, bool is_split)
{
    const struct problem_layer *layer = step_layer(excerpt, l);
    snprintf(words->sign, STEP_WORD, "%s", is_split && !keys_are_cut(excerpt) ? "=" : ARROW);
    if (is_split) {
        snprintf(words->above, STEP_WORD, "%s", keys_are_cut(excerpt) ? "all keys" : "");
        return;
    }
    snprintf(words->above, STEP_WORD, "%s%s", excerpt->result->problem->heads > 1 ? "all heads" : "",
             layer->w_o ? " · w_o" : "");
    if (layer->extra[INPUT_GATE] || layer->extra[INPUT_W_GATE])
        say_also(words->below, "gate");
    if (layer->settings.residual)
        say_also(words->below, "+ residual");
    if (layer->settings.norm == NORM_POST)
        say_also(words->below, "layer norm");
}

/* Of what stands to the left of a panel, the nearest stage that the formula goes through; STAGE_COUNT: none. */
static enum stage step_before(const enum stage *stages, size_t column)
{
    while (column > 0 && (stages[column - 1] == STAGE_MASK || stages[column - 1] == STAGE_ENCODING))
        column--;
    return column > 0 ? stages[column - 1] : STAGE_COUNT;
}

/* Whether the two panels to the left are of these stages. */
static bool step_follows(const enum stage *stages, size_t column, enum stage first, enum stage second)
{
    return column > 1 && stages[column - 2] == first && stages[column - 1] == second;
}

static void sign_product(struct step_words *words, const char *sign)
{
    snprintf(words->sign, STEP_WORD, "%s", sign);
}

/* Of the stages from scores to weights: an arrow, and what is done where nothing between is left out. */
static void sign_scores(struct step_words *words, const struct excerpt *excerpt, const enum stage *stages,
                        size_t column, size_t l, size_t h)
{
    const enum stage stage = stages[column], before = step_before(stages, column);
    sign_product(words, ARROW);
    if (stage == STAGE_SCORES && is_dot_product(step_layer(excerpt, l)) &&
        step_follows(stages, column, STAGE_Q, STAGE_K))
        sign_product(words, "ᵀ =");
    else if (stage == STAGE_SCALED && before == STAGE_SCORES)
        sign_scaled(words, excerpt, l, h);
    else if (stage == STAGE_MASKED && before == STAGE_SCALED)
        sign_masked(words, excerpt, stages[column - 1], l, h);
    else if (stage == STAGE_WEIGHTS &&
             (before == STAGE_MASKED || (before == STAGE_SCALED && !step_changes_masked(excerpt, l, h))))
        sign_weights(words, excerpt, l, h);
}

/* What leads to the output of a head, before anything is done with that of all. */
static void sign_heads(struct step_words *words, const struct excerpt *excerpt,
                       const struct problem_layer *layer)
{
    sign_product(words, keys_are_cut(excerpt) || layer->settings.recurrence != RECURRENCE_NONE ? ARROW : "=");
    snprintf(words->above, STEP_WORD, "%s", keys_are_cut(excerpt) ? "all keys" : "");
}

static void step_signs(struct step_words *words, const struct excerpt *excerpt, const enum stage *stages,
                       size_t column, size_t l, size_t h, bool is_split)
{
    const struct problem_layer *layer = step_layer(excerpt, l);
    const enum stage left = stages[column - 1];
    switch (stages[column]) {
    case STAGE_K:
        if (left == STAGE_Q && is_dot_product(layer))
            sign_product(words, "·");
        return;
    case STAGE_ENCODING:
        if (left == STAGE_SCALED)
            sign_product(words, "+");
        return;
    case STAGE_V:
        if (left == STAGE_WEIGHTS && layer->settings.recurrence == RECURRENCE_NONE)
            sign_product(words, "·");
        return;
    case STAGE_HEADS:
        if (step_follows(stages, column, STAGE_WEIGHTS, STAGE_V))
            sign_heads(words, excerpt, layer);
        else if (left != STAGE_V)
            sign_product(words, ARROW);
        return;
    case STAGE_CONTRIBUTION:
        if (left == STAGE_WEIGHTS) {
            sign_product(words, ARROW);
            snprintf(words->above, STEP_WORD, "%s", layer->w_o ? "× ‖v·w_o‖" : "× ‖v‖");
        }
        return;
    case STAGE_CONTRIBUTION_SHARE:
        if (left == STAGE_CONTRIBUTION || left == STAGE_WEIGHTS)
            sign_product(words, ARROW);
        if (left == STAGE_CONTRIBUTION && !keys_are_cut(excerpt))
            snprintf(words->above, STEP_WORD, "÷ row sum");
        return;
    case STAGE_OUTPUT:
        if (left == STAGE_HEADS || step_follows(stages, column, STAGE_WEIGHTS, STAGE_V))
            sign_output(words, excerpt, l, is_split);
        else if (left != STAGE_V)
            sign_product(words, ARROW);
        return;
    case STAGE_SCORES:
    case STAGE_SCALED:
    case STAGE_MASKED:
    case STAGE_WEIGHTS:
        sign_scores(words, excerpt, stages, column, l, h);
        return;
    default: /* a mask, and what has nothing before it */
        return;
    }
}

void step_words_find(struct step_words *words, const struct excerpt *excerpt, const enum stage *stages,
                     size_t column, size_t l, size_t h, bool is_split)
{
    *words = (struct step_words){0};
    step_titles(words, excerpt, stages[column], l, h, is_split);
    /* The mean of weights is not what follows from the mean of scores. */
    if (column > 0 && !excerpt_is_mean(excerpt))
        step_signs(words, excerpt, stages, column, l, h, is_split);
}
