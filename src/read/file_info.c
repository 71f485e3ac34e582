#include "read/file_info.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/weights_check.h"
#include "base/memory.h"
#include "base/text.h"
#include "read/array_tensor.h"
#include "read/dump_labels.h"
#include "read/dump_names.h"
#include "read/dump_plan.h"
#include "read/file_trial.h"
#include "read/inputs_put.h"
#include "read/model_plan.h"
#include "read/model_profile.h"

/* Which inputs a file fills. */
struct filled {
    bool has[INPUT_COUNT];
    const char *from;  /* the framework that gave the names; NULL: none */
    const char *model; /* the profile of a model's weights; NULL: it is none */
    bool lacks_heads;  /* which nothing says how many there are of */
};

/* ---- readings ---- */

static bool put_reading(struct tensor_info *tensor, const struct dump_reading *reading, struct error *error)
{
    char layer[40] = "", step[40] = "";
    if (reading->is_ids || reading->is_labels) {
        tensor->reading = text_copy(reading->is_ids ? "ids of the tokens" : "labels");
        return tensor->reading || error_memory(error, 64);
    }
    if (reading->input == INPUT_COUNT)
        return true;
    if (reading->layer != SIZE_MAX)
        snprintf(layer, sizeof layer, " of layer %zu", reading->layer);
    if (reading->step != SIZE_MAX)
        snprintf(step, sizeof step, ", step %zu", reading->step);
    tensor->input = reading->input;
    tensor->is_bare = reading->is_bare;
    tensor->reading = text_format("%s%s%s%s", input_names[reading->input], layer, step,
                                  reading->is_scores ? ", by the softmax of masked scores" : "");
    return tensor->reading || error_memory(error, 64);
}

/* Of a file of named arrays: by their names, which may be those of a model's weights. */
static bool info_read_names(struct file_info *info, struct filled *filled, struct error *error)
{
    struct dump_reading *readings = NULL;
    struct archive *archive = &info->file.archive;
    const char *path = info->file.path.file;
    const bool is_model = strcmp(path, "-") != 0 && model_fits(archive);
    info->skips_trial = is_model;
    bool ok = is_model
                  ? model_plan(&readings, &filled->model, &filled->lacks_heads, path, archive, &info->notes,
                               &info->warnings, error)
                  : dump_plan(&readings, archive, info->has_values, &info->notes, &info->warnings, error);
    for (size_t i = 0; ok && i < info->file.count; i++) {
        /* Of the one array that a path names, that of the archive. */
        const struct array *array = archive_find(archive, info->file.arrays[i].name);
        const struct dump_reading *reading = &readings[array - archive->arrays];
        ok = put_reading(&info->tensors[i], reading, error);
        filled->from = reading->from && reading->input < INPUT_COUNT ? reading->from : filled->from;
    }
    free(readings);
    return ok;
}

/* Of a text: by what they have become. */
static bool read_inputs(struct file_info *info, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < info->file.count; i++) {
        size_t layer = SIZE_MAX;
        (void)dump_name_of_layer(info->file.arrays[i].name, &layer);
        const struct dump_reading reading = {.input = info->file.inputs_of[i],
                                             .layer = layer,
                                             .step = SIZE_MAX,
                                             .is_ids = info->file.inputs_of[i] == INPUT_COUNT};
        ok = put_reading(&info->tensors[i], &reading, error);
    }
    const struct warnings *notes = &info->file.inputs.notes;
    for (size_t i = 0; i < notes->count; i++)
        warnings_add(&info->notes, "%s", notes->text[i]);
    return ok;
}

/* ---- profile, and what is missing ---- */

static bool has_projections(const struct filled *filled)
{
    return filled->has[INPUT_W_Q] || filled->has[INPUT_W_K] || filled->has[INPUT_W_V] ||
           filled->has[INPUT_W_QKV];
}

/* What the inputs are together; NULL: nothing. */
static const char *profile_of(const struct filled *filled)
{
    const bool *has = filled->has;
    if (filled->model || filled->from)
        return filled->model ? filled->model : filled->from;
    if (has[INPUT_ATTENTION])
        return "attention weights";
    if (has[INPUT_Q] || has[INPUT_K] || has[INPUT_V]) {
        static const char *const names[] = {[1] = "q",       [2] = "k",       [3] = "q and k",   [4] = "v",
                                            [5] = "q and v", [6] = "k and v", [7] = "q, k and v"};
        return names[has[INPUT_Q] + 2 * has[INPUT_K] + 4 * has[INPUT_V]];
    }
    if (has[INPUT_EMBEDDINGS])
        return has_projections(filled) ? "embeddings and projections" : "embeddings";
    return has_projections(filled) ? "projections" : NULL;
}

