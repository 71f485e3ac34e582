/*
 * Projections in the forms in which other software stores them, made into those of this program: w_q, w_k, w_v
 * and w_o of rank 2, d_model×(heads·d), y = x·W + b. Comes before all checks, for the tensors that serve all
 * layers and for those of each layer.
 *
 *   transposed    PyTorch's Linear keeps W as out×in: w_layout, or a name that says so (in_proj_weight)
 *   an axis more  heads×d_model×d (TransformerLens), d_model×heads×d (Flax, Keras)
 *   fused         w_qkv, whose columns go in thirds or K/V head by K/V head: qkv_layout
 */
#include "problem/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "problem/setting_kinds.h"

/* The tensors under one roof, and where messages go. */
struct straight {
    struct inputs *inputs;
    struct layer_inputs *own;
    const struct settings *over;
    struct error *error;
    bool *cut; /* becomes true where w_qkv was cut */
};

/* The settings that give `which` here: those of the command line, of the layer, or of all; NULL: none. */
static const struct settings *said(const struct straight *s, enum setting which)
{
    const struct settings *from[] = {s->over, &s->own->settings, &s->inputs->all.settings};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        if (settings_have(from[i], which))
            return from[i];
    return NULL;
}

/* The number of heads, or of key/value heads, that is said; 0: none. */
static size_t said_count(const struct straight *s, bool kv)
{
    return problem_said_heads(s->inputs, s->own, s->over, kv);
}

/* Reorders the axes of a tensor of rank 3: axis i of the result is axis order[i] of the old one. */
static bool permute(struct tensor *t, const int order[3], struct error *error)
{
    const size_t step[3] = {t->shape[1] * t->shape[2], t->shape[2], 1};
    const size_t shape[3] = {t->shape[order[0]], t->shape[order[1]], t->shape[order[2]]};
    float *data = memory_alloc(tensor_count(t), sizeof *data, error), *to = data;
    if (!data)
        return false;
    for (size_t i = 0; i < shape[0]; i++)
        for (size_t j = 0; j < shape[1]; j++)
            for (size_t k = 0; k < shape[2]; k++)
                *to++ = t->data[i * step[order[0]] + j * step[order[1]] + k * step[order[2]]];
    tensor_replace(t, data);
    memcpy(t->shape, shape, sizeof shape);
    return true;
}

/* Exchanges the last two axes. */
static bool transpose(struct tensor *t, struct error *error)
{
    static const int order[3] = {0, 2, 1};
    struct tensor view = *t;
    if (t->rank == 2) {
        view.rank = 3;
        view.shape[0] = 1;
        view.shape[1] = t->shape[0];
        view.shape[2] = t->shape[1];
    }
    if (!permute(&view, order, error))
        return false;
    t->data = view.data;
    t->is_borrowed = false;
    t->shape[t->rank - 2] = view.shape[1];
    t->shape[t->rank - 1] = view.shape[2];
    return true;
}

static bool turn_round(const struct straight *s)
{
    static const enum input matrices[] = {INPUT_W_Q, INPUT_W_K,   INPUT_W_V,
                                          INPUT_W_O, INPUT_W_QKV, INPUT_W_GATE};
    const struct settings *layout = said(s, SETTING_W_LAYOUT);
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        struct tensor *t = &s->own->tensor[matrices[i]];
        if (!t->data || t->rank < 2 || t->rank > 3 ||
            !(t->is_out_in || (layout && layout->w_layout == LAYOUT_OUT_IN)))
            continue;
        if (!transpose(t, s->error))
            return false;
        t->is_out_in = false;
    }
    return true;
}

/* ---- an axis for heads ---- */

/* Says that a projection has so many heads, which an axis tells; an error where it was said otherwise. */
static bool settle_count(const struct straight *s, enum input which, size_t heads)
{
    const enum setting setting = which == INPUT_W_Q ? SETTING_HEADS : SETTING_KV_HEADS;
    const struct tensor *t = &s->own->tensor[which];
    const size_t before = said_count(s, setting == SETTING_KV_HEADS);
    if (before && before != heads)
        return place_error(&t->place, s->error, "%s, which has %zu heads, but %s is %zu",
                           phrase_tensor(which, t).text, heads, setting_kinds[setting].name, before);
    *(setting == SETTING_HEADS ? &s->own->settings.heads : &s->own->settings.kv_heads) = heads;
    s->own->settings.given |= UINT64_C(1) << setting;
    return true;
}

