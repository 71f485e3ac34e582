#include "write/json_head.h"

#include <string.h>

#include "attention/mask.h"
#include "compute/patch_grid.h"
#include "problem/problem_head.h"
#include "problem/setting_kinds.h"
#include "problem/settings_write.h"

/* The excerpts of a result, mostly one; of layers of different size there are several, and what differs is written once
 * a layer. */
static const struct excerpt *json_first(const struct excerpts *all)
{
    return &all->list[0];
}

/* How often something that a layer of excerpt i has is written: once for all where there is one excerpt. */
static size_t json_times(const struct excerpts *all, size_t i)
{
    return all->count > 1 ? all->list[i].layer_count : 1;
}

static void json_write_side(struct out *out, const struct excerpt *e, bool keys)
{
    const struct problem *problem = e->result->problem;
    const struct labels *labels = keys ? &problem->key_tokens : &problem->tokens;
    const size_t first = keys ? e->key_first : e->query_first, count = keys ? e->key_count : e->query_count;
    out_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            out_char(out, ',');
        out_quoted(out, labels->text[first + i]);
    }
    out_char(out, ']');
}

static void json_write_labels(struct out *out, const char *key, const struct excerpts *all, bool keys)
{
    out_format(out, ",\n\"%s\":", key);
    for (size_t i = 0; i < all->count; i++)
        for (size_t l = 0; l < json_times(all, i); l++) {
            if (all->count > 1)
                out_text(out, i + l > 0 ? ",\n" : "[");
            json_write_side(out, &all->list[i], keys);
        }
    out_text(out, all->count > 1 ? "]" : "");
}

/* Whether people have names for layers or for heads, where no mean is over them. */
static bool json_has_names(const struct excerpts *all, bool heads)
{
    bool has = false;
    for (size_t i = 0; i < all->count; i++) {
        const struct excerpt *e = &all->list[i];
        for (size_t l = 0; e->mean.layers == 0 && l < e->layer_count; l++)
            for (size_t h = 0; h < (heads && e->mean.heads == 0 ? e->head_count : 0); h++)
                has = has || excerpt_head_name(e, l, h);
        for (size_t l = 0; !heads && e->mean.layers == 0 && l < e->layer_count; l++)
            has = has || excerpt_layer_name(e, l);
    }
    return has;
}

static void json_write_name(struct out *out, bool is_first, const char *name)
{
    out_text(out, is_first ? "" : ",");
    out_quoted(out, name ? name : "");
}

/* The names of layers, and a list of those of heads for each layer; one without has an empty name. */
static void json_write_names(struct out *out, const struct excerpts *all)
{
    if (json_has_names(all, false)) {
        out_text(out, ",\n\"layer_names\":[");
        for (size_t i = 0; i < all->count; i++)
            for (size_t l = 0; l < all->list[i].layer_count; l++)
                json_write_name(out, i + l == 0, excerpt_layer_name(&all->list[i], l));
        out_char(out, ']');
    }
    if (!json_has_names(all, true))
        return;
    out_text(out, ",\n\"head_names\":[");
    for (size_t i = 0; i < all->count; i++)
        for (size_t l = 0; l < all->list[i].layer_count; l++) {
            out_text(out, i + l == 0 ? "[" : ",[");
            for (size_t h = 0; h < all->list[i].head_count; h++)
                json_write_name(out, h == 0, excerpt_head_name(&all->list[i], l, h));
            out_char(out, ']');
        }
    out_char(out, ']');
}

static void json_write_list(struct out *out, const size_t *list, size_t count)
{
    out_char(out, '[');
    for (size_t i = 0; i < count; i++)
        out_format(out, i > 0 ? ",%zu" : "%zu", list[i]);
    out_char(out, ']');
}

/* A pair of numbers that each layer has, [a,b]: one pair where all excerpts agree, else one a layer. */
static void json_write_pair(struct out *out, const char *key, const struct excerpts *all,
                            void (*get)(const struct excerpt *, size_t[2]))
{
    size_t first[2], pair[2];
    bool agree = true;
    get(json_first(all), first);
    for (size_t i = 1; i < all->count; i++) {
        get(&all->list[i], pair);
        agree = agree && pair[0] == first[0] && pair[1] == first[1];
    }
    out_format(out, ",\"%s\":", key);
    for (size_t i = 0; i < (agree ? 1 : all->count); i++)
        for (size_t l = 0; l < (agree ? 1 : all->list[i].layer_count); l++) {
            get(&all->list[i], pair);
            out_text(out, agree ? "" : i + l > 0 ? "," : "[");
            json_write_list(out, pair, 2);
        }
    out_text(out, agree ? "" : "]");
}

