/* Which forms of attention go together. */
#include <stdio.h>
#include <string.h>

#include "base/source.h"
#include "base/words.h"
#include "problem/check.h"

/* Something that may have been asked for. */
struct requirement {
    bool set;
    bool off;                  /* said, but to be nothing: --dropout 0 */
    bool command;              /* on the command line */
    const struct place *place; /* in a file */
    const char *key;           /* of JSON */
    const char *value;
    int value_length; /* 0: whatever it is */
};

static struct requirement setting(const struct check *check, const struct settings *settings,
                                  enum setting which)
{
    return (struct requirement){.set = settings_in_force(settings, which),
                                .off = settings_have(settings, which) && !settings_in_force(settings, which),
                                .command = settings_have(check->over, which),
                                .place = &settings->place[which],
                                .key = setting_kinds[which].name};
}

/* That a setting which is `now` is `value`, of the words that it may be. */
static struct requirement word(const struct check *check, const struct settings *settings, enum setting which,
                               int now, int value)
{
    struct requirement requirement = setting(check, settings, which);
    requirement.set = now == value;
    requirement.value = words_at(setting_kinds[which].words, value, &requirement.value_length);
    return requirement;
}

static struct requirement tensor(const struct check *check, enum input which)
{
    const struct tensor *found = check_find(check, which);
    return (struct requirement){.set = found,
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

/* `place` is that of a, NULL where something came from the command line. */
static bool combination_error(const struct check *check, const struct place *place, const char *a,
                              const char *says, const char *b)
{
    char layer[40] = "";
    if (!place)
        return error_set(check->error, ERROR_USAGE, "%s %s %s", a, says, b);
    if (check->inputs->layer_count > 0)
        snprintf(layer, sizeof layer, "layer %zu: ", check->layer);
    return place_error(place, check->error, "%s%s %s %s", layer, a, says, b);
}

static bool apart(const struct check *check, struct requirement a, struct requirement b)
{
    return !a.set || !b.set ||
           combination_error(check, a.command || b.command ? NULL : a.place,
                             name_requirement(&a, a.command).text, "cannot go with",
                             name_requirement(&b, b.command).text);
}

/* Any of `count` will do. Where what it needs is at rest, so is `a`; and what a file has, where the command
 * line takes away what it needs. */
static bool needs_any(const struct check *check, struct requirement a, const struct requirement *b,
                      size_t count)
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
    return !a.set || combination_error(check, a.command ? NULL : a.place,
                                       name_requirement(&a, a.command).text, "needs", names);
}

static bool needs(const struct check *check, struct requirement a, struct requirement b)
{
    return needs_any(check, a, &b, 1);
}

/* Whether a setting is not this layer's own: then any layer may have what it needs. */
static bool is_shared(const struct check *check, enum setting which)
{
    const struct inputs *inputs = check->inputs;
    return inputs->layer_count > 0 && !settings_have(&inputs->layers[check->layer].settings, which);
}

/* What lifts or turns round something that it then needs. */
static bool check_shared(const struct check *j, const struct settings *s)
{
    struct requirement lifted[] = {setting(j, s, SETTING_WINDOW), setting(j, s, SETTING_DILATION),
                                   setting(j, s, SETTING_BLOCK)};
    struct requirement turned[] = {tensor(j, INPUT_MASK), tensor(j, INPUT_KEY_MASK)};
    for (size_t l = 0; l < j->inputs->layer_count; l++) {
        const struct layer_inputs *layer = &j->inputs->layers[l];
        lifted[0].set |= is_shared(j, SETTING_GLOBAL) && (settings_have(&layer->settings, SETTING_WINDOW) ||
                                                          settings_have(&layer->settings, SETTING_DILATION) ||
                                                          settings_have(&layer->settings, SETTING_BLOCK));
        turned[0].set |= is_shared(j, SETTING_MASK_TRUE_BLOCKS) &&
                         (layer->tensor[INPUT_MASK].data || layer->tensor[INPUT_KEY_MASK].data);
    }
    return needs_any(j, setting(j, s, SETTING_GLOBAL), lifted, 3) &&
           needs_any(j, setting(j, s, SETTING_MASK_TRUE_BLOCKS), turned, 2);
}

static bool combine_scores(const struct check *j, const struct settings *s)
{
    struct requirement general = word(j, s, SETTING_SCORE, s->score, SCORE_GENERAL);
    struct requirement additive = word(j, s, SETTING_SCORE, s->score, SCORE_ADDITIVE);
    return needs(j, general, tensor(j, INPUT_W_SCORE)) && needs(j, additive, tensor(j, INPUT_V_SCORE)) &&
           needs(j, tensor(j, INPUT_W_SCORE), general) && needs(j, tensor(j, INPUT_V_SCORE), additive) &&
           needs(j, tensor(j, INPUT_W_SCORE_Q), additive) && needs(j, tensor(j, INPUT_W_SCORE_K), additive);
}

static bool combine_positions(const struct check *j, const struct settings *s)
{
    struct requirement sinusoidal = word(j, s, SETTING_POSITION, s->position, POSITION_SINUSOIDAL);
    struct requirement rotary = word(j, s, SETTING_POSITION, s->position, POSITION_ROTARY);
    struct requirement alibi = word(j, s, SETTING_POSITION, s->position, POSITION_ALIBI);
    struct requirement relative = word(j, s, SETTING_POSITION, s->position, POSITION_RELATIVE);
    rotary.set = rotary.set || s->position == POSITION_ROTARY_INTERLEAVED;
    const struct requirement waves[] = {sinusoidal, rotary};
    return needs(j, setting(j, s, SETTING_ROTARY_DIM), rotary) &&
           needs_any(j, setting(j, s, SETTING_POSITION_BASE), waves, 2) &&
           needs(j, setting(j, s, SETTING_MAX_DISTANCE), relative) &&
           needs(j, tensor(j, INPUT_RELATIVE_BIAS), relative) &&
           needs(j, relative, tensor(j, INPUT_RELATIVE_BIAS)) && needs(j, tensor(j, INPUT_SLOPES), alibi) &&
           needs(j, sinusoidal, tensor(j, INPUT_EMBEDDINGS));
}

static bool combine_normalizers(const struct check *j, const struct settings *s)
{
    struct requirement linear = word(j, s, SETTING_NORMALIZER, s->normalizer, NORMALIZER_LINEAR);
    struct requirement sparsemax = word(j, s, SETTING_NORMALIZER, s->normalizer, NORMALIZER_SPARSEMAX);
    static const enum setting beside_linear[] = {SETTING_SCORE, SETTING_SCALE, SETTING_TEMPERATURE,
                                                 SETTING_SOFTCAP, SETTING_SINK};
    for (size_t i = 0; i < sizeof beside_linear / sizeof *beside_linear; i++)
        if (!apart(j, linear, setting(j, s, beside_linear[i])))
            return false;
    return apart(j, linear, tensor(j, INPUT_BIAS)) && apart(j, linear, tensor(j, INPUT_SINKS)) &&
           apart(j, linear, word(j, s, SETTING_POSITION, s->position, POSITION_ALIBI)) &&
           apart(j, linear, word(j, s, SETTING_POSITION, s->position, POSITION_RELATIVE)) &&
           apart(j, sparsemax, setting(j, s, SETTING_SINK)) && apart(j, sparsemax, tensor(j, INPUT_SINKS)) &&
           apart(j, setting(j, s, SETTING_SINK), tensor(j, INPUT_SINKS)) &&
           needs(j, setting(j, s, SETTING_SEED), setting(j, s, SETTING_DROPOUT));
}

static bool combine_patterns(const struct check *j, const struct settings *s)
{
    const struct requirement tokens = {.set = j->inputs->tokens.given, .key = "tokens"};
    return needs(j, setting(j, s, SETTING_PREFIX), setting(j, s, SETTING_CAUSAL)) && check_shared(j, s) &&
           needs(j, setting(j, s, SETTING_SEPARATOR), tokens) &&
           needs(j, tensor(j, INPUT_BLOCK_MASK), setting(j, s, SETTING_BLOCK)) &&
           needs(j, tensor(j, INPUT_KEY_SEGMENTS), tensor(j, INPUT_SEGMENTS)) &&
           apart(j, setting(j, s, SETTING_SEPARATOR), tensor(j, INPUT_SEGMENTS));
}

static bool combine_past(const struct check *j, const struct settings *s)
{
    struct requirement k = tensor(j, INPUT_PAST_K), v = tensor(j, INPUT_PAST_V);
    bool has_v = check_find(j, INPUT_V) || check_find(j, INPUT_EMBEDDINGS) || check_find(j, INPUT_CONTEXT);
    return (!has_v || needs(j, k, v)) && needs(j, v, k) && apart(j, setting(j, s, SETTING_KEY_LENGTH), k) &&
           apart(j, setting(j, s, SETTING_RECURRENCE), k);
}

static bool combine_recurrence(const struct check *j, const struct settings *s)
{
    static const enum setting others[] = {
        SETTING_SCORE,     SETTING_NORMALIZER, SETTING_SOFTCAP,  SETTING_TEMPERATURE, SETTING_CAUSAL,
        SETTING_WINDOW,    SETTING_PREFIX,     SETTING_DILATION, SETTING_BLOCK,       SETTING_GLOBAL,
        SETTING_SEPARATOR, SETTING_KEY_LENGTH, SETTING_SINK,     SETTING_DROPOUT,
    };
    static const enum input masks[] = {INPUT_MASK, INPUT_BIAS, INPUT_SEGMENTS, INPUT_KEY_MASK, INPUT_SINKS};
    struct requirement recurrence = setting(j, s, SETTING_RECURRENCE);
    struct requirement gated = word(j, s, SETTING_RECURRENCE, s->recurrence, RECURRENCE_GATED);
    struct requirement delta = word(j, s, SETTING_RECURRENCE, s->recurrence, RECURRENCE_DELTA);
    struct requirement both = word(j, s, SETTING_RECURRENCE, s->recurrence, RECURRENCE_GATED_DELTA);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!apart(j, recurrence, setting(j, s, others[i])))
            return false;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        if (!apart(j, recurrence, tensor(j, masks[i])))
            return false;
    if (!needs(j, gated, tensor(j, INPUT_DECAY)) || !needs(j, both, tensor(j, INPUT_DECAY)) ||
        !needs(j, delta, tensor(j, INPUT_BETA)) || !needs(j, both, tensor(j, INPUT_BETA)))
        return false;
    gated.set = gated.set || both.set;
    delta.set = delta.set || both.set;
    return needs(j, tensor(j, INPUT_DECAY), gated) && needs(j, tensor(j, INPUT_BETA), delta) &&
           needs(j, tensor(j, INPUT_STATE), recurrence) &&
           apart(j, recurrence, word(j, s, SETTING_POSITION, s->position, POSITION_ALIBI)) &&
           apart(j, recurrence, word(j, s, SETTING_POSITION, s->position, POSITION_RELATIVE));
}

static bool combine_stack(const struct check *j, const struct settings *s)
{
    struct requirement norm = setting(j, s, SETTING_NORM), residual = setting(j, s, SETTING_RESIDUAL);
    struct requirement pre = word(j, s, SETTING_NORM, s->norm, NORM_PRE);
    return needs(j, tensor(j, INPUT_NORM_WEIGHT), norm) && needs(j, tensor(j, INPUT_NORM_BIAS), norm) &&
           needs(j, residual, tensor(j, INPUT_EMBEDDINGS)) && needs(j, pre, tensor(j, INPUT_EMBEDDINGS)) &&
           apart(j, residual, tensor(j, INPUT_Q)) && apart(j, pre, tensor(j, INPUT_Q));
}

bool check_combination(const struct check *check, const struct settings *settings)
{
    /* Of weights that are given only what is masked is asked. */
    if (!combine_patterns(check, settings) || check_find(check, INPUT_ATTENTION))
        return check->error->kind == ERROR_NONE;
    return combine_scores(check, settings) && combine_positions(check, settings) &&
           combine_normalizers(check, settings) && combine_recurrence(check, settings) &&
           combine_past(check, settings) && combine_stack(check, settings);
}
