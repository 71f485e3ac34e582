/* How many axes each tensor has, and the shapes of the tensors over pairs of query and key. */
#include "problem/check.h"

#include "base/source.h"

/* How many axes a tensor may have. */
static const struct {
    int least, most;
} ranks[INPUT_COUNT] = {
    [INPUT_EMBEDDINGS] = {2, 2},
    [INPUT_CONTEXT] = {2, 2},
    /* An axis for heads is joined to the columns before, unless weights are given. */
    [INPUT_W_Q] = {2, 3},
    [INPUT_W_K] = {2, 3},
    [INPUT_W_V] = {2, 3},
    [INPUT_W_O] = {2, 3},
    [INPUT_B_Q] = {1, 2},
    [INPUT_B_K] = {1, 2},
    [INPUT_B_V] = {1, 2},
    [INPUT_B_O] = {1, 2},
    [INPUT_Q] = {2, 4},
    [INPUT_K] = {2, 4},
    [INPUT_V] = {2, 4},
    [INPUT_PAST_K] = {2, 4},
    [INPUT_PAST_V] = {2, 4},
    [INPUT_ATTENTION] = {2, 4},
    [INPUT_MASK] = {1, 4},
    [INPUT_BIAS] = {1, 4},
    [INPUT_W_SCORE] = {2, 3},
    [INPUT_W_SCORE_Q] = {2, 3},
    [INPUT_W_SCORE_K] = {2, 3},
    [INPUT_V_SCORE] = {1, 2},
    [INPUT_SLOPES] = {1, 2},
    [INPUT_SINKS] = {1, 2},
    [INPUT_RELATIVE_BIAS] = {2, 2},
    [INPUT_INV_FREQ] = {1, 2},
    [INPUT_POSITIONS] = {1, 2},
    [INPUT_KEY_POSITIONS] = {1, 2},
    [INPUT_BLOCK_MASK] = {2, 3},
    [INPUT_SEGMENTS] = {1, 2},
    [INPUT_KEY_SEGMENTS] = {1, 2},
    [INPUT_KEY_MASK] = {1, 2},
    [INPUT_NORM_WEIGHT] = {1, 2},
    [INPUT_NORM_BIAS] = {1, 2},
    [INPUT_QUERY_SCALE] = {1, 2},
    [INPUT_SIGMAS] = {1, 2},
    [INPUT_CENTERS] = {1, 2},
    [INPUT_Q_NORM] = {1, 2},
    [INPUT_K_NORM] = {1, 2},
    [INPUT_B_QKV] = {1, 2},
    [INPUT_W_QKV] = {2, 2},
    [INPUT_GATE] = {2, 2},
    [INPUT_W_GATE] = {2, 2},
    [INPUT_OR_MASK] = {1, 4},
    [INPUT_DECAY] = {2, 2},
    [INPUT_BETA] = {2, 2},
    [INPUT_STATE] = {3, 3},
    [INPUT_UNEMBED] = {2, 2},
    [INPUT_WORDS] = {1, 2},
    [INPUT_KEY_WORDS] = {1, 2},
};

static bool check_rank(const struct check *check, enum input which)
{
    const struct tensor *tensor = check_find(check, which);
    int least = ranks[which].least, most = ranks[which].most;
    if (!tensor)
        return true;
    if (check_is_own(check, which) && most == 4)
        most = 3;
    if (tensor->rank >= least && tensor->rank <= most)
        return true;
    static const char *const expected[5][5] = {
        [1] = {[1] = "a list of numbers",
               [2] = "a list of numbers",
               [3] = "n×m or heads×n×m",
               [4] = "n×m, heads×n×m or layers×heads×n×m"},
        [2] = {[2] = "rows and columns", [3] = "rank 2 or 3", [4] = "rank 2, 3 or 4"},
        [3] = {NULL, NULL, NULL, "rank 3"},
    };
    const bool has_axes = which == INPUT_POSITIONS || which == INPUT_KEY_POSITIONS;
    return place_error(&tensor->place, check->error, "%s: expected %s", phrase_tensor(which, tensor).text,
                       has_axes ? "a list of numbers, or one an axis" : expected[least][most]);
}