/* All layers of the results, also those that are not shown. */
static size_t json_layer_count(const struct excerpts *all)
{
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        count += all->list[i].result->problem->layer_count;
    return count;
}

static const struct problem_layer *json_layer(const struct excerpts *all, size_t l)
{
    const struct excerpt *e = all->list;
    while (l >= e->result->problem->layer_count)
        l -= (e++)->result->problem->layer_count;
    return &e->result->problem->layers[l];
}

/* Whether causal and window of the config can tell the rules: all layers have the same, and a window without
 * causal has no offset. */
static bool json_rules_agree(const struct excerpts *all)
{
    const struct problem_layer *a = json_layer(all, 0);
    if (a->settings.window.count > 1)
        return false;
    if (!a->rules.causal && a->offset != 0 && (a->rules.left >= 0 || a->rules.right >= 0))
        return false;
    for (size_t l = 1; l < json_layer_count(all); l++) {
        const struct problem_layer *b = json_layer(all, l);
        if (a->rules.causal != b->rules.causal || a->offset != b->offset || a->rules.left != b->rules.left ||
            a->rules.right != b->rules.right)
            return false;
    }
    return true;
}

/* Whether there is one scale and softcap, that of all layers; linear attention has none. */
static bool json_scales_agree(const struct excerpts *all)
{
    const struct problem_layer *a = json_layer(all, 0);
    if (a->settings.normalizer == NORMALIZER_LINEAR)
        return false;
    for (size_t l = 1; l < json_layer_count(all); l++) {
        const struct problem_layer *b = json_layer(all, l);
        if (memcmp(&b->scale, &a->scale, sizeof a->scale) != 0 ||
            memcmp(&b->softcap, &a->softcap, sizeof a->softcap) != 0)
            return false;
    }
    return true;
}

/* Writes the numbers of the heads of the excerpt: one, if they are the same. A mean over heads whose numbers differ has
 * none, and neither have heads that were picked. */
static void json_write_per_head(struct out *out, const char *name, const struct per_head *list,
                                const struct excerpt *e)
{
    const size_t heads = excerpt_heads(e);
    struct per_head chosen = {.at = {list->at[0]}, .count = 1};
    bool same = true;
    if (list->count > 1) {
        chosen.count = heads;
        for (size_t h = 0; h < heads; h++)
            chosen.at[h] = list->at[excerpt_head(e, 0, h)];
        for (size_t i = 0; i < heads * (e->is_picked ? excerpt_layers(e) : 1); i++)
            same = same && list->at[e->head_index[i]] == chosen.at[0];
    }
    if (same)
        chosen.count = 1;
    else if (e->mean.heads > 0 || e->is_picked)
        return;
    out_format(out, ",\"%s\":", name);
    per_head_write(&chosen, out);
}

/* The settings that were given and that all layers agree on, but for those that the config has anyway. */
static void json_write_forms(struct out *out, const struct excerpts *all)
{
    const unsigned roles = ROLE_WEIGHT | ROLE_POSITION | ROLE_PATTERN | ROLE_STACK;
    const struct settings *first = &json_layer(all, 0)->settings;
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        bool agree = settings_have(first, s) && setting_kinds[s].role & roles;
        for (size_t l = 1; agree && l < json_layer_count(all); l++)
            agree = settings_same(first, &json_layer(all, l)->settings, s);
        const struct per_head *list = settings_per_head(first, s);
        if (agree && list) {
            json_write_per_head(out, setting_kinds[s].name, list, json_first(all));
        } else if (agree) {
            out_format(out, ",\"%s\":", setting_kinds[s].name);
            settings_write(first, s, out);
        }
    }
}

/* Position of the first query that is shown among the keys that are, in layer l of an excerpt. */
static int64_t json_offset_of(const struct excerpt *e, size_t l)
{
    return e->result->problem->layers[e->layer_index[l]].offset + (int64_t)e->query_first -
           (int64_t)e->key_first;
}

/* Position of the excerpt's first query among its keys, unless it is 0: one number if all layers agree, else
 * one a layer. */
