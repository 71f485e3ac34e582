/*
 * Which settings and tensors go together. The rules are the rows of two tables, in the order in which they are asked: what
 * stands first in a row needs one of those behind it, or excludes them all.
 */
#include <stdio.h>
#include <string.h>

#include "base/source.h"
#include "base/words.h"
#include "problem/check.h"
#include "problem/setting_kinds.h"

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

/* ---- the tables ---- */

enum subject_kind {
    SUBJECT_NONE,
    SUBJECT_SETTING,
    SUBJECT_WORD,
    SUBJECT_TENSOR,
    SUBJECT_TOKENS,
    SUBJECT_GRID,
    SUBJECT_PAST_KEYS /* the tensor past_k, where there are values */
};

/* What a row is about. */
struct subject {
    enum subject_kind kind;
    int which; /* a setting or an input */
    int value; /* of a word */
    int other; /* a value of the word that counts as well; 0: none does */
};

/* NEEDS_ANYWHERE: where layers share the setting, any of them may have what it needs. */
enum relation { NEEDS, NEEDS_ANYWHERE, EXCLUDES };

/* `of` ends at its length or with SUBJECT_NONE. */
struct combination {
    struct subject subject;
    enum relation relation;
    struct subject of[8];
};

#define SETTING(name)                                                                                        \
    {                                                                                                        \
        SUBJECT_SETTING, SETTING_##name, 0, 0                                                                \
    }
#define TENSOR(name)                                                                                         \
    {                                                                                                        \
        SUBJECT_TENSOR, INPUT_##name, 0, 0                                                                   \
    }
#define WORD(setting, value)                                                                                 \
    {                                                                                                        \
        SUBJECT_WORD, SETTING_##setting, setting##_##value, 0                                                \
    }
#define EITHER(setting, value, other)                                                                        \
    {                                                                                                        \
        SUBJECT_WORD, SETTING_##setting, setting##_##value, setting##_##other                                \
    }
#define ROTARY EITHER(POSITION, ROTARY, ROTARY_INTERLEAVED)
#define TOKENS                                                                                               \
    {                                                                                                        \
        SUBJECT_TOKENS, 0, 0, 0                                                                              \
    }
#define PAST_KEYS                                                                                            \
    {                                                                                                        \
        SUBJECT_PAST_KEYS, 0, 0, 0                                                                           \
    }
#define GRID                                                                                                 \
    {                                                                                                        \
        SUBJECT_GRID, 0, 0, 0                                                                                \
    }

/* Masks, which are in force beside weights that are given too, and grids. */
static const struct combination of_masks[] = {
    {SETTING(GRID_OFFSET), NEEDS, {GRID}},
    {SETTING(GRID_AXIS), NEEDS, {GRID}},
    {SETTING(PREFIX), NEEDS, {SETTING(CAUSAL)}},
    /* Those that modify another one. */
    {SETTING(GLOBAL), NEEDS_ANYWHERE, {SETTING(WINDOW), SETTING(DILATION), SETTING(BLOCK)}},
    {SETTING(MASK_TRUE_BLOCKS), NEEDS_ANYWHERE, {TENSOR(MASK), TENSOR(KEY_MASK)}},
    {SETTING(SEPARATOR), NEEDS, {TOKENS}},
    {TENSOR(BLOCK_MASK), NEEDS, {SETTING(BLOCK)}},
    {TENSOR(KEY_SEGMENTS), NEEDS, {TENSOR(SEGMENTS)}},
    {SETTING(SEPARATOR), EXCLUDES, {TENSOR(SEGMENTS)}},
};

