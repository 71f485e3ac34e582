/* The positions of a layer's tokens, and what sinusoidal, ALiBi and relative make of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/position.h"
#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"

/* Positions up to here, and distances of them, are exact in float32 where they are whole. */
static const float furthest_position = 1 << 24;

/* ---- positions that are given ---- */

static void trim_positions(struct layer_inputs *layer)
{
    for (enum input i = INPUT_POSITIONS; i <= INPUT_KEY_POSITIONS; i++) {
        struct tensor *t = &layer->tensor[i];
        if (!t->data || t->rank != 3 || (t->shape[0] != 1 && t->shape[1] != 1))
            continue;
        t->shape[0] = t->shape[0] == 1 ? t->shape[1] : t->shape[0];
        t->shape[1] = t->shape[2];
        t->rank = 2;
    }
}

void problem_trim_positions(struct inputs *inputs)
{
    trim_positions(&inputs->all);
    for (size_t l = 0; l < inputs->layer_count; l++)
        trim_positions(&inputs->layers[l]);
}

/* A tensor of positions as a list, and the number of tokens that it has. A column of `tokens` numbers is a list
 * too, but for 0 tokens. */
static size_t list_of(const struct tensor *t, size_t tokens, struct position_list *list)
{
    const bool column = t->rank == 2 && t->shape[1] == 1 && t->shape[0] == tokens;
    const size_t axes = t->rank == 2 && !column ? t->shape[0] : 1, count = tensor_count(t) / axes;
    *list = (struct position_list){.given = t->data, .axes = axes, .axis_step = count};
    return count;
}

/* Whether all positions are finite, and none is out of reach. */
static bool check_numbers(const struct check *check, enum input which)
{
    const struct tensor *t = check_find(check, which);
    for (size_t i = 0; t && i < tensor_count(t); i++)
        if (!(fabsf(t->data[i]) <= furthest_position))
            return place_error(&t->place, check->error,
                               "%s is %g at [%zu]: expected numbers from -16777216 to 16777216",
                               input_names[which], (double)t->data[i], i);
    return true;
}

/* Whether there are as many axes as the position encoding can take. */
static bool check_axes(const struct check *check, enum input which, size_t axes)
{
    const struct tensor *t = check_find(check, which);
    const int position = check_settings(check)->position;
    if (axes > 1 && position != POSITION_ROTARY && position != POSITION_ROTARY_INTERLEAVED)
        return place_error(&t->place, check->error,
                           "%s: expected one axis, a position a token; several are for position rotary",
                           phrase_tensor(which, t).text);
    if (axes > ROPE_AXES_MAX)
        return place_error(&t->place, check->error, "%s: expected at most %d axes",
                           phrase_tensor(which, t).text, ROPE_AXES_MAX);
    return true;
}

/* Says that the positions of the queries leave those of the past open. Always false. */
static bool past_error(const struct check *check)
{
    const size_t m = check->problem->m;
    const struct tensor *t = check_find(check, INPUT_POSITIONS);
    return place_error(&t->place, check->error,
                       "%s, and keys of the past need some too: expected %zu numbers, or key_positions",
                       phrase_tensor(INPUT_POSITIONS, t).text, m);
}

/* The positions of the keys from row `from` on, where `of_queries` has `count` numbers an axis. */
static bool find_key_positions(const struct check *check, struct problem_layer *layer, size_t from,
                               const struct position_list *of_queries, size_t count)
{
    const struct problem *p = check->problem;
    const struct tensor *keys = layer->extra[INPUT_KEY_POSITIONS];
    const size_t past = layer->k.past_rows;
    layer->key_at = (struct position_list){.first = (int64_t)from};
    if (keys) {
        struct position_list list;
        if (list_of(keys, p->m, &list) != p->m)
            return count_error(check, INPUT_KEY_POSITIONS, "a number for each key,", p->m);
        if (list.axes != of_queries->axes)
            return count_error(check, INPUT_KEY_POSITIONS, "as many axes as positions has,",
                               of_queries->axes);
        layer->key_at = position_skip(list, from);
    } else if (count == p->m) {
        layer->key_at = position_skip(*of_queries, from);
    } else if (past > 0 && layer->settings.position != POSITION_SINUSOIDAL) {
        /* New keys are of the tokens that the queries are of. */
        if (from != past || p->m - past != p->n)
            return past_error(check);
        layer->key_at = *of_queries;
    }
    return true;
}

