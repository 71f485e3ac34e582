/*
 * Between the files that know the keys of JSON: json.c reads those of the whole, json_layer.c those that a layer may have, too,
 * json_own.c what attn wrote itself, json_bertviz.c the views of BertViz; json_members.c lists keys, json_put.c takes values to inputs,
 * json_ignored.c tells of keys that nobody reads.
 */
#ifndef ATTN_READ_JSON_READING_H
#define ATTN_READ_JSON_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/dump_names.h"
#include "read/json_names.h"
#include "read/json_private.h"
#include "read/json_values.h"
#include "read/read.h"

/* One file on its way into inputs. */
struct json_reading {
    struct json json;
    struct inputs *inputs;
    const struct read_target *target;
    struct warnings *warnings;
    struct error *error;
    size_t ignored;   /* unknown keys so far */
    bool has_weights; /* of a result whose arrays lie elsewhere */
};

/* The members of an object in their order, keys without the offset that the skeleton has behind them. The caller frees the list.
 * Errors: a key that stands twice, memory. */
bool json_list_members(struct json_reading *reading, cJSON *object, struct json_members *members);
/* The first of that name that is not null, or NULL. */
const struct json_member *json_find_member(const struct json_members *members, const char *name);

/* A key that is not read: a warning, and an error if it would change the result. `why` says the reason, NULL for a key that has no
 * meaning anywhere. */
bool json_ignore_key(struct json_reading *reading, const struct json_member *member, const char *why);
/* Says how many keys more than have a warning each were ignored. */
void json_count_ignored(const struct json_reading *reading);
/* Whether a key is one beside tensors and settings that the whole has, and no layer. */
bool json_is_of_whole(const char *name);

/* Says what a name of other software was taken for. */
void json_note_name(struct json_reading *reading, const struct json_member *member, const char *own);
/* Sees to it that there is room for so many layers, and no more. */
bool json_need_layers(struct json_reading *reading, const struct json_member *member, size_t count);
/* Puts an array of numbers into a layer, or into the whole, whose array may be a list of layers or of steps. */
bool json_put_tensor(struct json_reading *reading, const struct json_member *member, enum input input,
                     struct layer_inputs *layer);
bool json_put_labels(struct json_reading *reading, const struct json_member *member, struct labels *to,
                     const char *called);
/* Labels of the whole: one list, or one a layer. A list of one list is a batch of 1. */
bool json_put_all_labels(struct json_reading *reading, const struct json_member *member, bool keys);
/* Puts a mask under a name of other software, and says what it was taken for. */
bool json_put_other_mask(struct json_reading *reading, const struct json_member *member,
                         enum name_sense sense, struct layer_inputs *layer);
/* The numbers of the tokens; a batch of one is that sequence. */
bool json_read_ids(struct json_reading *reading, const struct json_member *member);

/* Reads a key that the whole and each layer may have, a tensor or a setting; *known: it was one of them. */
bool json_read_layer_key(struct json_reading *reading, const struct json_member *member,
                         struct layer_inputs *layer, bool *known);
/* Refuses `weights` beside `attention`: they are the same thing. */
bool json_check_weights(struct json_reading *reading, const struct json_members *members);
bool json_read_layers(struct json_reading *reading, const struct json_member *member);

/* Reads `config` of a file that attn wrote. Settings that make weights of q and k, causal and window are applied again. Positions
 * and other masks are not: their effect is already in the stages and in `mask`. If the file holds weights (`own`), the settings under
 * which they were computed and their offset are kept too. */
bool json_read_config(struct json_reading *reading, const struct json_member *member, bool own);
/* The numbers of layers and heads in what attn wrote itself. A part of the rows need not sum to 1. */
bool json_read_selection(struct json_reading *reading, const struct json_member *member);
/* Pooled weights are read as weights of cells; a cell has the label of its first token. */
bool json_read_pooled(struct json_reading *reading, const struct json_member *member);

/* Whether attention is a list of views, as BertViz's pages have them. */
bool json_is_bertviz(const struct json_member *attention);
/* What head_view and model_view of BertViz (bertviz/head_view.py, version 1.4) keep in their pages: a list of attentions, each with
 * the texts of queries and keys. The other keys are of the page. */
bool json_read_bertviz(struct json_reading *reading, const struct json_member *attention);

#endif
