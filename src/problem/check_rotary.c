/* How rotary turns q and k: how many columns, how far each pair, by which axis of the positions. */
#include <math.h>
#include <stdio.h>

#include "attention/rope.h"
#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"
#include "problem/rope_setting.h"

static const struct rope_scaling *scaling_of(const struct problem_layer *layer)
{
    return &layer->settings.rope_scaling; /* zeroed where it was not given */
}

/* ---- what may be said inside and outside of rope_scaling ---- */

/* Whether a key of rope_scaling (`inside`: it was given) and the setting that means the same go together. If they are
 * not `same`, one of them must come from the command line, which wins. *from_scaling: the key holds. */
static bool settle(const struct check *check, enum setting which, bool inside, bool same, const char *key,
                   bool *from_scaling)
{
    const struct settings *settings = check_settings(check);
    const bool given = settings_have(settings, which);
    const bool command = settings_have(check->over, which),
               scaling_command = settings_have(check->over, SETTING_ROPE_SCALING);
    *from_scaling = inside && (!given || (scaling_command && !command));
    return !given || !inside || same || command != scaling_command ||
           value_error(check, which, "the same as %s in rope_scaling, or one of both", key);
}

bool check_base(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = &layer->settings;
    const double inside = scaling_of(layer)->rope_theta;
    bool from_scaling;
    if (!settle(check, SETTING_POSITION_BASE, inside > 0, settings->position_base == inside, "rope_theta",
                &from_scaling))
        return false;
    layer->position_base = from_scaling                                     ? inside
                           : settings_have(settings, SETTING_POSITION_BASE) ? settings->position_base
                                                                            : 10000;
    return true;
}

/* Sets the rotation's columns. */
static bool check_columns(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = &layer->settings;
    const size_t d_k = check->problem->d_k, d_key = check->problem->d_key;
    const double share = scaling_of(layer)->partial_rotary_factor;
    const size_t inside = (size_t)(share * (double)d_k);
    bool from_scaling;
    if (share > 0 && inside == 0)
        return value_error(check, SETTING_ROPE_SCALING,
                           "a partial_rotary_factor that is two columns of %zu or more, not %g", d_k, share);
    if (!settle(check, SETTING_ROTARY_DIM, share > 0, settings->rotary_dim == inside, "partial_rotary_factor",
                &from_scaling))
        return false;
    const bool given = settings_have(settings, SETTING_ROTARY_DIM) && !from_scaling;
    const size_t columns = given ? settings->rotary_dim : from_scaling ? inside : d_k;
    const enum setting which = given          ? SETTING_ROTARY_DIM
                               : from_scaling ? SETTING_ROPE_SCALING
                                              : SETTING_POSITION;
    if (columns % 2 != 0)
        return value_error(check, which, "an even number of columns to turn in pairs, not %zu", columns);
    if (columns > d_k)
        return value_error(check, which, "no more columns than d_k, %zu", d_k);
    if (columns > d_key)
        return value_error(check, which, "no more columns than a key has, %zu, not %zu", d_key, columns);
    layer->rotation.columns = columns;
    return true;
}

/* ---- axes ---- */

/* Whether the sections of the setting and those of rope_scaling are the same. */
static bool sections_agree(const struct problem_layer *layer)
{
    const struct positions *given = &layer->settings.position_sections;
    const struct rope_scaling *scaling = scaling_of(layer);
    for (size_t s = 0; s < given->count && s < scaling->section_count; s++)
        if ((double)given->at[s] != scaling->mrope_section[s])
            return false;
    return given->count == scaling->section_count;
}

/* The sections, from the setting or from rope_scaling, which may differ as settle has it. No section: there are none
 * to cut by. */
static bool find_sections(const struct check *check, const struct problem_layer *layer,
                          struct positions *sections, enum setting *from)
{
    const struct rope_scaling *scaling = scaling_of(layer);
    bool from_scaling;
    if (!settle(check, SETTING_POSITION_SECTIONS, scaling->section_count > 0, sections_agree(layer),
                "mrope_section", &from_scaling))
        return false;
    *from = from_scaling ? SETTING_ROPE_SCALING : SETTING_POSITION_SECTIONS;
    *sections = layer->settings.position_sections;
    for (size_t s = 0; from_scaling && s < scaling->section_count; s++)
        sections->at[s] = (size_t)scaling->mrope_section[s];
    sections->count = from_scaling ? scaling->section_count : sections->count;
    return true;
}