/* "positions is 3 numbers: expected …". Always false. */
static bool positions_error(const struct check *check, bool for_keys)
{
    const struct problem *p = check->problem;
    const struct tensor *t = check_find(check, INPUT_POSITIONS);
    if (!for_keys || p->m == p->n)
        return count_error(check, INPUT_POSITIONS, "a number for each query,", p->n);
    return place_error(&t->place, check->error, "%s: expected %zu numbers, one a query, or %zu, one a key",
                       phrase_tensor(INPUT_POSITIONS, t).text, p->n, p->m);
}

/* Sets query_at and key_at to the positions that are given, or else to places. Those of the keys begin at row
 * `from`. */
static bool find_positions(const struct check *check, struct problem_layer *layer, size_t from)
{
    const struct problem *p = check->problem;
    const struct tensor *t = layer->extra[INPUT_POSITIONS];
    struct position_list list;
    layer->query_at = (struct position_list){.first = layer->offset};
    layer->key_at = (struct position_list){.first = (int64_t)from};
    if (!t)
        return true;
    const bool for_keys = !layer->extra[INPUT_KEY_POSITIONS] && p->m >= p->n;
    /* Of a single query a column is its position on each axis. */
    const size_t column = p->n == 1 ? 0 : for_keys && tensor_count(t) == p->m ? p->m : p->n;
    const size_t count = list_of(t, column, &list);
    if (count != p->n && !(for_keys && count == p->m))
        return positions_error(check, for_keys);
    layer->has_positions = true;
    layer->query_at = position_skip(list, count - p->n); /* those of the queries are the last */
    return check_axes(check, INPUT_POSITIONS, list.axes) && check_numbers(check, INPUT_POSITIONS) &&
           check_numbers(check, INPUT_KEY_POSITIONS) && find_key_positions(check, layer, from, &list, count);
}

/* ---- sinusoidal ---- */

/* Whether a layer reads the output of the one below. */
static bool is_stacked(const struct problem_layer *layer)
{
    return layer->q.previous || layer->k.previous || layer->v.previous;
}

/* That a later layer of a stack sets what holds for all of the stack. Always false. */
static bool stack_error(const struct check *check, const struct problem_layer *layer,
                        const struct problem_layer *first, const struct place *place, const char *what)
{
    return place_error(
        place, check->error,
        "layer %zu: position sinusoidal is added once, before layer %zu: expected it, with its "
        "%s, there or outside of the layers",
        check_number(check), check_number(check) - (size_t)(layer - first), what);
}

/* Sinusoidal positions are added once, before the first layer of a stack, so the settings of that layer hold
 * for all of the stack. An error where a later layer sets them, their base or the positions for itself alone. */
static bool check_sinusoidal(const struct check *check, struct problem_layer *layer)
{
    const struct problem_layer *first = layer;
    while (is_stacked(first))
        first--;
    layer->has_sinusoidal = first->settings.position == POSITION_SINUSOIDAL;
    layer->sinusoidal_base = first->position_base;
    if (first != layer)
        memcpy(layer->encoded_at, first->encoded_at, sizeof layer->encoded_at);
    enum setting odd = !layer->has_sinusoidal                           ? SETTING_POSITION
                       : layer->sinusoidal_base != layer->position_base ? SETTING_POSITION_BASE
                                                                        : SETTING_COUNT;
    if (layer->settings.position != POSITION_SINUSOIDAL)
        return true;
    if (odd < SETTING_COUNT && settings_have(&layer->settings, odd))
        return stack_error(check, layer, first, &layer->settings.place[odd], "position_base");
    for (enum input i = INPUT_POSITIONS; i <= INPUT_KEY_POSITIONS; i++)
        if (first != layer && check_is_own(check, i))
            return stack_error(check, layer, first, &check_find(check, i)->place, input_names[i]);
    return true;
}

