/* The origin of q, k and v, and whether their shapes fit each other. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"
#include "tensor/archive.h"

/* The tensor whose columns are the width of projection `which` (0: q, 1: k, 2: v), and its name: the given
 * one, the weight matrix, or the sequence itself. NULL for the output of the layer below. */
static const struct tensor *width_tensor(const struct check *check, const struct projection *projection,
                                         int which, enum input *name)
{
    static const enum input given[3] = {INPUT_Q, INPUT_K, INPUT_V}, w[3] = {INPUT_W_Q, INPUT_W_K, INPUT_W_V};
    *name = projection->given ? given[which]
            : projection->w
                ? w[which]
                : (projection->x && which > 0 && check_find(check, INPUT_CONTEXT) ? INPUT_CONTEXT
                                                                                  : INPUT_EMBEDDINGS);
    return projection->given ? projection->given : projection->w ? projection->w : projection->x;
}

/* "NAME is ROWS×COLUMNS" of that tensor, or of the output of the layer below. */
static struct phrase phrase_projection(const struct check *check, const struct projection *projection,
                                       int which)
{
    enum input name;
    const struct tensor *tensor = width_tensor(check, projection, which, &name);
    struct phrase phrase;
    if (tensor)
        return phrase_tensor(name, tensor);
    snprintf(phrase.text, sizeof phrase.text, "the output of layer %zu is %zu×%zu", check_number(check) - 1,
             projection->rows, projection->width);
    return phrase;
}

static const struct place *projection_place(const struct check *check, const struct projection *projection,
                                            int which)
{
    static const struct place nowhere;
    enum input name;
    const struct tensor *tensor = width_tensor(check, projection, which, &name);
    return tensor ? &tensor->place : &nowhere;
}

/*
 * Finds the origin of projection `which`. Sets its rows and width, or leaves them 0 where it is absent; sets
 * `heads` only where it is given with an axis for them.
 */
static bool find_projection(const struct check *check, int which, struct projection *projection)
{
    static const enum input given[3] = {INPUT_Q, INPUT_K, INPUT_V}, w[3] = {INPUT_W_Q, INPUT_W_K, INPUT_W_V},
                            b[3] = {INPUT_B_Q, INPUT_B_K, INPUT_B_V};
    projection->given = check_find(check, given[which]);
    if (projection->given) {
        const struct tensor *t = projection->given;
        projection->rows = t->shape[t->rank - 2];
        projection->heads = check_own_heads(t);
        if (!size_multiply(t->shape[t->rank - 1], projection->heads ? projection->heads : 1,
                           &projection->width))
            return error_memory(check->error, SIZE_MAX);
        return true;
    }

    const struct tensor *context = check_find(check, INPUT_CONTEXT), *x = check_find(check, INPUT_EMBEDDINGS);
    size_t inner;
    if (which > 0 && context)
        x = context;
    else if (check->layer > 0 && check->inputs->layer_count > 0 && x &&
             !check_is_own(check, INPUT_EMBEDDINGS))
        projection->previous = true;
    if (projection->previous) {
        projection->rows = check->problem->n;
        inner = check->problem->d_out;
    } else if (x) {
        projection->x = x;
        projection->rows = x->shape[0];
        inner = x->shape[1];
    } else {
        return true;
    }
    projection->width = inner;
    projection->w = check_find(check, w[which]);
    projection->b = check_find(check, b[which]);
    if (projection->w) {
        if (projection->w->shape[0] != inner) {
            struct projection before = {.x = projection->x,
                                        .previous = projection->previous,
                                        .rows = projection->rows,
                                        .width = inner};
            return place_error(
                &projection->w->place, check->error,
                "%s and %s: the columns of the first must be the rows of the second%s",
                phrase_projection(check, &before, which).text, phrase_tensor(w[which], projection->w).text,
                projection->w->shape[1] == inner ? "; its transpose would fit, as w_layout out_in takes it"
                                                 : "");
        }
        projection->width = projection->w->shape[1];
    }
    return check_vector(check, b[which], projection->width, w[which]);
}

