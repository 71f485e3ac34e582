#include "compute/stage.h"

#include <stddef.h>

/* What a number of a stage is of: a pair of query and key, a feature of a query, or a feature of a key. */
enum stage_of { STAGE_OF_PAIRS, STAGE_OF_QUERIES, STAGE_OF_KEYS };

#define COLUMNS(member) offsetof(struct problem, member)
static const struct stage_kind {
    enum stage_of of;
    enum stage_heads heads;
    size_t columns; /* where in struct problem their number stands */
} kinds[STAGE_COUNT] = {
    [STAGE_SCORES] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    [STAGE_SCALED] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    [STAGE_MASKED] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    [STAGE_WEIGHTS] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    [STAGE_OUTPUT] = {STAGE_OF_QUERIES, STAGE_HEADS_JOINT, COLUMNS(d_out)},
    [STAGE_Q] = {STAGE_OF_QUERIES, STAGE_HEADS_EACH, COLUMNS(d_k)},
    [STAGE_K] = {STAGE_OF_KEYS, STAGE_HEADS_KV, COLUMNS(d_key)},
    [STAGE_V] = {STAGE_OF_KEYS, STAGE_HEADS_KV, COLUMNS(d_v)},
    [STAGE_MASK] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    /* Of pairs where positions are added to the scores; stage_find has its heads and columns. */
    [STAGE_ENCODING] = {STAGE_OF_QUERIES, STAGE_HEADS_JOINT, 0},
    [STAGE_HEADS] = {STAGE_OF_QUERIES, STAGE_HEADS_EACH, COLUMNS(d_v)},
    [STAGE_CONTRIBUTION] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
    [STAGE_CONTRIBUTION_SHARE] = {STAGE_OF_PAIRS, STAGE_HEADS_EACH, COLUMNS(m)},
};
#undef COLUMNS

bool stage_is_keys(enum stage stage)
{
    return kinds[stage].of == STAGE_OF_KEYS;
}

/* Whether positions are added to the scores, by distance. */
static bool adds_by_distance(const struct problem_layer *layer)
{
    return layer->settings.position == POSITION_ALIBI || layer->settings.position == POSITION_RELATIVE;
}

bool stage_is_pairs(const struct problem *problem, const struct selection *selection, enum stage stage)
{
    bool has_distance = false;
    for (size_t l = 0; l < problem->layer_count; l++)
        has_distance =
            has_distance || (selection_has_layer(selection, l) && adds_by_distance(&problem->layers[l]));
    return kinds[stage].of == STAGE_OF_PAIRS || (stage == STAGE_ENCODING && has_distance);
}

size_t stage_encoding_columns(const struct problem_layer *layer, size_t m, bool *each)
{
    *each = adds_by_distance(layer);
    if (layer->settings.position == POSITION_SINUSOIDAL)
        return layer->q.x ? layer->q.x->shape[1] : 0;
    return *each ? m : layer->rotation.columns;
}

/* The same of all chosen layers, and 0 where these differ or one has none. */
static size_t encoding_common(const struct problem *p, const struct selection *selection, bool *each)
{
    size_t columns = 0;
    for (size_t l = 0; l < p->layer_count; l++) {
        bool own;
        size_t has = stage_encoding_columns(&p->layers[l], p->m, &own);
        if (!selection_has_layer(selection, l))
            continue;
        if (has == 0 || (columns > 0 && (has != columns || own != *each)))
            return 0;
        columns = has;
        *each = own;
    }
    return columns;
}

static bool stage_absent(enum stage stage, const char *why, struct error *error)
{
    return error_set(error, ERROR_INPUT, "there is no stage %s: %s", stage_names[stage], why);
}

/* Weights that were given drop a v that does not fit them, with a warning. */
static const char *lack_of_values(const struct problem *p)
{
    return p->layers[0].attention ? "the input has no v that fits the weights" : "the input has no v";
}

/* Why a problem that computes its weights has no contributions of keys; NULL: it has them. */
static const char *contribution_lack(const struct problem *p, const struct selection *selection)
{
    if (p->d_v == 0)
        return lack_of_values(p);
    for (size_t l = 0; l < p->layer_count; l++) {
        const struct tensor *const *extra = p->layers[l].extra;
        if (selection_has_layer(selection, l) && (extra[INPUT_GATE] || extra[INPUT_W_GATE]))
            return "a gate changes the values query by query";
    }
    return NULL;
}

bool stage_find(struct stage_shape *shape, enum stage stage, const struct problem *p,
                const struct selection *selection, struct error *error)
{
    const struct stage_kind *kind = &kinds[stage];
    const bool is_given = p->layers[0].attention;
    bool each = false;
    const bool is_of_values =
        stage == STAGE_V || stage == STAGE_OUTPUT || stage == STAGE_HEADS || stage_is_contribution(stage);
    if (is_given && stage != STAGE_WEIGHTS && stage != STAGE_MASK && !is_of_values)
        return stage_absent(stage, "the weights were given, no scores are computed", error);
    const char *lack = stage_is_contribution(stage) ? contribution_lack(p, selection) : NULL;
    if (lack)
        return stage_absent(stage, lack, error);
    if (settings_have(&p->layers[0].settings, SETTING_DIFFERENTIAL) && stage != STAGE_WEIGHTS &&
        stage != STAGE_MASK && !is_of_values)
        return stage_absent(stage, "of differential attention two heads make one, and have no stage of one",
                            error);
    size_t columns = stage == STAGE_ENCODING ? encoding_common(p, selection, &each)
                                             : *(const size_t *)((const char *)p + kind->columns);
    if (columns == 0)
        return stage_absent(
            stage,
            stage == STAGE_ENCODING
                ? "expected rotary, alibi, relative, or sinusoidal where embeddings come in (the first "
                  "layer of a stack), of one shape in all layers; --layer chooses some"
                : lack_of_values(p),
            error);
    const enum stage_heads whose = each ? STAGE_HEADS_EACH : kind->heads;
    *shape = (struct stage_shape){.whose = whose,
                                  .heads = whose == STAGE_HEADS_JOINT ? 1
                                           : whose == STAGE_HEADS_KV  ? p->kv_heads
                                                                      : p->heads,
                                  .rows = stage_is_keys(stage) ? p->m : p->n,
                                  .columns = columns,
                                  .is_pairs = stage_is_pairs(p, selection, stage)};
    return true;
}