bool check_ranks(const struct check *check)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        if (!check_rank(check, i))
            return false;
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = check_find(check, i);
        if (tensor && tensor->rank == 4 && tensor->shape[0] != check->problem->layers_in_all)
            return place_error(&tensor->place, check->error, "%s: expected %zu layers, as elsewhere",
                               phrase_tensor(i, tensor).text, check->problem->layers_in_all);
    }
    return true;
}

bool check_attention(const struct check *check, const struct tensor *attention)
{
    struct problem *problem = check->problem;
    const struct settings *settings = check_settings(check);
    size_t heads = check_own_heads(attention) ? check_own_heads(attention) : 1;
    if (settings_have(settings, SETTING_HEADS) && settings->heads != heads)
        return place_error(&attention->place, check->error, "%s, which has %zu heads, but heads is %zu",
                           phrase_tensor(INPUT_ATTENTION, attention).text, heads, settings->heads);
    const struct place *at = &attention->place;
    return check_same(check, at, &problem->n, attention->shape[attention->rank - 2], "queries") &&
           check_same(check, at, &problem->m, attention->shape[attention->rank - 1], "keys") &&
           check_same(check, at, &problem->heads, heads, "heads") &&
           check_same(check, at, &problem->kv_heads, heads, "key/value heads") &&
           check_same(check, at, &problem->d_out, 0, "columns of output");
}

bool check_pairs(const struct check *check, enum input which)
{
    const struct problem *problem = check->problem;
    const struct tensor *tensor = check_find(check, which);
    if (!tensor)
        return true;
    size_t expected[4] = {problem->layers_in_all, problem->heads, problem->n, problem->m};
    for (int i = 0; i < tensor->rank; i++) {
        size_t wanted = expected[4 - tensor->rank + i];
        if (tensor->shape[i] == wanted || tensor->shape[i] == 1)
            continue;
        char shape[96];
        struct tensor whole = {.rank = tensor->rank};
        for (int j = 0; j < tensor->rank; j++)
            whole.shape[j] = expected[4 - tensor->rank + j];
        const size_t rows = tensor->rank > 1 ? tensor->shape[tensor->rank - 2] : 0;
        const bool turned = rows == problem->m && tensor->shape[tensor->rank - 1] == problem->n;
        return place_error(
            &tensor->place, check->error, "%s: expected %s, for %zu heads, %zu queries and %zu keys; %s",
            phrase_tensor(which, tensor).text, tensor_shape(&whole, shape), problem->heads, problem->n,
            problem->m, turned ? "its transpose would fit" : "an axis of 1 serves all");
    }
    return true;
}

static void drop_first(struct tensor *t)
{
    for (int i = 1; i < t->rank; i++)
        t->shape[i - 1] = t->shape[i];
    t->rank--;
}

/* Whether the only matrix of a q, k or v of rank 3 has the columns of so many heads: then its first axis is a batch. */
static bool holds_heads(const struct tensor *t, size_t heads)
{
    return t->rank == 3 && heads > 1 && t->shape[2] % heads == 0;
}

static void drop_batches(struct layer_inputs *own, size_t heads, size_t kv_heads, bool is_layer)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *t = &own->tensor[i];
        const bool sequence = (i == INPUT_EMBEDDINGS || i == INPUT_CONTEXT) && t->rank == 3;
        const bool split = i >= INPUT_Q && i <= INPUT_V && holds_heads(t, i == INPUT_Q ? heads : kv_heads);
        if (t->data && t->shape[0] == 1 && (sequence || split || (is_layer && t->rank == 4)))
            drop_first(t);
    }
}

static void drop_all(struct inputs *inputs, struct layer_inputs *own, const struct settings *over)
{
    const size_t heads = problem_said_heads(inputs, own, over, false),
                 kv_heads = problem_said_heads(inputs, own, over, true);
    drop_batches(own, heads, kv_heads ? kv_heads : heads, own != &inputs->all);
}

void problem_drop_batches(struct inputs *inputs, const struct settings *over)
{
    drop_all(inputs, &inputs->all, over);
    for (size_t l = 0; l < inputs->layer_count; l++)
        drop_all(inputs, &inputs->layers[l], over);
}
