#include "compute/form_costs.h"

#include <math.h>

#include "attention/head.h"
#include "attention/mask_count.h"
#include "problem/problem_head.h"

const char *const form_names[FORM_COUNT] = {"full", "causal", "window", "block", "linear", "given"};

enum { BYTES = sizeof(float) };

/* The head that a form is counted by: that of the input without its masks, with those of the form. */
static struct head form_head(const struct form_costs *costs, const struct head *given, enum cost_form form)
{
    struct head head = {.n = given->n, .m = given->m, .offset = given->offset};
    head.rules.left = head.rules.right = -1;
    switch (form) {
    case FORM_CAUSAL:
        head.rules.causal = true;
        break;
    case FORM_WINDOW:
        head.rules.left =
            costs->is_window_chosen || !costs->windows_differ ? costs->window[0] : given->rules.left;
        head.rules.right =
            costs->is_window_chosen || !costs->windows_differ ? costs->window[1] : given->rules.right;
        break;
    case FORM_BLOCK:
        head.rules.block = (size_t)costs->block;
        break;
    default:
        return form == FORM_GIVEN ? *given : head;
    }
    return head;
}

/* Whether a form goes by a state, and has no pairs. */
static bool form_has_state(const struct head *given, enum cost_form form)
{
    return form == FORM_LINEAR || (form == FORM_GIVEN && given->recurrent.rule != RECURRENCE_NONE);
}

static bool count_head(struct form_costs *costs, const struct head *given, int threads, struct error *error)
{
    const double d_k = costs->has_width ? (double)costs->d_k : (double)NAN, d_v = (double)costs->d_v;
    const double state = d_v > 0 ? d_k * d_v : (double)NAN;
    for (enum cost_form form = 0; form < FORM_COUNT; form++) {
        struct form_cost *cost = &costs->forms[form];
        if (form_has_state(given, form)) {
            cost->pairs = (double)NAN;
            cost->multiply_adds += ((double)given->n + (double)given->m) * state;
            cost->bytes += state * BYTES;
            continue;
        }
        const struct head head = form_head(costs, given, form);
        size_t pairs;
        if (!mask_count(&head, threads, &pairs, NULL, error))
            return false;
        cost->pairs += (double)pairs;
        cost->multiply_adds += (double)pairs * (d_k + d_v);
        cost->bytes += (double)pairs * BYTES;
    }
    return true;
}

/* The window and the block of the input, or the square root of its length. */
static void choose_widths(struct form_costs *costs, const struct settings *settings)
{
    const struct windows *windows = &settings->window;
    const int64_t width = (int64_t)ceil(sqrt((double)costs->keys));
    costs->is_window_chosen = !settings_have(settings, SETTING_WINDOW) || windows->count == 0;
    costs->window[0] = costs->is_window_chosen ? width : windows->left[0];
    costs->window[1] = costs->is_window_chosen ? width : windows->right[0];
    costs->windows_differ = !costs->is_window_chosen && windows->count > 1;
    costs->is_block_chosen = settings->block == 0;
    costs->block =
        costs->is_block_chosen ? (int64_t)ceil(sqrt((double)costs->queries)) : (int64_t)settings->block;
}

bool form_costs_count(struct form_costs *costs, const struct problem *problem, size_t layer, int threads,
                      struct error *error)
{
    const struct problem_layer *from = &problem->layers[layer];
    *costs = (struct form_costs){.layer = problem_layer_number(problem, layer),
                                 .queries = problem->n,
                                 .keys = problem->m,
                                 .heads = problem->heads,
                                 .d_k = from->attention ? 0 : from->d_score,
                                 .d_v = problem->d_v,
                                 .has_width = !from->attention};
    choose_widths(costs, &from->settings);
    for (size_t h = 0; h < problem->heads; h++) {
        struct head head;
        problem_head(problem, layer, h, &head);
        if (!count_head(costs, &head, threads, error))
            return false;
    }
    return true;
}
