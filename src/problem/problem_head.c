#include "problem/problem_head.h"

#include "attention/position.h"

struct strided problem_pairs(const struct tensor *tensor, size_t layer, size_t head)
{
    if (!tensor)
        return (struct strided){0};
    size_t index[4] = {layer, head, 0, 0}, step[4] = {0}, at = 0, size = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        int axis = 4 - tensor->rank + i;
        step[axis] = tensor->shape[i] == 1 ? 0 : size;
        at += index[axis] * step[axis];
        size *= tensor->shape[i];
    }
    return (struct strided){.data = tensor->data + at, .row = step[2], .column = step[3]};
}

/* The matrix of a head of a tensor of rank 2 or 3. */
static struct strided head_matrix(const struct tensor *t, size_t head)
{
    if (!t)
        return (struct strided){0};
    size_t columns = t->shape[t->rank - 1], matrix = columns * t->shape[t->rank - 2];
    return (struct strided){
        .data = t->data + (t->rank == 3 ? head * matrix : 0), .row = columns, .column = 1};
}

/* A seed of its own for every layer and head. */
static uint64_t mix_seed(uint64_t seed, uint64_t layer, uint64_t head)
{
    return (seed + 1) * UINT64_C(0xd1342543de82ef95) ^ (layer << 32 | head);
}

static struct recurrent recurrent_of(const struct problem *problem, const struct problem_layer *l,
                                     size_t head)
{
    const struct tensor *decay = l->extra[INPUT_DECAY], *beta = l->extra[INPUT_BETA],
                        *state = l->extra[INPUT_STATE];
    struct recurrent r = {.rule = l->settings.recurrence};
    size_t kv = head / (problem->heads / problem->kv_heads);
    if (decay) {
        bool each = decay->shape[1] == problem->kv_heads * problem->d_k;
        r.decay = (struct strided){.data = decay->data + (each ? kv * problem->d_k : kv),
                                   .row = decay->shape[1],
                                   .column = each ? 1 : 0};
    }
    if (beta)
        r.beta = (struct strided){
            .data = beta->data + (beta->shape[1] == 1 ? 0 : kv), .row = beta->shape[1], .column = 1};
    r.state = head_matrix(state, kv);
    return r;
}

/* The Gaussian factor: a center a query, for all heads or each, and a width for all queries or each. */
static void gaussian_of(const struct problem *problem, const struct problem_layer *l, size_t head,
                        struct head *out)
{
    const struct tensor *centers = l->extra[INPUT_CENTERS], *sigmas = l->extra[INPUT_SIGMAS];
    if (!centers)
        return;
    bool each = tensor_count(centers) != problem->n;
    out->center = centers->data + (each ? head * problem->n : 0);
    out->sigma = sigmas ? sigmas->data : &l->sigma;
    out->sigma_step = sigmas != NULL;
}

void problem_head(const struct problem *problem, size_t layer, size_t head, struct head *out)
{
    const struct problem_layer *l = &problem->layers[layer];
    const struct tensor *keys = l->extra[INPUT_KEY_MASK], *sinks = l->extra[INPUT_SINKS],
                        *v = l->extra[INPUT_V_SCORE], *slopes = l->extra[INPUT_SLOPES];
    *out = (struct head){
        .n = problem->n,
        .m = problem->m,
        .d_k = l->d_score,
        .d_v = problem->d_v,
        .offset = l->offset,
        .scale = per_head_at(&l->scale, head) / (settings_have(&l->settings, SETTING_TEMPERATURE)
                                                     ? per_head_at(&l->settings.temperature, head)
                                                     : 1),
        .softcap = per_head_at(&l->softcap, head),
        .bias = problem_pairs(l->bias, l->slice, head),
        .distance = l->distance ? l->distance + head * l->distance_count : NULL,
        .distance_first = l->distance_first,
        .rules = l->rules,
        .query_scale = l->extra[INPUT_QUERY_SCALE] ? l->extra[INPUT_QUERY_SCALE]->data : NULL,
        .by_distance = l->settings.score == SCORE_DISTANCE,
        .normalizer = l->settings.normalizer,
        .top_k = l->settings.top_k,
        .has_fill = settings_have(&l->settings, SETTING_MASK_FILL),
        .fill = l->settings.mask_fill,
        .has_sink = settings_have(&l->settings, SETTING_SINK) || sinks,
        .sink = sinks ? (double)sinks->data[head] : per_head_at(&l->settings.sink, head),
        .dropout = l->settings.dropout,
        .seed = mix_seed(l->settings.seed, layer, head),
        .recurrent = recurrent_of(problem, l, head),
    };
    const bool alibi = l->settings.position == POSITION_ALIBI;
    if (alibi)
        out->slope = slopes ? (double)slopes->data[head] : position_slope(head, problem->heads);
    gaussian_of(problem, l, head, out);
    if (l->has_positions && (alibi || l->relative.table)) {
        out->has_positions = true;
        out->query_at = l->query_at;
        out->key_at = l->key_at;
        out->relative = l->relative;
        out->relative.table += l->relative.table ? head : 0;
    }
    if (v)
        out->additive = v->data + (tensor_count(v) == l->d_score ? 0 : head * l->d_score);
    if (l->settings.window.count > 1) {
        out->rules.left = l->settings.window.left[head];
        out->rules.right = l->settings.window.right[head];
    }
    if (l->pairs.data) {
        out->rules = (struct rules){.left = -1, .right = -1, .mask = problem_pairs(&l->pairs, 0, head)};
        return;
    }
    out->rules.mask = problem_pairs(l->mask, l->slice, head);
    out->rules.block_mask = head_matrix(l->extra[INPUT_BLOCK_MASK], head);
    if (keys)
        out->rules.key_mask = (struct strided){.data = keys->data, .row = 0, .column = 1};
}