/* Puts past_k or past_v before the rows of k (1) or v (2), whose heads are known. */
static bool join_past(const struct check *check, struct projection *projection, int which)
{
    enum input name = which == 1 ? INPUT_PAST_K : INPUT_PAST_V;
    const struct tensor *past = check_find(check, name);
    if (!past)
        return true;
    size_t heads = check_own_heads(past), width;
    if (!size_multiply(past->shape[past->rank - 1], heads ? heads : 1, &width))
        return error_memory(check->error, SIZE_MAX);
    if (width != projection->width || (heads && heads != projection->heads))
        return place_error(&past->place, check->error, "%s: expected %zu heads of %zu columns, as in %s",
                           phrase_tensor(name, past).text, projection->heads,
                           projection->width / projection->heads,
                           phrase_projection(check, projection, which).text);
    projection->past = past;
    projection->past_rows = past->shape[past->rank - 2];
    projection->rows += projection->past_rows;
    return true;
}

/* Whether a given tensor has as many tokens as there should be heads. */
static bool looks_exchanged(const struct projection *projection, size_t heads)
{
    const struct tensor *t = projection->given;
    return t && t->rank >= 3 && t->shape[t->rank - 2] == heads;
}

/* Decides the number of heads of a projection: its axis, else `said` by `setting`, else `otherwise`. Checks
 * that its columns can be shared among them. */
static bool settle_heads(const struct check *check, struct projection *projection, int which, size_t said,
                         const char *setting, size_t otherwise)
{
    const struct place *place = projection_place(check, projection, which);
    if (projection->heads && said && projection->heads != said)
        return place_error(place, check->error, "%s, which has %zu heads, but %s is %zu%s",
                           phrase_projection(check, projection, which).text, projection->heads, setting, said,
                           looks_exchanged(projection, said)
                               ? "; its axes of heads and tokens look exchanged: expected heads×tokens×d"
                               : "");
    if (!projection->heads)
        projection->heads = said ? said : otherwise;
    if (projection->width % projection->heads != 0)
        return place_error(place, check->error, "%s: its %zu columns cannot be shared equally by %zu heads",
                           phrase_projection(check, projection, which).text, projection->width,
                           projection->heads);
    return true;
}

/* The error of a layer that lacks q, k or both. Always false. */
static bool absent_error(const struct check *check, const struct projection *q, const struct projection *k)
{
    const char *absent = !q->width && !k->width ? "q and k" : !q->width ? "q" : "k";
    const struct inputs *inputs = check->inputs;
    /* A file of arrays has its source in its archive. */
    const char *file = inputs->source_count > 0 ? inputs->sources[0].name : NULL;
    if (!file && inputs->archive_count > 0)
        file = inputs->archives[0]->sources[0].name;
    const bool has_projection =
        check_find(check, INPUT_W_Q) || check_find(check, INPUT_W_K) || check_find(check, INPUT_W_V);
    char layer_name[40] = "";
    if (inputs->layer_count > 0)
        snprintf(layer_name, sizeof layer_name, "layer %zu has ", check_number(check));
    return error_set(check->error, ERROR_INPUT, "%s%s%sno %s%s: expected embeddings, q and k, or attention",
                     file ? file : "", file ? ": " : "", layer_name, absent,
                     has_projection ? ", and no embeddings for the projections" : "");
}

/* Leaves v out where it would be the sequence itself, which cannot be shared by the heads: without w_v the weights
 * alone are computed. */
static void leave_out_values(const struct check *check, struct problem_layer *layer)
{
    struct projection *v = &layer->v;
    const bool plain = v->x && !v->w && !v->b && !v->given;
    if (!plain || v->width % layer->k.heads == 0 || !(layer->q.w || layer->k.w) ||
        check_find(check, INPUT_W_O))
        return;
    if (check->layer == 0)
        warnings_add(
            check->warnings,
            "there is no w_v, and %zu heads cannot share the %zu columns of the sequence: only weights are "
            "computed, and no output",
            layer->k.heads, v->width);
    *v = (struct projection){0};
}

/* How many heads of q and k make one of the result. */
static size_t heads_a_result(const struct check *check)
{
    return settings_have(check_settings(check), SETTING_DIFFERENTIAL) ? 2 : 1;
}

/* Decides the heads of q, k and v. */
static bool check_heads(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = check_settings(check);
    struct projection *q = &layer->q, *k = &layer->k, *v = &layer->v;
    size_t said = settings_have(settings, SETTING_HEADS) ? settings->heads : 0;
    size_t kv_said = settings_have(settings, SETTING_KV_HEADS) ? settings->kv_heads : 0;
    if (!settle_heads(check, q, 0, said, "heads", 1) ||
        !settle_heads(check, k, 1, kv_said, "kv_heads", q->heads))
        return false;
    leave_out_values(check, layer);
    const size_t share = heads_a_result(check);
    if (q->heads % share != 0 || k->heads % share != 0)
        return place_error(
            projection_place(check, q, 0), check->error,
            "%s: differential takes heads in pairs, expected an even number, not %zu of q and %zu of k",
            phrase_projection(check, q, 0).text, q->heads, k->heads);
    return (!v->width || settle_heads(check, v, 2, kv_said / share, "kv_heads", k->heads / share));
}