/* Gives every pair the axis of its section. */
static bool make_sections(const struct check *check, struct problem_layer *layer, const size_t *sections,
                          size_t count, enum setting from)
{
    const size_t axes = layer->query_at.axes, pairs = layer->rotation.columns / 2;
    size_t sum = 0;
    for (size_t s = 0; s < count; s++)
        sum += sections[s];
    if (sum != pairs)
        return value_error(check, from, "sections of %zu pairs together, half of the %zu rotated columns",
                           pairs, 2 * pairs);
    if (axes > 1 && axes != count)
        return value_error(check, from, "a section for each of the %zu axes of positions, not %zu", axes,
                           count);
    uint8_t *axis = layer->rotary_axis = memory_zeroed(pairs, 1, check->error);
    if (!axis)
        return false;
    size_t t = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t end = t + sections[s]; t < end; t++)
            axis[t] = (uint8_t)s;
    layer->rotation.axis = axis;
    return true;
}

/* Without sections every axis has a part of the columns, which is turned as a head of its own. */
static bool make_parts(const struct check *check, struct problem_layer *layer)
{
    const size_t axes = layer->query_at.axes, columns = layer->rotation.columns;
    const struct tensor *t = check_find(check, INPUT_POSITIONS);
    if (columns % (2 * axes) != 0)
        return place_error(
            &t->place, check->error,
            "%s: the %zu rotated columns cannot be cut into pairs for %zu axes alike: expected "
            "position_sections",
            phrase_tensor(INPUT_POSITIONS, t).text, columns, axes);
    uint8_t *axis = layer->rotary_axis = memory_zeroed(columns / 2, 1, check->error);
    if (!axis)
        return false;
    for (size_t i = 0; i < columns / 2; i++)
        axis[i] = (uint8_t)(i / (columns / 2 / axes));
    layer->rotation.axis = axis;
    layer->rotation.parts = axes;
    return true;
}

static bool check_axes_of_pairs(const struct check *check, struct problem_layer *layer)
{
    struct positions sections;
    enum setting from;
    if (!find_sections(check, layer, &sections, &from))
        return false;
    if (sections.count > 0)
        return make_sections(check, layer, sections.at, sections.count, from);
    return layer->query_at.axes <= 1 || make_parts(check, layer);
}

/* ---- frequencies ---- */

/* The largest position of a query or key. */
static double largest_position(const struct check *check, const struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    double most = layer->key_at.given ? -INFINITY : (double)p->m - 1;
    if (!layer->query_at.given)
        most = fmax(most, (double)(layer->offset + (int64_t)p->n - 1));
    for (enum input i = INPUT_POSITIONS; i <= INPUT_KEY_POSITIONS; i++) {
        const struct tensor *t = layer->extra[i];
        for (size_t j = 0; t && j < tensor_count(t); j++)
            most = fmax(most, (double)t->data[j]);
    }
    return most;
}

/* Whether rope_scaling has what its type needs for heads of `width` columns. */
static bool check_needs(const struct check *check, const struct problem_layer *layer, size_t width)
{
    const struct rope_scaling *s = scaling_of(layer);
    const enum setting which = SETTING_ROPE_SCALING;
    const char *type = rope_type_name(s);
    const bool by_ratio = s->type == ROPE_YARN || s->type == ROPE_LONGROPE;
    size_t at = 0;
    const char *unused = rope_unused_key(s, &at);
    if (s->type == ROPE_UNSAID && unused)
        return value_error(check, which, "a rope_type beside %s", unused);
    if (s->type <= ROPE_DEFAULT)
        return true;
    if (!(rope_stretch(s) > 0) && !(s->type == ROPE_LONGROPE && s->attention_factor > 0))
        return value_error(check, which, "a factor, for %s%s", type,
                           by_ratio ? ", or both max_position_embeddings and original_max_position_embeddings"
                                    : "");
    if (s->type != ROPE_LINEAR && !(rope_trained_length(s) > 0))
        return value_error(
            check, which, "%s, for %s",
            s->type == ROPE_DYNAMIC ? "max_position_embeddings" : "original_max_position_embeddings", type);
    if (s->type == ROPE_LLAMA3 && (!(s->low_freq_factor > 0) || !(s->high_freq_factor > s->low_freq_factor)))
        return value_error(check, which, "low_freq_factor, and a larger high_freq_factor, for llama3");
    if (s->type == ROPE_YARN && !(layer->position_base > 1))
        return value_error(check, which, "a base above 1, for yarn, not %g", layer->position_base);
    if (s->type == ROPE_YARN &&
        (s->beta_fast > 0 ? s->beta_fast : 32) < (s->beta_slow > 0 ? s->beta_slow : 1))
        return value_error(check, which, "a beta_fast (32) of at least beta_slow (1)");
    if (s->type == ROPE_LONGROPE && (s->short_count != width / 2 || s->long_count != width / 2))
        return value_error(check, which,
                           "%zu numbers in short_factor and in long_factor, one a pair, not %zu "
                           "and %zu",
                           width / 2, s->short_count, s->long_count);
    if (s->type == ROPE_LONGROPE && !(s->attention_factor > 0) && rope_stretch(s) > 1 &&
        !(rope_trained_length(s) > 1))
        return value_error(check, which, "an original_max_position_embeddings above 1, for longrope");
    return true;
}