static void json_write_offsets(struct out *out, const struct excerpts *all)
{
    const int64_t first = json_offset_of(json_first(all), 0);
    bool agree = true;
    for (size_t i = 0; i < all->count; i++)
        for (size_t l = 0; l < all->list[i].layer_count; l++)
            agree = agree && json_offset_of(&all->list[i], l) == first;
    if (agree && first == 0)
        return;
    out_text(out, agree ? ",\"offset\":" : ",\"offset\":[");
    for (size_t i = 0; i < (agree ? 1 : all->count); i++)
        for (size_t l = 0; l < (agree ? 1 : all->list[i].layer_count); l++)
            out_format(out, i + l > 0 ? ",%lld" : "%lld", (long long)json_offset_of(&all->list[i], l));
    out_text(out, agree ? "" : "]");
}

static size_t get_heads(const struct excerpt *e)
{
    return e->head_count;
}
static size_t get_d_k(const struct excerpt *e)
{
    return e->result->problem->d_k;
}
static size_t get_d_v(const struct excerpt *e)
{
    return e->result->problem->d_v;
}

void json_write_number(struct out *out, const char *key, const struct excerpts *all,
                       size_t (*get)(const struct excerpt *))
{
    bool agree = true;
    for (size_t i = 1; i < all->count; i++)
        agree = agree && get(&all->list[i]) == get(json_first(all));
    out_format(out, agree ? "\"%s\":" : "\"%s\":[", key);
    for (size_t i = 0; i < (agree ? 1 : all->count); i++)
        for (size_t l = 0; l < (agree ? 1 : all->list[i].layer_count); l++)
            out_format(out, i + l > 0 ? ",%zu" : "%zu", get(&all->list[i]));
    out_text(out, agree ? "" : "]");
}

/* `by_rule`: causal and window are the mask; otherwise the mask that is written is all of it. */
static void json_write_config(struct out *out, const struct excerpts *all, bool by_rule)
{
    const struct problem_layer *first = json_layer(all, 0);
    out_text(out, ",\n\"config\":{");
    json_write_number(out, "heads", all, get_heads);
    out_char(out, ',');
    json_write_number(out, "kv_heads", all, excerpt_kv_heads);
    if (!first->attention) {
        out_char(out, ',');
        json_write_number(out, "d_k", all, get_d_k);
        out_char(out, ',');
        json_write_number(out, "d_v", all, get_d_v);
        if (json_scales_agree(all)) {
            json_write_per_head(out, "scale", &first->scale, json_first(all));
            json_write_per_head(out, "softcap", &first->softcap, json_first(all));
        }
    }
    json_write_forms(out, all);
    out_text(out, ",\"causal\":");
    if (!by_rule || !first->rules.causal)
        out_text(out, "false");
    else if (first->offset == 0)
        out_text(out, "true");
    else
        out_format(out, "%lld", (long long)first->offset);
    if (by_rule && (first->rules.left >= 0 || first->rules.right >= 0))
        out_format(out, ",\"window\":[%lld,%lld]", (long long)first->rules.left,
                   (long long)first->rules.right);
    json_write_offsets(out, all);
    out_char(out, '}');
}

/* The grid and where its patches are in the excerpt, if it has all of them. */
static void json_write_grid(struct out *out, const struct excerpt *e)
{
    const struct selection chosen = {.query_first = e->query_first,
                                     .query_end = e->query_first + e->query_count,
                                     .key_first = e->key_first,
                                     .key_end = e->key_first + e->key_count};
    struct patch_grid grid;
    struct error misfit = {0};
    if (!patch_grid_find(&grid, e->result->problem, &chosen, &misfit) ||
        !patch_grid_is_chosen(&grid, &chosen))
        return;
    out_format(out, ",\n\"grid\":[%zu,%zu],\"grid_offset\":%zu,\"grid_axis\":\"%s\"", grid.rows, grid.columns,
               grid.first - (grid.are_queries ? e->query_first : e->key_first),
               grid.are_queries ? "queries" : "keys");
}

static void get_queries(const struct excerpt *e, size_t pair[2])
{
    pair[0] = e->query_first;
    pair[1] = e->query_first + e->query_count;
}
static void get_keys(const struct excerpt *e, size_t pair[2])
{
    pair[0] = e->key_first;
    pair[1] = e->key_first + e->key_count;
}

static void json_write_head_numbers(struct out *out, const struct excerpt *e, size_t l)
{
    out_char(out, '[');
    for (size_t h = 0; h < excerpt_heads(e); h++)
        out_format(out, h > 0 ? ",%zu" : "%zu", excerpt_head_number(e, l, h));
    out_char(out, ']');
}

