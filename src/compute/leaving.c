#include "compute/leaving.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "compute/patch_grid.h"
#include "compute/selection.h"
#include "compute/token_names.h"

/* ---- what stays ---- */

/* The key that query 0 is, where the queries are keys; false where they are not. */
static bool queries_begin_at(size_t *key, const struct problem *problem)
{
    *key = problem->m - (problem->m > problem->n ? problem->n : problem->m);
    return problem->is_self || (*key > 0 && problem->layers[0].offset == (int64_t)*key);
}

/* The places i of `count` for which out[i + from] is not set; where out is NULL, all. */
static bool side_keep(struct left_side *side, size_t count, const bool *out, size_t from, struct error *error)
{
    side->at = memory_alloc(count, sizeof *side->at, error);
    for (size_t i = 0; side->at && i < count; i++)
        if (!out || !out[from + i])
            side->at[side->count++] = i;
    return side->at;
}

/* A patch that is left out would put the others in wrong places. */
static bool check_patches(const struct problem *problem, const struct leaving *leaving, struct error *error)
{
    struct selection all = {0};
    struct patch_grid grid;
    struct error misfit = {0};
    size_t kept = 0;
    if (problem->patch_grid[0] == 0 || !selection_check(&all, problem, &misfit) ||
        !patch_grid_find(&grid, problem, &all, &misfit))
        return true; /* what does not fit is told where patches are drawn */
    const struct left_side *side = grid.are_queries ? &leaving->queries : &leaving->keys;
    for (size_t i = 0; i < side->count; i++)
        kept += patch_grid_has(&grid, side->at[i]);
    return kept == patch_grid_count(&grid) ||
           error_set(error, ERROR_USAGE,
                     "--leave-out takes %zu of the %zu patches of the grid: expected tokens that are none",
                     patch_grid_count(&grid) - kept, patch_grid_count(&grid));
}

bool leaving_find(struct leaving *leaving, const char *const *names, size_t name_count,
                  const struct problem *problem, struct warnings *warnings, struct error *error)
{
    size_t from = 0;
    bool *out = memory_zeroed(problem->m, sizeof *out, error);
    const bool are_keys = queries_begin_at(&from, problem);
    const struct token_names called = {"--leave-out", &problem->key_tokens, leaving->is_of_many, warnings};
    bool ok = out;
    for (size_t i = 0; ok && i < name_count; i++)
        ok = token_names_find(out, &called, names[i], error);
    ok = ok && side_keep(&leaving->keys, problem->m, out, 0, error) &&
         side_keep(&leaving->queries, problem->n, are_keys ? out : NULL, from, error);
    free(out);
    if (ok && (leaving->keys.count == 0 || leaving->queries.count == 0))
        return error_set(error, ERROR_USAGE, "--leave-out leaves no %s: expected fewer tokens",
                         leaving->keys.count == 0 ? "key" : "query");
    return ok && check_patches(problem, leaving, error);
}

/* ---- weights and masks ---- */

/* Divides a row by its sum, if that is a number other than 0. Returns whether it is not 0. */
static bool row_renormalize(float *row, size_t count)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++)
        sum += (double)row[j];
    for (size_t j = 0; j < count && sum != 0 && isfinite(sum); j++)
        row[j] = (float)((double)row[j] / sum);
    return sum != 0;
}

static bool row_has_weight(const float *row, size_t count)
{
    bool any = false;
    for (size_t j = 0; !any && j < count; j++)
        any = row[j] != 0;
    return any;
}

/* The weights of a head that stay. Returns how many rows have lost all that they had. */
static size_t leave_weights(const struct leaving *leaving, const struct result *all, size_t l, size_t h)
{
    const struct left_side *queries = &leaving->queries, *keys = &leaving->keys;
    const size_t m = all->problem->m;
    const float *from = stage_data_matrix(&all->stage[STAGE_WEIGHTS], l, h);
    float *to = leaving->attention.data + (l * all->problem->heads + h) * queries->count * keys->count;
    size_t lost = 0;
    for (size_t i = 0; i < queries->count; i++, to += keys->count) {
        const float *row = from + queries->at[i] * m;
        for (size_t j = 0; j < keys->count; j++)
            to[j] = row[keys->at[j]];
        if (leaving->renormalizes && !row_renormalize(to, keys->count))
            lost += row_has_weight(row, m);
    }
    return lost;
}

static void leave_mask(const struct leaving *leaving, const struct result *all, size_t l, size_t h)
{
    const struct left_side *queries = &leaving->queries, *keys = &leaving->keys;
    const uint8_t *bits = masks_head(&all->masks, l, h)->bits;
    float *to = leaving->mask.data + (l * all->problem->heads + h) * queries->count * keys->count;
    for (size_t i = 0; i < queries->count; i++)
        for (size_t j = 0; j < keys->count; j++)
            *to++ = !masks_bit(&all->masks, bits, queries->at[i], keys->at[j]);
}

/* A tensor of all heads, zeroed. */
static bool left_tensor(struct tensor *tensor, const struct leaving *leaving, const struct problem *all,
                        struct error *error)
{
    *tensor = (struct tensor){.rank = 4,
                              .shape = {all->layer_count, all->heads, leaving->queries.count,
                                        leaving->keys.count}, /* no more than the weights of all tokens */
                              .holds = TENSOR_NUMBERS,
                              .true_attends = true};
    tensor->data = memory_zeroed(tensor_count(tensor), sizeof *tensor->data, error);
    return tensor->data;
}