/* Warns of keys that the type does without; once, not for each layer. */
static void warn_unused_keys(const struct check *check, const struct problem_layer *layer)
{
    const struct settings *settings = &layer->settings;
    const struct rope_scaling *scaling = scaling_of(layer);
    if (check->layer > 0 &&
        settings_same(&check->problem->layers[check->layer - 1].settings, settings, SETTING_ROPE_SCALING))
        return;
    const struct place *place = &settings->place[SETTING_ROPE_SCALING];
    size_t at = 0;
    for (const char *key; (key = rope_unused_key(scaling, &at));)
        warnings_add(check->warnings, "%s%srope_scaling: %s is not used: %s does without it",
                     place->file ? place->file : "", place->file ? ": " : "", key, rope_type_name(scaling));
}

/* The frequencies that are given: one for each pair, or for each pair of a part. */
static bool take_frequencies(const struct check *check, struct problem_layer *layer)
{
    const struct tensor *given = layer->extra[INPUT_INV_FREQ];
    const size_t pairs = layer->rotation.columns / 2, own = pairs / layer->rotation.parts;
    const size_t count = tensor_count(given);
    if (count != pairs && count != own)
        return count_error(check, INPUT_INV_FREQ, "half of the rotated columns (rotary_dim),", pairs);
    if (!check_vector(check, INPUT_INV_FREQ, count, INPUT_COUNT))
        return false;
    for (size_t t = 0; t < pairs; t++) {
        layer->rotary_turn[t] = (double)given->data[t % count];
        if (!isfinite(layer->rotary_turn[t]))
            return place_error(&given->place, check->error,
                               "inv_freq is %g at [%zu]: expected finite numbers", layer->rotary_turn[t],
                               t % count);
    }
    return true;
}

static bool make_turns(const struct check *check, struct problem_layer *layer)
{
    struct rotation *rotation = &layer->rotation;
    const size_t pairs = rotation->columns / 2, width = rotation->columns / rotation->parts;
    layer->rotary_turn = memory_zeroed(pairs, sizeof *layer->rotary_turn, check->error);
    rotation->turn = layer->rotary_turn;
    if (!layer->rotary_turn)
        return false;
    if (layer->extra[INPUT_INV_FREQ])
        return take_frequencies(check, layer);
    if (!check_needs(check, layer, width))
        return false;
    warn_unused_keys(check, layer);
    rope_turns(layer->rotary_turn, width, layer->position_base, scaling_of(layer),
               largest_position(check, layer) + 1);
    for (size_t t = width / 2; t < pairs; t++)
        layer->rotary_turn[t] = layer->rotary_turn[t - width / 2];
    return true;
}

bool check_rotary(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = &layer->settings;
    layer->rotation = (struct rotation){
        .layout = settings->position == POSITION_ROTARY ? ROTARY_HALVES : ROTARY_INTERLEAVED,
        .parts = 1,
    };
    if (!check_columns(check, layer) || !check_axes_of_pairs(check, layer) || !make_turns(check, layer))
        return false;
    layer->rotation.factor = settings_have(settings, SETTING_ATTENTION_FACTOR)
                                 ? settings->attention_factor
                                 : rope_attention_factor(scaling_of(layer));
    return true;
}