/* Returns whether nothing is missing that weights could not be made without. */
static bool find_missing(const struct filled *filled, struct warnings *missing)
{
    const bool *has = filled->has;
    const bool any_qk = has[INPUT_Q] || has[INPUT_K];
    if (filled->model) {
        warnings_add(missing, "embeddings: a model's weights need them, and --projections");
        if (filled->lacks_heads)
            warnings_add(missing, "heads: no file says how many there are; --heads N or --config FILE does");
        return false;
    }
    if (has[INPUT_ATTENTION])
        return true;
    if (has[INPUT_EMBEDDINGS] && !any_qk)
        return true;
    if (has_projections(filled) && !any_qk)
        warnings_add(missing, "embeddings: projections need them");
    else if (!any_qk && !has[INPUT_V])
        warnings_add(missing, "q and k, embeddings, or attention");
    if (any_qk || has[INPUT_V]) {
        if (!has[INPUT_Q])
            warnings_add(missing, "q");
        if (!has[INPUT_K])
            warnings_add(missing, "k");
        if (!has[INPUT_V])
            warnings_add(missing, "v: without it there are weights, and no output");
    }
    return has[INPUT_Q] && has[INPUT_K];
}

/* ---- numbers ---- */

/* A sentence of several arrays that follow each other and of which it is the same. */
struct sentence {
    struct warnings *to;
    char text[256];
    const char *name;
    size_t count;
};

static void sentence_end(struct sentence *sentence)
{
    const char *name = sentence->name && sentence->name[0] ? sentence->name : "the array";
    if (sentence->count == 1)
        warnings_add(sentence->to, "%s: %s", name, sentence->text);
    else if (sentence->count > 1)
        warnings_add(sentence->to, "%s and %zu more: %s", name, sentence->count - 1, sentence->text);
    sentence->count = 0;
}

static void sentence_add(struct sentence *sentence, const char *name, const char *text)
{
    if (sentence->count > 0 && strcmp(sentence->text, text) != 0)
        sentence_end(sentence);
    if (sentence->count++ == 0) {
        snprintf(sentence->text, sizeof sentence->text, "%s", text);
        sentence->name = name;
    }
}

/* Adds all matrices of an array to a check, one at a time. */
static bool check_matrices(struct weights_check *check, const struct array *array, struct error *error)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    struct array matrix = *array;
    size_t at[ARRAY_RANK_MAX] = {0}, matrices = 1;
    const int outer = array->rank - 2;
    float *room = memory_alloc(check->n * check->m, sizeof *room, error);
    for (int a = 0; a < outer; a++)
        matrices *= array->shape[a];
    matrix.rank = 2;
    for (int a = 0; a < 2; a++) {
        matrix.shape[a] = array->shape[outer + a];
        matrix.stride[a] = array->stride[outer + a];
    }
    for (size_t i = 0; room && i < matrices; i++) {
        ptrdiff_t place = 0;
        for (int a = 0; a < outer; a++)
            place += (ptrdiff_t)at[a] * array->stride[a];
        for (int a = outer; a-- > 0 && ++at[a] == array->shape[a];)
            at[a] = 0;
        matrix.data = array->data + place / (ptrdiff_t)kind->count * (ptrdiff_t)kind->bytes;
        array_widen(&matrix, room);
        weights_check_add(check, room);
    }
    free(room);
    return room;
}

/* What a check found, in words: *fact is what is as it should be, *warning what is not; "" where there is nothing. */
static void check_words(const struct weights_check *check, char fact[256], char warning[256])
{
    static const char *const sums[] = {
        [WEIGHTS_NO_SUM] = "",
        [WEIGHTS_OVER_KEYS] = "rows sum to 1",
        [WEIGHTS_OVER_QUERIES] = "its columns sum to 1 and not its rows: queries and keys look exchanged",
        [WEIGHTS_OVER_HEADS] = "normalised over the heads: each pair sums to 1 over them, and rows do not",
    };
    const enum weights_sum sum = weights_check_sum(check);
    char causal[64] = "";
    int64_t offset;
    if (weights_check_causal(check, &offset))
        snprintf(causal, sizeof causal, "%scausal with offset %lld", sum == WEIGHTS_OVER_KEYS ? ", " : "",
                 (long long)offset);
    snprintf(fact, 256, "%s%s", sum == WEIGHTS_OVER_KEYS ? sums[sum] : "", causal);
    if (sum == WEIGHTS_OVER_KEYS)
        warning[0] = 0;
    else if (check->has_negative)
        snprintf(warning, 256, "it holds numbers below 0, and weights are not");
    else if (sum != WEIGHTS_NO_SUM)
        snprintf(warning, 256, "%s", sums[sum]);
    else if (check->rows > 0)
        snprintf(warning, 256, "%zu of %zu rows do not sum to 1 (their sums go from %.4g to %.4g)",
                 check->rows_off, check->rows, check->least, check->most);
    else
        snprintf(warning, 256, "no row has a sum");
}

