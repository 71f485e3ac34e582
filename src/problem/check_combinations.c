/* Which settings and tensors go together: pairs of which one needs the other, or excludes it. */
#include <stdio.h>
#include <string.h>

#include "base/source.h"
#include "base/words.h"
#include "problem/check.h"

/* A setting, a value of one, or a tensor, which may need another or exclude it. */
struct requirement {
    const struct check *check;
    bool set;
    bool off;                  /* given as its off value: --dropout 0 */
    bool command;              /* on the command line */
    const struct place *place; /* in a file */
    const char *key;           /* of JSON */
    const char *value;
    int value_length; /* 0: any value */
};

static struct requirement setting(const struct check *check, enum setting which)
{
    const struct settings *settings = check_settings(check);
    return (struct requirement){.check = check,
                                .set = settings_in_force(settings, which),
                                .off = settings_have(settings, which) && !settings_in_force(settings, which),
                                .command = settings_have(check->over, which),
                                .place = &settings->place[which],
                                .key = setting_kinds[which].name};
}

/* That a setting has a value, one of the words that it may be. */
static struct requirement word(const struct check *check, enum setting which, int value)
{
    struct requirement requirement = setting(check, which);
    requirement.set = settings_word(check_settings(check), which) == value;
    requirement.value = words_at(setting_kinds[which].words, value, &requirement.value_length);
    return requirement;
}

static struct requirement tensor(const struct check *check, enum input which)
{
    const struct tensor *found = check_find(check, which);
    return (struct requirement){.check = check,
                                .set = found,
                                .command = check->inputs->from_option[which] && !check_is_own(check, which),
                                .place = found ? &found->place : NULL,
                                .key = input_names[which]};
}

/* With its value: "position alibi". */
static struct phrase name_requirement(const struct requirement *requirement, bool command)
{
    struct phrase phrase = phrase_key(requirement->key, command);
    size_t length = strlen(phrase.text);
    if (requirement->value_length)
        snprintf(phrase.text + length, sizeof phrase.text - length, " %.*s", requirement->value_length,
                 requirement->value);
    return phrase;
}

/* "A SAYS B". `place` is that of a, NULL where a or b comes from the command line. Always false. */
static bool combine_error(const struct check *check, const struct place *place, const char *a,
                          const char *says, const char *b)
{
    char layer[40] = "";
    if (!place)
        return error_set(check->error, ERROR_USAGE, "%s %s %s", a, says, b);
    if (check->inputs->layer_count > 0)
        snprintf(layer, sizeof layer, "layer %zu: ", check_number(check));
    return place_error(place, check->error, "%s%s %s %s", layer, a, says, b);
}

static bool excludes(struct requirement a, struct requirement b)
{
    return !a.set || !b.set ||
           combine_error(a.check, a.command || b.command ? NULL : a.place,
                         name_requirement(&a, a.command).text, "cannot go with",
                         name_requirement(&b, b.command).text);
}

/* `a` needs at least one of b[0..count). No error if one of them was set to its off value, or if `a` comes
 * from a file and the command line switched the other off. */
static bool needs_any(struct requirement a, const struct requirement *b, size_t count)
{
    char names[256] = "";
    for (size_t i = 0, used = 0; i < count; i++) {
        if (b[i].set || b[i].off || (b[i].command && !a.command))
            return true;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 name_requirement(&b[i], a.command).text);
    }
    return !a.set || combine_error(a.check, a.command ? NULL : a.place, name_requirement(&a, a.command).text,
                                   "needs", names);
}

static bool needs(struct requirement a, struct requirement b)
{
    return needs_any(a, &b, 1);
}

/* Whether this layer shares a setting with the others: then any layer may have what the setting needs. */
static bool shares_setting(const struct check *check, enum setting which)
{
    const struct inputs *inputs = check->inputs;
    return inputs->layer_count > 0 && !settings_have(&inputs->layers[check->layer].settings, which);
}