/* Whether the heads of q, k and v fit each other. */
static bool heads_agree(const struct check *check, const struct problem_layer *layer)
{
    const struct projection *q = &layer->q, *k = &layer->k, *v = &layer->v;
    if (q->heads % k->heads != 0)
        return place_error(projection_place(check, k, 1), check->error,
                           "%s and %s: their %zu heads must be a multiple of their %zu key/value heads",
                           phrase_projection(check, q, 0).text, phrase_projection(check, k, 1).text, q->heads,
                           k->heads);
    if (v->width && v->heads != k->heads / heads_a_result(check))
        return place_error(projection_place(check, v, 2), check->error, "%s and %s: %s",
                           phrase_projection(check, k, 1).text, phrase_projection(check, v, 2).text,
                           heads_a_result(check) > 1 ? "with differential v has half as many heads as k"
                                                     : "they must agree in the number of heads");
    return true;
}

/* "; kv_heads 2 would fit": where k has fewer columns than q, as with grouped queries. */
static struct phrase phrase_groups(const struct projection *q, const struct projection *k)
{
    struct phrase phrase = {""};
    const size_t d = q->width / q->heads, groups = k->width / d;
    if (groups > 0 && groups < q->heads && k->width % d == 0 && q->heads % groups == 0)
        snprintf(phrase.text, sizeof phrase.text, "; kv_heads %zu would fit", groups);
    return phrase;
}

/* Whether q and k can be compared: they agree in d_k, unless the score brings both to another width. */
static bool widths_agree(const struct check *check, const struct projection *q, const struct projection *k)
{
    const struct settings *settings = check_settings(check);
    bool both = settings->score == SCORE_GENERAL || settings->score == SCORE_ADDITIVE;
    if (q->width / q->heads != k->width / k->heads && !both) {
        char split[280] = "";
        const struct tensor *t = k->given;
        if (t && t->rank == 2 && q->heads == 1 && k->heads == 1 && t->shape[0] == q->width)
            snprintf(split, sizeof split, "; the transpose of k would fit");
        if (q->heads > 1)
            snprintf(split, sizeof split, " (%zu heads of %zu, %zu heads of %zu)%s", q->heads,
                     q->width / q->heads, k->heads, k->width / k->heads, phrase_groups(q, k).text);
        return place_error(projection_place(check, k, 1), check->error, "%s and %s: they must agree in d_k%s",
                           phrase_projection(check, q, 0).text, phrase_projection(check, k, 1).text, split);
    }
    return true;
}

/* Whether k and v have the same keys, those of the past included. */
static bool keys_agree(const struct check *check, const struct projection *k, const struct projection *v)
{
    if (k->past && v->past && v->past_rows != k->past_rows)
        return place_error(&v->past->place, check->error, "%s and %s: they must have the same number of keys",
                           phrase_tensor(INPUT_PAST_K, k->past).text,
                           phrase_tensor(INPUT_PAST_V, v->past).text);
    if (v->width && v->rows != k->rows)
        return place_error(projection_place(check, v, 2), check->error,
                           "%s and %s: they must have the same number of keys",
                           phrase_projection(check, k, 1).text, phrase_projection(check, v, 2).text);
    return true;
}

/* Finds w_o and b_o, and checks them against the heads of v. Sets *d_out: columns of the output, 0 without v. */
static bool check_output(const struct check *check, struct problem_layer *layer, size_t *d_out)
{
    const struct projection *q = &layer->q, *v = &layer->v;
    size_t columns = v->width ? v->width / v->heads * (q->heads / heads_a_result(check)) : 0;
    layer->w_o = check_find(check, INPUT_W_O);
    layer->b_o = check_find(check, INPUT_B_O);
    if (!columns && (layer->w_o || layer->b_o))
        return place_error(&(layer->w_o ? layer->w_o : layer->b_o)->place, check->error,
                           "%s without v: there is nothing to project", layer->w_o ? "w_o" : "b_o");
    if (layer->w_o && layer->w_o->shape[0] != columns)
        return place_error(&layer->w_o->place, check->error,
                           "%s: expected %zu rows, for %zu heads of d_v %zu",
                           phrase_tensor(INPUT_W_O, layer->w_o).text, columns,
                           q->heads / heads_a_result(check), v->width / v->heads);
    if (layer->w_o)
        columns = layer->w_o->shape[1];
    *d_out = columns;
    return check_vector(check, INPUT_B_O, columns, INPUT_W_O);
}

