#include "compute/growth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *const growth_names[GROWTH_FORMS] = {"full", "causal", "window", "block", "linear", "recurrence"};

bool growth_parse(struct growth *growth, const char *text, struct error *error)
{
    const char *colon = strchr(text, ':');
    char first[32] = "";
    int64_t from = 0, to = 0;
    if (colon && (size_t)(colon - text) < sizeof first)
        memcpy(first, text, (size_t)(colon - text));
    if (!colon || !text_to_integer(first, &from) || !text_to_integer(colon + 1, &to) || from < 1 ||
        to / 2 < from || to > GROWTH_TOKENS) {
        char shown[96];
        text_clean(shown, sizeof shown, text);
        return error_set(error, ERROR_USAGE,
                         "--growth is \"%s\": expected A:B, from A to B tokens, as 1024:16384, B at least "
                         "twice A and at most %d",
                         shown, GROWTH_TOKENS);
    }
    *growth = (struct growth){0};
    for (int64_t length = from; length <= to; length *= 2)
        growth->lengths[growth->count++] = (size_t)length;
    return true;
}

/* The window and the block of the input, or a width that suits all lengths. */
static void growth_choose_widths(struct growth *growth, const struct settings *settings)
{
    const struct windows *windows = &settings->window;
    const size_t longest = growth->lengths[growth->count - 1];
    size_t width = 1;
    while (width * width < longest)
        width *= 2;
    growth->is_window_chosen = !settings_have(settings, SETTING_WINDOW) || windows->count == 0;
    growth->window[0] = growth->is_window_chosen ? (int64_t)width : windows->left[0];
    growth->window[1] = growth->is_window_chosen ? (int64_t)width : windows->right[0];
    growth->is_block_chosen = settings->block == 0;
    growth->block = growth->is_block_chosen ? width : settings->block;
}

struct head growth_head(const struct growth *growth, enum growth_form form, size_t length)
{
    struct head head = {.n = length, .m = length, .d_k = growth->d_k, .d_v = growth->d_v, .scale = 1};
    head.rules.left = head.rules.right = -1;
    head.rules.causal = form == GROWTH_CAUSAL;
    head.rules.block = form == GROWTH_BLOCK ? growth->block : 0;
    if (form == GROWTH_WINDOW) {
        head.rules.left = growth->window[0];
        head.rules.right = growth->window[1];
    }
    if (form == GROWTH_LINEAR)
        head.normalizer = NORMALIZER_LINEAR;
    if (form == GROWTH_RECURRENCE) {
        head.recurrent.rule = RECURRENCE_LINEAR;
        head.rules.causal = true;
    }
    return head;
}

/* The sum over i < n of the smaller of i and `most`, which is -1 for no end: the pairs of a window on one side. */
static double sum_up_to(double n, int64_t most)
{
    const double width = most < 0 || (double)most > n - 1 ? n - 1 : (double)most;
    return width * (width + 1) / 2 + (n - 1 - width) * width;
}

/* The pairs of n queries and n keys that a form allows. */
static double growth_pairs(const struct growth *growth, enum growth_form form, size_t length)
{
    const double n = (double)length, blocks = (double)(length / growth->block), block = (double)growth->block,
                 rest = (double)(length % growth->block);
    switch (form) {
    case GROWTH_FULL:
        return n * n;
    case GROWTH_CAUSAL:
        return n + sum_up_to(n, -1);
    case GROWTH_WINDOW:
        return n + sum_up_to(n, growth->window[0]) + sum_up_to(n, growth->window[1]);
    case GROWTH_BLOCK:
        return blocks * block * block + rest * rest;
    default:
        return (double)NAN;
    }
}

bool growth_count(struct growth *growth, const struct problem *problem, size_t layer, struct error *error)
{
    const struct problem_layer *from = &problem->layers[layer];
    if (from->attention)
        return error_set(error, ERROR_INPUT,
                         "--growth counts products of q, k and v: expected these, not weights");
    if (problem->d_v == 0)
        return error_set(error, ERROR_INPUT,
                         "--growth counts products of q, k and v: expected v beside q and k");
    growth->d_k = from->d_score;
    growth->d_v = problem->d_v;
    growth_choose_widths(growth, &from->settings);
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++)
        for (size_t i = 0; i < growth->count; i++) {
            const double n = (double)growth->lengths[i], d_k = (double)growth->d_k, d_v = (double)growth->d_v,
                         pairs = growth_pairs(growth, form, growth->lengths[i]);
            growth->cost[form][i] =
                (struct growth_cost){.pairs = pairs,
                                     .multiply_adds = isnan(pairs) ? 2 * n * d_k * d_v : pairs * (d_k + d_v),
                                     .seconds = (double)NAN};
        }
    return true;
}