/* Settings that modify another one and are an error without it: global, mask_true_blocks. */
static bool combine_modifiers(const struct check *check)
{
    struct requirement limits[] = {setting(check, SETTING_WINDOW), setting(check, SETTING_DILATION),
                                   setting(check, SETTING_BLOCK)};
    struct requirement masks[] = {tensor(check, INPUT_MASK), tensor(check, INPUT_KEY_MASK)};
    for (size_t l = 0; l < check->inputs->layer_count; l++) {
        const struct layer_inputs *layer = &check->inputs->layers[l];
        limits[0].set |=
            shares_setting(check, SETTING_GLOBAL) && (settings_have(&layer->settings, SETTING_WINDOW) ||
                                                      settings_have(&layer->settings, SETTING_DILATION) ||
                                                      settings_have(&layer->settings, SETTING_BLOCK));
        masks[0].set |= shares_setting(check, SETTING_MASK_TRUE_BLOCKS) &&
                        (layer->tensor[INPUT_MASK].data || layer->tensor[INPUT_KEY_MASK].data);
    }
    return needs_any(setting(check, SETTING_GLOBAL), limits, 3) &&
           needs_any(setting(check, SETTING_MASK_TRUE_BLOCKS), masks, 2);
}

static bool combine_scores(const struct check *check)
{
    struct requirement general = word(check, SETTING_SCORE, SCORE_GENERAL);
    struct requirement additive = word(check, SETTING_SCORE, SCORE_ADDITIVE);
    return needs(general, tensor(check, INPUT_W_SCORE)) && needs(additive, tensor(check, INPUT_V_SCORE)) &&
           needs(tensor(check, INPUT_W_SCORE), general) && needs(tensor(check, INPUT_V_SCORE), additive) &&
           needs(tensor(check, INPUT_W_SCORE_Q), additive) && needs(tensor(check, INPUT_W_SCORE_K), additive);
}

static bool combine_positions(const struct check *check)
{
    struct requirement sinusoidal = word(check, SETTING_POSITION, POSITION_SINUSOIDAL);
    struct requirement rotary = word(check, SETTING_POSITION, POSITION_ROTARY);
    struct requirement alibi = word(check, SETTING_POSITION, POSITION_ALIBI);
    struct requirement relative = word(check, SETTING_POSITION, POSITION_RELATIVE);
    rotary.set = rotary.set || check_settings(check)->position == POSITION_ROTARY_INTERLEAVED;
    const struct requirement with_base[] = {sinusoidal, rotary};
    const struct requirement any[] = {sinusoidal, rotary, alibi, relative};
    const enum setting of_rotary[] = {SETTING_ROTARY_DIM, SETTING_POSITION_SECTIONS, SETTING_ROPE_SCALING,
                                      SETTING_ATTENTION_FACTOR, SETTING_PAST_ROTATED};
    for (size_t i = 0; i < sizeof of_rotary / sizeof *of_rotary; i++)
        if (!needs(setting(check, of_rotary[i]), rotary))
            return false;
    return needs(tensor(check, INPUT_INV_FREQ), rotary) &&
           excludes(setting(check, SETTING_ROPE_SCALING), tensor(check, INPUT_INV_FREQ)) &&
           excludes(setting(check, SETTING_POSITION_BASE), tensor(check, INPUT_INV_FREQ)) &&
           excludes(setting(check, SETTING_ROPE_SCALING), setting(check, SETTING_ATTENTION_FACTOR)) &&
           needs(setting(check, SETTING_PAST_ROTATED), tensor(check, INPUT_PAST_K)) &&
           needs_any(tensor(check, INPUT_POSITIONS), any, 4) &&
           needs(tensor(check, INPUT_KEY_POSITIONS), tensor(check, INPUT_POSITIONS)) &&
           needs_any(setting(check, SETTING_POSITION_BASE), with_base, 2) &&
           needs(setting(check, SETTING_MAX_DISTANCE), relative) &&
           needs(tensor(check, INPUT_RELATIVE_BIAS), relative) &&
           needs(relative, tensor(check, INPUT_RELATIVE_BIAS)) && needs(tensor(check, INPUT_SLOPES), alibi) &&
           needs(sinusoidal, tensor(check, INPUT_EMBEDDINGS));
}