/* The sentences of a file about its weights. */
struct sentences {
    struct sentence facts, warnings, broken;
};

/* `is_doubtful`: it is weights only if something sums to 1. */
static bool info_check_weights(struct sentences *sentences, const struct array *array, bool is_doubtful,
                               struct error *error)
{
    struct weights_check check;
    char fact[256], warning[256];
    const size_t heads = array->rank > 2 ? array->shape[array->rank - 3] : 1;
    bool ok = weights_check_begin(&check, heads, array->shape[array->rank - 2], array->shape[array->rank - 1],
                                  error) &&
              check_matrices(&check, array, error);
    if (ok && !(is_doubtful && weights_check_sum(&check) == WEIGHTS_NO_SUM)) {
        check_words(&check, fact, warning);
        if (fact[0])
            sentence_add(&sentences->facts, array->name, fact);
        if (warning[0])
            sentence_add(&sentences->warnings, array->name, warning);
        if (check.broken > 0) {
            snprintf(warning, sizeof warning, "%zu rows hold NaN or infinity", check.broken);
            sentence_add(&sentences->broken, array->name, warning);
        }
    }
    weights_check_free(&check);
    return ok;
}

/* Weights, by name; and the only array of a file, of three axes and more, which may be: none is below 0. */
static bool may_be_weights(const struct file_info *info, size_t index)
{
    const struct array *array = &info->file.arrays[index];
    const struct tensor_info *tensor = &info->tensors[index];
    size_t count;
    if (array->rank < 2 || !array_count(array, &count) || count == 0)
        return false;
    if (tensor->input == INPUT_ATTENTION)
        return true;
    return tensor->input == INPUT_COUNT && info->file.count == 1 && array->rank > 2 &&
           tensor->range.is_known && tensor->range.min >= 0 && tensor->range.max > 0;
}

/* Says of an array without a telling name that is taken for embeddings that it may be weights, as a run does. */
static bool info_doubt_embeddings(struct file_info *info, size_t index, struct error *error)
{
    const struct array *array = &info->file.arrays[index];
    const struct tensor_info *told = &info->tensors[index];
    if (!told->is_bare || told->input != INPUT_EMBEDDINGS || array->rank != 2 ||
        array->shape[0] != array->shape[1] || !(told->range.min >= 0 && told->range.max <= 1))
        return true;
    struct tensor tensor = {.rank = 2,
                            .shape = {array->shape[0], array->shape[1]},
                            .place = {.file = info->file.path.file},
                            .data = memory_alloc(array->shape[0] * array->shape[1], sizeof(float), error)};
    if (!tensor.data)
        return false;
    array_widen(array, tensor.data);
    inputs_warn_weights(&tensor, &info->warnings);
    tensor_free(&tensor);
    return true;
}

static bool info_measure(struct file_info *info, struct error *error)
{
    struct sentences sentences = {{.to = &info->facts}, {.to = &info->warnings}, {.to = &info->warnings}};
    bool ok = true;
    for (size_t i = 0; ok && i < info->file.count; i++) {
        struct array *array = &info->file.arrays[i];
        struct tensor_info *tensor = &info->tensors[i];
        if (!dtype_kind(array->dtype)->widen) {
            ok = !dump_labels_are(array) || array_file_load(&info->file, array, error);
            continue;
        }
        ok = array_file_load(&info->file, array, error) &&
             array_range(&tensor->range, array, array_file_source(&info->file, array), error);
        tensor->has_range = ok;
        ok = ok && info_doubt_embeddings(info, i, error);
        if (ok && may_be_weights(info, i))
            ok = info_check_weights(&sentences, array, tensor->input == INPUT_COUNT, error);
    }
    sentence_end(&sentences.facts);
    sentence_end(&sentences.warnings);
    sentence_end(&sentences.broken);
    return ok;
}

/* ---- labels ---- */

static void check_labels(const struct labels *labels, size_t count, const char *called, const char *of,
                         struct file_info *info)
{
    const bool has_header = labels->header != LABELS_ONLY && labels->count == count + 1;
    if (!labels->given || labels->count == count || has_header)
        return;
    warnings_add(&info->warnings, "%zu %s for %zu %s: expected as many", labels->count, called, count, of);
    info->skips_trial = true;
}