/* What weights are computed from, and what else goes beside them. */
static const struct combination of_weights[] = {
    {WORD(SCORE, GENERAL), NEEDS, {TENSOR(W_SCORE)}},
    {WORD(SCORE, ADDITIVE), NEEDS, {TENSOR(V_SCORE)}},
    {TENSOR(W_SCORE), NEEDS, {WORD(SCORE, GENERAL)}},
    {TENSOR(V_SCORE), NEEDS, {WORD(SCORE, ADDITIVE)}},
    {TENSOR(W_SCORE_Q), NEEDS, {WORD(SCORE, ADDITIVE)}},
    {TENSOR(W_SCORE_K), NEEDS, {WORD(SCORE, ADDITIVE)}},

    {SETTING(ROTARY_DIM), NEEDS, {ROTARY}},
    {SETTING(POSITION_SECTIONS), NEEDS, {ROTARY}},
    {SETTING(ROPE_SCALING), NEEDS, {ROTARY}},
    {SETTING(ATTENTION_FACTOR), NEEDS, {ROTARY}},
    {SETTING(PAST_ROTATED), NEEDS, {ROTARY}},
    {TENSOR(INV_FREQ), NEEDS, {ROTARY}},
    {SETTING(ROPE_SCALING), EXCLUDES, {TENSOR(INV_FREQ)}},
    {SETTING(POSITION_BASE), EXCLUDES, {TENSOR(INV_FREQ)}},
    {SETTING(ROPE_SCALING), EXCLUDES, {SETTING(ATTENTION_FACTOR)}},
    {SETTING(PAST_ROTATED), NEEDS, {TENSOR(PAST_K)}},
    {TENSOR(POSITIONS),
     NEEDS,
     {WORD(POSITION, SINUSOIDAL), ROTARY, WORD(POSITION, ALIBI), WORD(POSITION, RELATIVE)}},
    {TENSOR(KEY_POSITIONS), NEEDS, {TENSOR(POSITIONS)}},
    {SETTING(POSITION_BASE), NEEDS, {WORD(POSITION, SINUSOIDAL), ROTARY}},
    {SETTING(MAX_DISTANCE), NEEDS, {WORD(POSITION, RELATIVE)}},
    {TENSOR(RELATIVE_BIAS), NEEDS, {WORD(POSITION, RELATIVE)}},
    {WORD(POSITION, RELATIVE), NEEDS, {TENSOR(RELATIVE_BIAS)}},
    {TENSOR(SLOPES), NEEDS, {WORD(POSITION, ALIBI)}},
    {WORD(POSITION, SINUSOIDAL), NEEDS, {TENSOR(EMBEDDINGS)}},

    {WORD(NORMALIZER, LINEAR),
     EXCLUDES,
     {SETTING(SCORE), SETTING(SCALE), SETTING(TEMPERATURE), SETTING(SOFTCAP), SETTING(SINK), TENSOR(BIAS),
      TENSOR(SINKS)}},
    {WORD(NORMALIZER, LINEAR), EXCLUDES, {WORD(POSITION, ALIBI), WORD(POSITION, RELATIVE)}},
    {WORD(NORMALIZER, SPARSEMAX), EXCLUDES, {SETTING(SINK), TENSOR(SINKS)}},
    {SETTING(SINK), EXCLUDES, {TENSOR(SINKS)}},
    {SETTING(SEED), NEEDS, {SETTING(DROPOUT)}},
    /* Each key by itself has no sink. */
    {WORD(NORMALIZER, SIGMOID), EXCLUDES, {SETTING(SINK), TENSOR(SINKS)}},
    {WORD(NORMALIZER, ENTMAX15), EXCLUDES, {SETTING(SINK), TENSOR(SINKS)}},
    /* Scores that are no distances or products cannot be filled up. */
    {WORD(NORMALIZER, LINEAR), EXCLUDES, {SETTING(MASK_FILL), TENSOR(QUERY_SCALE)}},

    /* A Gaussian has a center and one width. */
    {TENSOR(CENTERS), NEEDS, {SETTING(SIGMA), TENSOR(SIGMAS)}},
    {SETTING(SIGMA), NEEDS, {TENSOR(CENTERS)}},
    {TENSOR(SIGMAS), NEEDS, {TENSOR(CENTERS)}},
    {SETTING(SIGMA), EXCLUDES, {TENSOR(SIGMAS)}},

    /* Norms of q and k, and gates. Projections are straight by now. */
    {TENSOR(W_GATE), NEEDS, {TENSOR(EMBEDDINGS)}},
    {TENSOR(W_GATE), EXCLUDES, {TENSOR(Q)}},
    {TENSOR(GATE), EXCLUDES, {TENSOR(W_GATE)}},
    {SETTING(QK_NORM_KIND), NEEDS, {TENSOR(Q_NORM), TENSOR(K_NORM)}},
    {SETTING(QK_NORM_EPSILON), NEEDS, {TENSOR(Q_NORM), TENSOR(K_NORM)}},

    /* Differential attention takes heads in pairs, whose q and k are compared as they are. */
    {SETTING(DIFFERENTIAL),
     EXCLUDES,
     {WORD(SCORE, GENERAL), WORD(SCORE, ADDITIVE), WORD(NORMALIZER, LINEAR), SETTING(DROPOUT),
      SETTING(RECURRENCE)}},

    {SETTING(RECURRENCE),
     EXCLUDES,
     {SETTING(SCORE), SETTING(NORMALIZER), SETTING(SOFTCAP), SETTING(TEMPERATURE), SETTING(CAUSAL),
      SETTING(WINDOW), SETTING(PREFIX), SETTING(DILATION)}},
    {SETTING(RECURRENCE),
     EXCLUDES,
     {SETTING(BLOCK), SETTING(GLOBAL), SETTING(SEPARATOR), SETTING(KEY_LENGTH), SETTING(SINK),
      SETTING(DROPOUT), SETTING(TOP_K), SETTING(MASK_FILL)}},
    {SETTING(RECURRENCE),
     EXCLUDES,
     {TENSOR(MASK), TENSOR(BIAS), TENSOR(SEGMENTS), TENSOR(KEY_MASK), TENSOR(SINKS), TENSOR(QUERY_SCALE),
      TENSOR(CENTERS), TENSOR(OR_MASK)}},
    {WORD(RECURRENCE, GATED), NEEDS, {TENSOR(DECAY)}},
    {WORD(RECURRENCE, GATED_DELTA), NEEDS, {TENSOR(DECAY)}},
    {WORD(RECURRENCE, DELTA), NEEDS, {TENSOR(BETA)}},
    {WORD(RECURRENCE, GATED_DELTA), NEEDS, {TENSOR(BETA)}},
    {TENSOR(DECAY), NEEDS, {EITHER(RECURRENCE, GATED, GATED_DELTA)}},
    {TENSOR(BETA), NEEDS, {EITHER(RECURRENCE, DELTA, GATED_DELTA)}},
    {TENSOR(STATE), NEEDS, {SETTING(RECURRENCE)}},
    {SETTING(RECURRENCE), EXCLUDES, {WORD(POSITION, ALIBI), WORD(POSITION, RELATIVE)}},

    {PAST_KEYS, NEEDS, {TENSOR(PAST_V)}},
    {TENSOR(PAST_V), NEEDS, {TENSOR(PAST_K)}},
    {SETTING(KEY_LENGTH), EXCLUDES, {TENSOR(PAST_K)}},
    {SETTING(RECURRENCE), EXCLUDES, {TENSOR(PAST_K)}},

    {TENSOR(NORM_WEIGHT), NEEDS, {SETTING(NORM)}},
    {TENSOR(NORM_BIAS), NEEDS, {SETTING(NORM)}},
    {SETTING(RESIDUAL), NEEDS, {TENSOR(EMBEDDINGS)}},
    {WORD(NORM, PRE), NEEDS, {TENSOR(EMBEDDINGS)}},
    {SETTING(RESIDUAL), EXCLUDES, {TENSOR(Q)}},
    {WORD(NORM, PRE), EXCLUDES, {TENSOR(Q)}},
};