/* The positions of the sequences that sinusoidal is added to. */
static bool find_encoded(const struct check *check, struct problem_layer *layer)
{
    const struct tensor *keys = layer->extra[INPUT_KEY_POSITIONS];
    const bool is_self = layer->q.x && layer->k.x == layer->q.x;
    if (!find_positions(check, layer, layer->k.past_rows))
        return false;
    if (keys && is_self)
        return place_error(
            &keys->place, check->error,
            "key_positions: expected a context, whose positions they are; without it sinusoidal "
            "gives queries and keys the same");
    /* Both sequences start after the past keys. The causal offset does not shift them. */
    const struct position_list places = {.first = (int64_t)layer->k.past_rows};
    layer->encoded_at[0] = layer->has_positions ? layer->query_at : places;
    layer->encoded_at[1] = layer->key_at;
    return true;
}

/* ---- ALiBi and relative ---- */

/* The table of relative positions, and how its buckets are found. */
static bool check_relative(const struct check *check, struct problem_layer *layer)
{
    const struct settings *settings = &layer->settings;
    const struct tensor *table = check_find(check, INPUT_RELATIVE_BIAS);
    const bool far_given = settings_have(settings, SETTING_MAX_DISTANCE), both = !layer->rules.causal;
    const size_t furthest = far_given ? settings->max_distance : 128;
    if (!check_matrix(check, INPUT_RELATIVE_BIAS, 0, 0, check->problem->heads))
        return false;
    const size_t buckets = table->shape[0], single = buckets / (both ? 4 : 2);
    if (both && buckets < 2)
        return count_error(check, INPUT_RELATIVE_BIAS, "a bucket for each side, at least", 2);
    if (furthest <= single && !far_given)
        return place_error(&table->place, check->error, "%s: expected a max_distance above %zu, not %zu",
                           phrase_tensor(INPUT_RELATIVE_BIAS, table).text, single, furthest);
    if (furthest <= single)
        return value_error(check, SETTING_MAX_DISTANCE, "more than the buckets for single distances, %zu",
                           single);
    layer->relative = (struct relative){.table = table->data,
                                        .heads = check->problem->heads,
                                        .buckets = buckets,
                                        .furthest = furthest,
                                        .both_sides = both};
    return true;
}

/* Fills layer->distance: for every head the number that is added to a score at each
 * distance p - j of query and key. */
static bool make_distances(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct tensor *slopes = check_find(check, INPUT_SLOPES);
    const struct relative *relative = &layer->relative;
    size_t count;
    layer->distance_first = layer->offset - (int64_t)p->m + 1;
    layer->distance_count = p->n + p->m - 1 + HEAD_SPARE;
    if (!size_multiply(layer->distance_count, p->heads, &count))
        return error_memory(check->error, SIZE_MAX);
    layer->distance = memory_zeroed(count, sizeof *layer->distance, check->error);
    if (!layer->distance)
        return false;
    for (size_t h = 0; h < p->heads; h++) {
        double slope = slopes ? (double)slopes->data[h] : position_slope(h, p->heads);
        float *to = layer->distance + h * layer->distance_count;
        for (size_t i = 0; i < p->n + p->m - 1; i++) {
            const double behind = (double)(layer->distance_first + (int64_t)i);
            if (relative->table)
                to[i] = relative->table[position_bucket(-behind, relative->both_sides, relative->buckets,
                                                        relative->furthest) *
                                            p->heads +
                                        h];
            else
                to[i] = (float)(-slope * fabs(behind));
        }
    }
    return true;
}

/* What is added to scores by distance. Between positions that are given there is no table of it. */
static bool check_distances(const struct check *check, struct problem_layer *layer)
{
    const bool relative = layer->settings.position == POSITION_RELATIVE;
    return (!relative || check_relative(check, layer)) &&
           check_vector(check, INPUT_SLOPES, check->problem->heads, INPUT_COUNT) &&
           find_positions(check, layer, 0) && (layer->has_positions || make_distances(check, layer));
}

bool check_position(const struct check *check, struct problem_layer *layer)
{
    if (!check_base(check, layer) || !check_sinusoidal(check, layer))
        return false;
    switch (layer->settings.position) {
    case POSITION_SINUSOIDAL:
        return is_stacked(layer) || find_encoded(check, layer);
    case POSITION_ALIBI:
    case POSITION_RELATIVE:
        return check_distances(check, layer);
    case POSITION_ROTARY:
    case POSITION_ROTARY_INTERLEAVED:
        layer->rotated_from = layer->settings.past_rotated ? layer->k.past_rows : 0;
        return find_positions(check, layer, layer->rotated_from) && check_rotary(check, layer);
    default:
        return true;
    }
}