/* The columns of the sequence that is projected; 0: not known. */
static size_t model_columns(const struct straight *s, enum input which)
{
    static const enum input sequences[] = {INPUT_CONTEXT, INPUT_EMBEDDINGS};
    for (size_t i = which == INPUT_W_Q; i < 2; i++) {
        const struct tensor *own = &s->own->tensor[sequences[i]], *all = &s->inputs->all.tensor[sequences[i]];
        const struct tensor *x = own->data ? own : all;
        if (x->data)
            return x->shape[x->rank - 1];
    }
    return 0;
}

/* Makes d_model×(heads·d) of heads×d_model×d or d_model×heads×d. */
static bool join_heads(const struct straight *s, enum input which)
{
    static const int heads_second[3] = {1, 0, 2};
    struct tensor *t = &s->own->tensor[which];
    const size_t columns = model_columns(s, which), heads = said_count(s, which != INPUT_W_Q);
    const bool first = (!columns || t->shape[1] == columns) && (!heads || t->shape[0] == heads);
    const bool second = (!columns || t->shape[0] == columns) && (!heads || t->shape[1] == heads);
    if (!first && !second)
        return place_error(&t->place, s->error,
                           "%s: expected heads×d_model×d or d_model×heads×d, with d_model %zu",
                           phrase_tensor(which, t).text, columns);
    if (first && second && t->shape[0] != t->shape[1] && columns)
        return place_error(&t->place, s->error,
                           "%s may be heads×d_model×d or d_model×heads×d: expected heads to tell",
                           phrase_tensor(which, t).text);
    if (first && second && t->shape[0] == t->shape[1])
        return place_error(
            &t->place, s->error,
            "%s may be heads×d_model×d or d_model×heads×d: expected rank 2, where the order is plain",
            phrase_tensor(which, t).text);
    if (!settle_count(s, which, first ? t->shape[0] : t->shape[1]) ||
        (first && !permute(t, heads_second, s->error)))
        return false;
    t->rank = 2;
    t->shape[1] *= t->shape[2];
    return true;
}

/* Makes one list of a bias of heads×d. */
static void join_bias(struct tensor *bias)
{
    if (!bias->data || bias->rank != 2 || bias->shape[0] < 2 || bias->shape[1] < 2)
        return;
    bias->rank = 1;
    bias->shape[0] *= bias->shape[1];
}

static bool join_axes_of_heads(const struct straight *s)
{
    for (enum input i = INPUT_W_Q; i <= INPUT_W_V; i++) {
        struct tensor *t = &s->own->tensor[i];
        if (!t->data || t->rank != 3)
            continue;
        if (!join_heads(s, i))
            return false;
        join_bias(&s->own->tensor[INPUT_B_Q + (i - INPUT_W_Q)]);
    }
    /* heads×d_v×d_model is (heads·d_v)×d_model as it lies. */
    struct tensor *w_o = &s->own->tensor[INPUT_W_O];
    if (w_o->data && w_o->rank == 3) {
        w_o->rank = 2;
        w_o->shape[0] *= w_o->shape[1];
        w_o->shape[1] = w_o->shape[2];
    }
    return true;
}

/* ---- q, k and v in one ---- */

/* How the columns of a fused projection are shared out. */
struct shares {
    size_t heads, kv_heads, d;
    bool by_head;
};

/* The first column of head h of part 0 (q), 1 (k) or 2 (v). */
static size_t first_column(const struct shares *f, int part, size_t h)
{
    const size_t group = f->heads / f->kv_heads;
    if (!f->by_head)
        return (part == 0 ? h : f->heads + (part == 2 ? f->kv_heads : 0) + h) * f->d;
    return part == 0 ? (h / group * (group + 2) + h % group) * f->d
                     : (h * (group + 2) + group + (part == 2)) * f->d;
}