static bool combine_normalizers(const struct check *check)
{
    struct requirement linear = word(check, SETTING_NORMALIZER, NORMALIZER_LINEAR);
    struct requirement sparsemax = word(check, SETTING_NORMALIZER, NORMALIZER_SPARSEMAX);
    static const enum setting beside_linear[] = {SETTING_SCORE, SETTING_SCALE, SETTING_TEMPERATURE,
                                                 SETTING_SOFTCAP, SETTING_SINK};
    for (size_t i = 0; i < sizeof beside_linear / sizeof *beside_linear; i++)
        if (!excludes(linear, setting(check, beside_linear[i])))
            return false;
    return excludes(linear, tensor(check, INPUT_BIAS)) && excludes(linear, tensor(check, INPUT_SINKS)) &&
           excludes(linear, word(check, SETTING_POSITION, POSITION_ALIBI)) &&
           excludes(linear, word(check, SETTING_POSITION, POSITION_RELATIVE)) &&
           excludes(sparsemax, setting(check, SETTING_SINK)) &&
           excludes(sparsemax, tensor(check, INPUT_SINKS)) &&
           excludes(setting(check, SETTING_SINK), tensor(check, INPUT_SINKS)) &&
           needs(setting(check, SETTING_SEED), setting(check, SETTING_DROPOUT));
}

/* A Gaussian has a center and one width. */
static bool combine_gaussian(const struct check *check)
{
    struct requirement centers = tensor(check, INPUT_CENTERS), sigmas = tensor(check, INPUT_SIGMAS);
    struct requirement sigma = setting(check, SETTING_SIGMA);
    const struct requirement widths[] = {sigma, sigmas};
    return needs_any(centers, widths, 2) && needs(sigma, centers) && needs(sigmas, centers) &&
           excludes(sigma, sigmas);
}

/* Scores that are no distances or products cannot be filled up, and each key by itself has no sink. */
static bool combine_more_normalizers(const struct check *check)
{
    struct requirement linear = word(check, SETTING_NORMALIZER, NORMALIZER_LINEAR);
    static const int without_sink[] = {NORMALIZER_SIGMOID, NORMALIZER_ENTMAX15};
    for (size_t i = 0; i < sizeof without_sink / sizeof *without_sink; i++) {
        struct requirement normalizer = word(check, SETTING_NORMALIZER, without_sink[i]);
        if (!excludes(normalizer, setting(check, SETTING_SINK)) ||
            !excludes(normalizer, tensor(check, INPUT_SINKS)))
            return false;
    }
    return excludes(linear, setting(check, SETTING_MASK_FILL)) &&
           excludes(linear, tensor(check, INPUT_QUERY_SCALE));
}

/* Norms of q and k, and gates. Projections are straight by now. */
static bool combine_projections(const struct check *check)
{
    struct requirement gate = tensor(check, INPUT_GATE), w_gate = tensor(check, INPUT_W_GATE);
    const struct requirement norms[] = {tensor(check, INPUT_Q_NORM), tensor(check, INPUT_K_NORM)};
    return needs(w_gate, tensor(check, INPUT_EMBEDDINGS)) && excludes(w_gate, tensor(check, INPUT_Q)) &&
           excludes(gate, w_gate) && needs_any(setting(check, SETTING_QK_NORM_KIND), norms, 2) &&
           needs_any(setting(check, SETTING_QK_NORM_EPSILON), norms, 2);
}

/* Differential attention takes heads in pairs, whose q and k are compared as they are. */
static bool combine_differential(const struct check *check)
{
    struct requirement differential = setting(check, SETTING_DIFFERENTIAL);
    differential.set = settings_have(check_settings(check), SETTING_DIFFERENTIAL);
    return excludes(differential, word(check, SETTING_SCORE, SCORE_GENERAL)) &&
           excludes(differential, word(check, SETTING_SCORE, SCORE_ADDITIVE)) &&
           excludes(differential, word(check, SETTING_NORMALIZER, NORMALIZER_LINEAR)) &&
           excludes(differential, setting(check, SETTING_DROPOUT)) &&
           excludes(differential, setting(check, SETTING_RECURRENCE));
}

static bool combine_patterns(const struct check *check)
{
    const struct requirement tokens = {.check = check, .set = check->inputs->tokens.given, .key = "tokens"};
    return needs(setting(check, SETTING_PREFIX), setting(check, SETTING_CAUSAL)) &&
           combine_modifiers(check) && needs(setting(check, SETTING_SEPARATOR), tokens) &&
           needs(tensor(check, INPUT_BLOCK_MASK), setting(check, SETTING_BLOCK)) &&
           needs(tensor(check, INPUT_KEY_SEGMENTS), tensor(check, INPUT_SEGMENTS)) &&
           excludes(setting(check, SETTING_SEPARATOR), tensor(check, INPUT_SEGMENTS));
}