/* Sets what the scores are multiplied by and squashed with. */
static void set_scale(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = check_settings(check);
    bool scaled = settings->score == SCORE_SCALED && settings->normalizer != NORMALIZER_LINEAR;
    layer->scale = (struct per_head){.at = {scaled ? 1 / sqrt((double)(layer->q.width / layer->q.heads)) : 1},
                                     .count = 1};
    layer->softcap = (struct per_head){.count = 1};
    if (settings_have(settings, SETTING_SCALE))
        layer->scale = settings->scale;
    if (settings_have(settings, SETTING_SOFTCAP))
        layer->softcap = settings->softcap;
}

/* Compares the sizes with those of the layers before. */
static bool sizes_agree(const struct check *check, const struct problem_layer *layer, size_t d_out)
{
    struct problem *problem = check->problem;
    const struct projection *q = &layer->q, *k = &layer->k, *v = &layer->v;
    const size_t share = heads_a_result(check);
    const size_t d_k = q->width / q->heads, d_v = v->width ? v->width / v->heads : 0;
    const struct place *at_q = projection_place(check, q, 0), *at_k = projection_place(check, k, 1);
    const struct place *at_v = v->width ? projection_place(check, v, 2) : at_q;
    const struct place *at_output = layer->w_o ? &layer->w_o->place : at_v;
    return check_same(check, at_q, &problem->n, q->rows, "queries") &&
           check_same(check, at_k, &problem->m, k->rows, "keys") &&
           check_same(check, at_q, &problem->heads, q->heads / share, "heads") &&
           check_same(check, at_k, &problem->kv_heads, k->heads / share, "key/value heads") &&
           check_same(check, at_q, &problem->d_k, d_k, "columns a head of q") &&
           check_same(check, at_k, &problem->d_key, k->width / k->heads, "columns a head of k") &&
           check_same(check, at_v, &problem->d_v, d_v, "columns a head of v") &&
           check_same(check, at_output, &problem->d_out, d_out, "columns of output");
}

/* Whether values have a row for each key of given weights, and a part for each of their heads, which may share it. */
static bool values_fit(const struct problem *problem, const struct tensor *v)
{
    const size_t heads = check_own_heads(v), columns = v->shape[v->rank - 1];
    return v->shape[v->rank - 2] == problem->m && columns > 0 &&
           (heads ? problem->heads % heads == 0 : columns % problem->heads == 0);
}

bool check_given_values(const struct check *check, struct problem_layer *layer)
{
    struct problem *problem = check->problem;
    const struct tensor *v = check_find(check, INPUT_V);
    size_t kv_heads = problem->heads;
    if (v && !problem->is_partial && values_fit(problem, v)) {
        if (!find_projection(check, 2, &layer->v))
            return false;
        kv_heads = layer->v.heads = layer->v.heads ? layer->v.heads : problem->heads;
    }
    const size_t d_v = layer->v.width / kv_heads;
    const struct place *at = v ? &v->place : &layer->attention->place;
    return check_same(check, at, &problem->kv_heads, kv_heads, "key/value heads") &&
           check_same(check, at, &problem->d_v, d_v, "columns a head of v") &&
           check_same(check, at, &problem->d_out, d_v * problem->heads, "columns of output");
}

bool check_qkv(const struct check *check, struct problem_layer *layer)
{
    struct projection *q = &layer->q, *k = &layer->k, *v = &layer->v;
    size_t d_out = 0;
    if (!find_projection(check, 0, q) || !find_projection(check, 1, k) || !find_projection(check, 2, v))
        return false;
    if (!q->width || !k->width)
        return absent_error(check, q, k);
    if (!check_heads(check, layer) || !join_past(check, k, 1) || (v->width && !join_past(check, v, 2)) ||
        !heads_agree(check, layer) || !widths_agree(check, q, k) || !keys_agree(check, k, v) ||
        !check_output(check, layer, &d_out))
        return false;
    set_scale(check, layer);
    return sizes_agree(check, layer, d_out);
}