/* Copies one part out of a fused matrix or bias, to a tensor of its own. */
static bool take_part(const struct straight *s, enum input fused, enum input to, const struct shares *f,
                      int part)
{
    const struct tensor *from = &s->own->tensor[fused];
    struct tensor *t = &s->own->tensor[to];
    const size_t rows = from->rank == 1 ? 1 : from->shape[0], width = from->shape[from->rank - 1];
    const size_t heads = part == 0 ? f->heads : f->kv_heads, columns = heads * f->d;
    if (t->data)
        return place_error(&t->place, s->error, "%s and %s are both given: expected one of them",
                           input_names[to], input_names[fused]);
    *t = (struct tensor){.data = memory_alloc(rows * columns, sizeof *t->data, s->error),
                         .rank = from->rank,
                         .shape = {from->rank == 1 ? columns : rows, columns},
                         .holds = from->holds,
                         .place = from->place};
    for (size_t r = 0; t->data && r < rows; r++)
        for (size_t h = 0; h < heads; h++)
            memcpy(t->data + r * columns + h * f->d, from->data + r * width + first_column(f, part, h),
                   f->d * sizeof *t->data);
    return t->data;
}

/* Cuts w_qkv, or b_qkv, into three. */
static bool cut(const struct straight *s, enum input fused, enum input first)
{
    struct tensor *t = &s->own->tensor[fused];
    const struct settings *layout = said(s, SETTING_QKV_LAYOUT);
    struct shares f = {.heads = said_count(s, false), .by_head = layout && layout->qkv_layout == QKV_HEADS};
    f.heads = f.heads ? f.heads : 1;
    f.kv_heads = said_count(s, true) ? said_count(s, true) : f.heads;
    if (!t->data)
        return true;
    if (t->rank > 2 || (fused == INPUT_B_QKV && t->rank == 2 && t->shape[0] != 1))
        return place_error(&t->place, s->error, "%s: expected %s", phrase_tensor(fused, t).text,
                           fused == INPUT_B_QKV ? "a list of numbers" : "rows and columns");
    if (fused == INPUT_B_QKV && t->rank == 2) {
        t->rank = 1;
        t->shape[0] = t->shape[1];
    }
    const size_t width = t->shape[t->rank - 1], parts = f.heads + 2 * f.kv_heads;
    if (f.heads % f.kv_heads != 0 || width % parts != 0)
        return place_error(
            &t->place, s->error,
            "%s: its %zu columns cannot be shared equally by %zu heads of q and %zu of k and v each",
            phrase_tensor(fused, t).text, width, f.heads, f.kv_heads);
    f.d = width / parts;
    for (int part = 0; part < 3; part++)
        if (!take_part(s, fused, first + (enum input)part, &f, part))
            return false;
    tensor_free(t);
    *s->cut = true;
    return true;
}

/* Cuts w_qkv and its bias. */
static bool cut_both(const struct straight *s)
{
    const struct tensor *bias = &s->own->tensor[INPUT_B_QKV];
    if (bias->data && !s->own->tensor[INPUT_W_QKV].data)
        return place_error(&bias->place, s->error, "b_qkv needs w_qkv, which it belongs to");
    return cut(s, INPUT_W_QKV, INPUT_W_Q) && cut(s, INPUT_B_QKV, INPUT_B_Q);
}

static bool straighten(const struct straight *s)
{
    /* Beside weights that are given, projections are of no use. */
    if (s->own->tensor[INPUT_ATTENTION].data || s->inputs->all.tensor[INPUT_ATTENTION].data)
        return true;
    return turn_round(s) && cut_both(s) && join_axes_of_heads(s);
}

bool problem_straighten_projections(struct inputs *inputs, const struct settings *over, struct error *error)
{
    bool cut = false;
    struct straight s = {inputs, &inputs->all, over, error, &cut};
    const struct settings *layout = said(&s, SETTING_QKV_LAYOUT);
    if (!straighten(&s))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++) {
        s.own = &inputs->layers[l];
        if (!straighten(&s))
            return false;
    }
    if (layout && !cut && !inputs->all.tensor[INPUT_ATTENTION].data)
        return layout == over
                   ? error_set(error, ERROR_USAGE, "--qkv-layout needs --w-qkv")
                   : place_error(&layout->place[SETTING_QKV_LAYOUT], error, "qkv_layout needs w_qkv");
    return true;
}