static bool combine_past(const struct check *check)
{
    struct requirement k = tensor(check, INPUT_PAST_K), v = tensor(check, INPUT_PAST_V);
    bool has_v =
        check_find(check, INPUT_V) || check_find(check, INPUT_EMBEDDINGS) || check_find(check, INPUT_CONTEXT);
    return (!has_v || needs(k, v)) && needs(v, k) && excludes(setting(check, SETTING_KEY_LENGTH), k) &&
           excludes(setting(check, SETTING_RECURRENCE), k);
}

static bool combine_recurrence(const struct check *check)
{
    static const enum setting others[] = {
        SETTING_SCORE,  SETTING_NORMALIZER, SETTING_SOFTCAP,   SETTING_TEMPERATURE,
        SETTING_CAUSAL, SETTING_WINDOW,     SETTING_PREFIX,    SETTING_DILATION,
        SETTING_BLOCK,  SETTING_GLOBAL,     SETTING_SEPARATOR, SETTING_KEY_LENGTH,
        SETTING_SINK,   SETTING_DROPOUT,    SETTING_TOP_K,     SETTING_MASK_FILL,
    };
    static const enum input masks[] = {INPUT_MASK,  INPUT_BIAS,        INPUT_SEGMENTS, INPUT_KEY_MASK,
                                       INPUT_SINKS, INPUT_QUERY_SCALE, INPUT_CENTERS,  INPUT_OR_MASK};
    struct requirement recurrence = setting(check, SETTING_RECURRENCE);
    struct requirement gated = word(check, SETTING_RECURRENCE, RECURRENCE_GATED);
    struct requirement delta = word(check, SETTING_RECURRENCE, RECURRENCE_DELTA);
    struct requirement both = word(check, SETTING_RECURRENCE, RECURRENCE_GATED_DELTA);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!excludes(recurrence, setting(check, others[i])))
            return false;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        if (!excludes(recurrence, tensor(check, masks[i])))
            return false;
    if (!needs(gated, tensor(check, INPUT_DECAY)) || !needs(both, tensor(check, INPUT_DECAY)) ||
        !needs(delta, tensor(check, INPUT_BETA)) || !needs(both, tensor(check, INPUT_BETA)))
        return false;
    gated.set = gated.set || both.set;
    delta.set = delta.set || both.set;
    return needs(tensor(check, INPUT_DECAY), gated) && needs(tensor(check, INPUT_BETA), delta) &&
           needs(tensor(check, INPUT_STATE), recurrence) &&
           excludes(recurrence, word(check, SETTING_POSITION, POSITION_ALIBI)) &&
           excludes(recurrence, word(check, SETTING_POSITION, POSITION_RELATIVE));
}

static bool combine_stack(const struct check *check)
{
    struct requirement norm = setting(check, SETTING_NORM), residual = setting(check, SETTING_RESIDUAL);
    struct requirement pre = word(check, SETTING_NORM, NORM_PRE);
    return needs(tensor(check, INPUT_NORM_WEIGHT), norm) && needs(tensor(check, INPUT_NORM_BIAS), norm) &&
           needs(residual, tensor(check, INPUT_EMBEDDINGS)) && needs(pre, tensor(check, INPUT_EMBEDDINGS)) &&
           excludes(residual, tensor(check, INPUT_Q)) && excludes(pre, tensor(check, INPUT_Q));
}

static bool combine_grid(const struct check *check)
{
    const struct requirement grid = {.check = check, .set = check->inputs->patch_grid[0] > 0, .key = "grid"};
    struct requirement axis = setting(check, SETTING_GRID_AXIS);
    return needs(setting(check, SETTING_GRID_OFFSET), grid) && needs(axis, grid);
}

bool check_combinations(const struct check *check)
{
    if (!combine_grid(check))
        return false;
    /* Beside weights that are given only masks are in force. */
    if (!combine_patterns(check) || check_find(check, INPUT_ATTENTION))
        return check->error->kind == ERROR_NONE;
    return combine_scores(check) && combine_positions(check) && combine_normalizers(check) &&
           combine_more_normalizers(check) && combine_gaussian(check) && combine_projections(check) &&
           combine_differential(check) && combine_recurrence(check) && combine_past(check) &&
           combine_stack(check);
}