/* Whether two layers of excerpts have heads of the same numbers. */
static bool json_heads_same(const struct excerpt *a, size_t layer_a, const struct excerpt *b, size_t layer_b)
{
    bool same = excerpt_heads(a) == excerpt_heads(b);
    for (size_t h = 0; same && h < excerpt_heads(a); h++)
        same = excerpt_head_number(a, layer_a, h) == excerpt_head_number(b, layer_b, h);
    return same;
}

/* The numbers of the heads: one list where all layers have the same, else one a layer. */
static void json_write_heads(struct out *out, const struct excerpts *all)
{
    const struct excerpt *first = json_first(all);
    bool agree = true;
    for (size_t i = 0; i < all->count; i++)
        for (size_t l = 0; l < excerpt_layers(&all->list[i]); l++)
            agree = agree && json_heads_same(&all->list[i], l, first, 0);
    out_text(out, agree ? ",\"heads\":" : ",\"heads\":[");
    for (size_t i = 0; i < (agree ? 1 : all->count); i++) {
        const struct excerpt *e = &all->list[i];
        for (size_t l = 0; l < (agree ? 1 : excerpt_layers(e)); l++) {
            out_text(out, i + l > 0 ? "," : "");
            json_write_head_numbers(out, e, l);
        }
    }
    out_text(out, agree ? "" : "]");
}

static void json_write_selection(struct out *out, const struct excerpts *all)
{
    const struct excerpt *first = json_first(all);
    const char *average = !excerpt_is_mean(first)   ? "null"
                          : first->mean.layers == 0 ? "\"heads\""
                          : first->mean.heads == 0  ? "\"layers\""
                                                    : "\"heads,layers\"";
    out_text(out, ",\n\"selection\":{\"layers\":[");
    for (size_t i = 0; i < all->count; i++)
        for (size_t l = 0; l < excerpt_layers(&all->list[i]); l++)
            out_format(out, i + l > 0 ? ",%zu" : "%zu", excerpt_layer(&all->list[i], l));
    out_char(out, ']');
    json_write_heads(out, all);
    out_format(out, ",\"average\":%s", average);
    json_write_pair(out, "queries", all, get_queries);
    json_write_pair(out, "keys", all, get_keys);
    out_text(out, first->result->is_joined ? ",\"words\":true" : "");
    const bool is_left = first->result->problem->is_left;
    out_text(out, is_left || first->result->problem->was_left ? ",\"left_out\":true}" : "}");
}

/* Whether something was left out, or averaged, now or when the input was written. */
static bool json_is_part(const struct excerpts *all)
{
    bool is_part = json_layer_count(all) < json_first(all)->result->problem->layers_in_all;
    for (size_t i = 0; i < all->count; i++)
        is_part = is_part || all->list[i].is_part || all->list[i].result->problem->numbering ||
                  all->list[i].result->problem->is_cut;
    return is_part;
}

static void masking_add(struct masking *masking, const struct problem *problem)
{
    for (size_t l = 0; l < problem->layer_count; l++) {
        struct head head; /* the other heads have masks of the same kinds */
        problem_head(problem, l, 0, &head);
        masking->any = masking->any || mask_is_any(&head);
        masking->beyond = masking->beyond || !mask_is_band(&head);
        masking->exceptions = masking->exceptions || mask_has_exceptions(&head);
    }
}

bool json_masks_by_rule(const struct excerpts *all, struct masking *masking)
{
    const struct excerpt *e = json_first(all);
    *masking = (struct masking){0};
    for (size_t i = 0; i < all->count; i++)
        masking_add(masking, all->list[i].result->problem);
    return json_rules_agree(all) && e->query_first == 0 && e->key_first == 0 && !masking->exceptions;
}

void json_write_head(const struct excerpts *all, struct out *out)
{
    const struct excerpt *e = json_first(all);
    const struct problem *problem = e->result->problem;
    struct masking masking;
    const bool by_rule = json_masks_by_rule(all, &masking);
    out_text(out, "{\"schema\":\"attn/1\"");
    if (problem->title) {
        out_text(out, ",\n\"title\":");
        out_quoted(out, problem->title);
    }
    if (problem->patch_grid[0] > 0 && e->result->kept != KEPT_POOLED && all->count == 1)
        json_write_grid(out, e);
    json_write_labels(out, "tokens", all, false);
    json_write_labels(out, "key_tokens", all, true);
    json_write_names(out, all);
    json_write_config(out, all, by_rule);
    if (json_is_part(all))
        json_write_selection(out, all);
}