/* Whether there are as many labels as queries and keys. Only of a text, which has labels. */
static void check_text_labels(struct file_info *info)
{
    const struct inputs *inputs = &info->file.inputs;
    for (size_t i = 0; i < info->file.count; i++) {
        const struct array *array = &info->file.arrays[i];
        const enum input input = info->tensors[i].input;
        const bool is_plain = array->rank == 2 && (input == INPUT_Q || input == INPUT_EMBEDDINGS);
        if (array->rank < 2 || inputs->layers || !(is_plain || input == INPUT_ATTENTION))
            continue;
        const size_t n = array->shape[array->rank - 2], m = array->shape[array->rank - 1];
        check_labels(&inputs->tokens, n, "tokens", is_plain ? "rows" : "queries", info);
        if (input == INPUT_ATTENTION)
            check_labels(&inputs->key_tokens, m, "key_tokens", "keys", info);
    }
}

/* ---- what no run could take ---- */

static bool needs_matrix(enum input input)
{
    return input == INPUT_EMBEDDINGS || input == INPUT_CONTEXT || input == INPUT_Q || input == INPUT_K ||
           input == INPUT_V || input == INPUT_PAST_K || input == INPUT_PAST_V || input == INPUT_ATTENTION;
}

/* Arrays without numbers, and numbers and vectors that are taken for rows and columns: a run would refuse them. They are told of, and
 * taken for nothing. */
static void refuse_shapes(struct file_info *info)
{
    for (size_t i = 0; i < info->file.count; i++) {
        const struct array *array = &info->file.arrays[i];
        struct tensor_info *tensor = &info->tensors[i];
        const char *name = array->name[0] ? array->name : "the array";
        char shape[ARRAY_SHAPE_TEXT];
        size_t count;
        const bool is_empty = array_count(array, &count) && count == 0;
        if (tensor->input == INPUT_COUNT || (!is_empty && (array->rank > 1 || !needs_matrix(tensor->input))))
            continue;
        (void)array_shape(array, shape);
        if (is_empty)
            warnings_add(&info->warnings, "%s is empty (%s): expected numbers", name, shape);
        else
            warnings_add(&info->warnings, "%s is a %s%s: expected rows and columns", name,
                         array->rank == 0 ? "single number" : "vector of ", array->rank == 0 ? "" : shape);
        info->skips_trial = true;
        tensor->input = INPUT_COUNT;
        free(tensor->reading);
        tensor->reading = NULL;
    }
}

/* Arrays that a run would take, of types that cannot be read, and others that are no numbers. */
static void info_unread(struct file_info *info)
{
    struct sentence sentence = {.to = &info->warnings};
    size_t opaque = 0;
    for (size_t i = 0; i < info->file.count; i++) {
        const struct array *array = &info->file.arrays[i];
        char unread[ARRAY_UNREAD_TEXT];
        if (info->tensors[i].input == INPUT_COUNT && info->file.count > 1 && array_is_opaque(array))
            array_warn_opaque(&info->warnings, array_file_name(&info->file), array, &opaque);
        if (info->tensors[i].input == INPUT_COUNT || dtype_kind(array->dtype)->widen)
            continue;
        sentence_add(&sentence, array->name, array_unread(array, unread));
        info->skips_trial = true;
    }
    sentence_end(&sentence);
}

/* ---- the whole ---- */

/* What each array is taken for, and what is missing. */
static bool info_read(struct file_info *info, struct error *error)
{
    struct filled filled = {0};
    info->tensors = memory_zeroed(info->file.count, sizeof *info->tensors, error);
    for (size_t i = 0; info->tensors && i < info->file.count; i++)
        info->tensors[i].input = INPUT_COUNT;
    if (!info->tensors ||
        !(info->file.is_text ? read_inputs(info, error) : info_read_names(info, &filled, error)))
        return false;
    refuse_shapes(info);
    info_unread(info);
    for (size_t i = 0; i < info->file.count; i++)
        if (info->tensors[i].input < INPUT_COUNT)
            filled.has[info->tensors[i].input] = true;
    const char *profile = profile_of(&filled);
    info->profile = profile ? text_copy(profile) : NULL;
    if (profile && !info->profile)
        return error_memory(error, strlen(profile));
    info->is_enough = find_missing(&filled, &info->missing);
    check_text_labels(info);
    return true;
}

bool file_info_make(struct file_info *info, const char *path, const char *said, bool values,
                    struct error *error)
{
    if (!array_file_open(&info->file, path, said, &info->warnings, error))
        return false;
    const bool is_small = array_file_bytes(&info->file) < FILE_INFO_VALUES;
    info->has_values = values || is_small;
    if (!info_read(info, error) || (info->has_values && !info_measure(info, error)))
        return false;
    return !is_small || file_trial(info, error);
}

void file_info_free(struct file_info *info)
{
    for (size_t i = 0; info->tensors && i < info->file.count; i++)
        free(info->tensors[i].reading);
    free(info->tensors);
    free(info->profile);
    warnings_free(&info->facts);
    warnings_free(&info->missing);
    warnings_free(&info->notes);
    warnings_free(&info->warnings);
    array_file_free(&info->file);
    *info = (struct file_info){0};
}