static bool pairs_are_masked(const struct masks *masks)
{
    bool any = false;
    for (size_t i = 0; !any && i < masks->count; i++)
        any = masks->list[i].bits;
    return any;
}

/* Fills in the tensors, of the chosen heads. */
static bool leave_tensors(struct leaving *leaving, const struct result *all, const struct selection *chosen,
                          struct warnings *warnings, struct error *error)
{
    const struct problem *problem = all->problem;
    const bool are_masked = pairs_are_masked(&all->masks);
    size_t rows = 0, lost = 0;
    if (!left_tensor(&leaving->attention, leaving, problem, error) ||
        (are_masked && !left_tensor(&leaving->mask, leaving, problem, error)))
        return false;
    for (size_t l = 0; l < problem->layer_count; l++)
        for (size_t h = 0; h < problem->heads; h++) {
            if (!selection_has(chosen, l, h))
                continue;
            rows += leaving->queries.count;
            lost += leave_weights(leaving, all, l, h);
            if (are_masked)
                leave_mask(leaving, all, l, h);
        }
    if (lost > 0)
        warnings_add(warnings, "--renormalize: %zu of %zu rows have nothing left, and stay 0", lost, rows);
    return true;
}

/* ---- the problem ---- */

/* The labels of those that stay; numbers are those among all tokens. */
static bool leave_labels(struct labels *left, const struct labels *all, const struct left_side *side,
                         struct error *error)
{
    *left = (struct labels){.given = all->given || side->count < all->count,
                            .is_sentence = all->is_sentence,
                            .place = all->place,
                            .text = memory_zeroed(side->count, sizeof *left->text, error)};
    left->count = left->text ? side->count : 0;
    if (left->text && all->shown)
        left->shown = memory_zeroed(side->count, sizeof *left->shown, error);
    if (!left->text || (all->shown && !left->shown))
        return false;
    for (size_t i = 0; i < side->count; i++) {
        left->text[i] = text_copy(all->text[side->at[i]]);
        if (all->shown)
            left->shown[i] = text_copy(all->shown[side->at[i]]);
        if (!left->text[i] || (all->shown && !left->shown[i]))
            return error_memory(error, 32);
    }
    return true;
}

/* How many that stay are before a place among all, which may be outside of them. */
static int64_t left_before(const struct left_side *side, int64_t place, size_t all)
{
    int64_t before = place < 0 ? place : place > (int64_t)all ? place - (int64_t)all : 0;
    for (size_t i = 0; i < side->count; i++)
        before += place > 0 && side->at[i] < (uint64_t)place;
    return before;
}

/* The settings, whose grid begins behind what is left out before it. */
static struct settings leave_settings(const struct leaving *leaving, const struct settings *all,
                                      const struct problem *problem)
{
    struct settings settings = *all;
    const bool are_queries = settings.grid_axis == GRID_QUERIES;
    if (settings_have(all, SETTING_GRID_OFFSET))
        settings.grid_offset =
            (size_t)left_before(are_queries ? &leaving->queries : &leaving->keys, (int64_t)all->grid_offset,
                                are_queries ? problem->n : problem->m);
    return settings;
}

/* What masks and tensors say of all tokens is taken out. */
static bool leave_problem(struct problem *left, const struct leaving *leaving, const struct problem *all,
                          struct error *error)
{
    size_t from;
    *left = *all;
    left->tokens = left->key_tokens = (struct labels){0};
    left->n = leaving->queries.count;
    left->m = leaving->keys.count;
    left->is_self = queries_begin_at(&from, all) && left->n == left->m;
    left->d_k = left->d_v = left->d_key = left->d_out = 0;
    left->kv_heads = left->heads;
    left->is_partial = left->is_left = true;
    left->layers = memory_zeroed(left->layer_count, sizeof *left->layers, error);
    for (size_t l = 0; left->layers && l < left->layer_count; l++) {
        const struct problem_layer *layer = &all->layers[l];
        left->layers[l] = (struct problem_layer){.attention = &leaving->attention,
                                                 .mask = leaving->mask.data ? &leaving->mask : NULL,
                                                 .settings = leave_settings(leaving, &layer->settings, all),
                                                 .slice = l,
                                                 .title = layer->title,
                                                 .scale = layer->scale,
                                                 .softcap = layer->softcap,
                                                 .offset = left_before(&leaving->keys, layer->offset, all->m),
                                                 .rules = {.left = -1, .right = -1}};
    }
    return left->layers && leave_labels(&left->tokens, &all->tokens, &leaving->queries, error) &&
           leave_labels(&left->key_tokens, &all->key_tokens, &leaving->keys, error);
}

bool leaving_make(struct problem *left, struct leaving *leaving, const struct result *all,
                  const struct selection *chosen, struct warnings *warnings, struct error *error)
{
    leaving->engine = all->engine;
    leaving->plain_reason = all->plain_reason;
    return leave_tensors(leaving, all, chosen, warnings, error) &&
           leave_problem(left, leaving, all->problem, error);
}

void leaving_free(struct leaving *leaving)
{
    free(leaving->queries.at);
    free(leaving->keys.at);
    tensor_free(&leaving->attention);
    tensor_free(&leaving->mask);
    *leaving = (struct leaving){0};
}