/* ---- the checks ---- */

enum { COMBINED_MOST = sizeof of_masks[0].of / sizeof of_masks[0].of[0] };

static struct requirement subject_find(const struct check *check, const struct subject *subject)
{
    struct requirement found;
    switch (subject->kind) {
    case SUBJECT_TENSOR:
        return tensor(check, (enum input)subject->which);
    case SUBJECT_WORD:
        found = word(check, (enum setting)subject->which, subject->value);
        if (subject->other)
            found.set |= settings_word(check_settings(check), (enum setting)subject->which) == subject->other;
        return found;
    case SUBJECT_TOKENS:
        return (struct requirement){.check = check, .set = check->inputs->tokens.given, .key = "tokens"};
    case SUBJECT_PAST_KEYS:
        found = tensor(check, INPUT_PAST_K);
        found.set = found.set && (check_find(check, INPUT_V) || check_find(check, INPUT_EMBEDDINGS) ||
                                  check_find(check, INPUT_CONTEXT));
        return found;
    case SUBJECT_GRID:
        return (struct requirement){.check = check, .set = check->inputs->patch_grid[0] > 0, .key = "grid"};
    default:
        return setting(check, (enum setting)subject->which);
    }
}

/* Whether this layer shares the setting of a row with the others, of which one has what it needs. */
static bool is_met_elsewhere(const struct check *check, const struct combination *row)
{
    const struct inputs *inputs = check->inputs;
    if (row->relation != NEEDS_ANYWHERE || inputs->layer_count == 0 ||
        settings_have(&inputs->layers[check->layer].settings, (enum setting)row->subject.which))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++)
        for (size_t i = 0; i < COMBINED_MOST && row->of[i].kind; i++) {
            const struct subject *of = &row->of[i];
            if (of->kind == SUBJECT_TENSOR
                    ? inputs->layers[l].tensor[of->which].data != NULL
                    : settings_have(&inputs->layers[l].settings, (enum setting)of->which))
                return true;
        }
    return false;
}

static bool check_rows(const struct check *check, const struct combination *rows, size_t count)
{
    for (size_t r = 0; r < count; r++) {
        const struct requirement a = subject_find(check, &rows[r].subject);
        struct requirement of[COMBINED_MOST];
        size_t others = 0;
        for (; others < COMBINED_MOST && rows[r].of[others].kind; others++)
            of[others] = subject_find(check, &rows[r].of[others]);
        if (rows[r].relation != EXCLUDES && !is_met_elsewhere(check, &rows[r]) && !needs_any(a, of, others))
            return false;
        for (size_t i = 0; rows[r].relation == EXCLUDES && i < others; i++)
            if (!excludes(a, of[i]))
                return false;
    }
    return true;
}
#define CHECK_ROWS(check, rows) check_rows(check, rows, sizeof(rows) / sizeof *(rows))

bool check_combinations(const struct check *check)
{
    return CHECK_ROWS(check, of_masks) &&
           (check_find(check, INPUT_ATTENTION) || CHECK_ROWS(check, of_weights));
}
