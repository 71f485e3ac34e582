#include "write/array_json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "read/dump_names.h"
#include "read/json_names.h"
#include "tensor/array_range.h"
#include "tensor/array_write.h"
#include "write/exact_number.h"
#include "write/input_json.h"

/* ---- numbers ---- */

static void array_json_nonfinite(struct out *out, enum dtype dtype, const char *from)
{
    float value;
    dtype_kind(dtype)->widen(&value, from, 1);
    out_text(out, tensor_is_null(value) ? "null"
                  : isnan(value)        ? "NaN"
                  : value > 0           ? "Infinity"
                                        : "-Infinity");
}

static void array_json_number(struct out *out, enum dtype dtype, const char *from)
{
    const long double value = array_range_number(dtype, from);
    if (dtype == DTYPE_BOOL)
        out_text(out, *from ? "true" : "false");
    else if (isnan(value))
        array_json_nonfinite(out, dtype, from);
    else
        exact_number(out, dtype, value);
}

/* Nested lists: a bracket for each axis that begins or ends at a number. An empty array has no number, and is []. */
static void array_json_numbers(struct out *out, const struct array *array, const char *numbers, size_t count)
{
    const size_t bytes = dtype_kind(array->dtype)->bytes;
    if (count == 0)
        out_text(out, "[]");
    for (size_t i = 0; i < count; i++) {
        size_t run = 1, begun = 0, ended = 0;
        for (int a = array->rank; a-- > 0;) {
            run *= array->shape[a];
            begun += i % run == 0;
            ended += (i + 1) % run == 0;
        }
        out_text(out, i == 0 ? "" : begun > 0 ? ",\n" : ",");
        while (begun-- > 0)
            out_char(out, '[');
        array_json_number(out, array->dtype, numbers + i * bytes);
        while (ended-- > 0)
            out_char(out, ']');
    }
}

static bool array_json_array(struct out *out, const struct array *array, struct error *error)
{
    struct out numbers;
    size_t count = 0;
    out_begin(&numbers, -1, out->name);
    const bool ok =
        array_count(array, &count) && array_write(array, &numbers, error) && out_finish(&numbers, error);
    if (ok)
        array_json_numbers(out, array, numbers.data, count);
    out_free(&numbers);
    return ok;
}

/* ---- names ---- */

/* An array, and what its name says: layers.3.q is q of layer 3. A result calls its attention weights. */
struct named_array {
    const struct array *array;
    const char *key;
    size_t layer; /* SIZE_MAX: of none */
};

static struct named_array named_array(const struct array *array, bool is_result)
{
    struct named_array named = {array, array->name, SIZE_MAX};
    const char *key = dump_name_of_layer(array->name, &named.layer);
    named.key = key ? key : array->name;
    if (is_result && strcmp(named.key, input_names[INPUT_ATTENTION]) == 0)
        named.key = "weights";
    return named;
}

/* Warns of names under which attn finds nothing. */
static void warn_unknown(const struct array *arrays, size_t count, struct warnings *warnings)
{
    const char *first = NULL;
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++) {
        const char *key = named_array(&arrays[i], false).key;
        if (input_named(key) == INPUT_COUNT && strcmp(key, "weights") != 0 && !json_names_ids(key) &&
            !json_names_other(key) && unknown++ == 0)
            first = arrays[i].name;
    }
    if (unknown == 1)
        warnings_add(warnings, "%s is no key of a JSON input: --rename gives it another name", first);
    else if (unknown > 1)
        warnings_add(warnings,
                     "%s and %zu more names are no keys of a JSON input: --rename gives them others", first,
                     unknown - 1);
}

/* By layers; within one as in the file. */
static int compare_named_layers(const void *a, const void *b)
{
    const struct named_array *left = a, *right = b;
    if (left->layer != right->layer)
        return left->layer < right->layer ? -1 : 1;
    return (left->array > right->array) - (left->array < right->array);
}

/* By keys, and by layers within one. */
static int compare_named_keys(const void *a, const void *b)
{
    const struct named_array *left = a, *right = b;
    const int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left->layer > right->layer) - (left->layer < right->layer);
}

/* ---- the object ---- */

static bool array_json_member(struct input_json *json, const struct named_array *named, struct error *error)
{
    input_json_key(json, named->key);
    return array_json_array(json->out, named->array, error);
}

/* A list of objects, one a layer: those that `about` has, or one for each number that arrays have. */
static bool array_json_layers(struct input_json *json, const struct inputs *about,
                              const struct named_array *list, size_t count, struct error *error)
{
    const size_t layers = about->layers_given ? about->layer_count : 0;
    size_t at = 0;
    bool ok = true;
    input_json_key(json, "layers");
    for (size_t l = 0; ok && (l < layers || at < count); l++) {
        struct input_json object = {json->out, "{"};
        const size_t number = l < layers ? l : list[at].layer;
        out_text(json->out, l > 0 ? ",\n" : "[");
        if (l < layers)
            input_json_layer(&object, &about->layers[l]);
        for (; ok && at < count && list[at].layer == number; at++)
            ok = array_json_member(&object, &list[at], error);
        input_json_end(&object);
    }
    out_char(json->out, ']');
    return ok;
}

/* A list under each key, an element a layer. */
static bool array_json_lists(struct input_json *json, struct named_array *list, size_t count,
                             struct error *error)
{
    bool ok = true;
    qsort(list, count, sizeof *list, compare_named_keys);
    for (size_t i = 0; ok && i < count; i++) {
        const bool begins = i == 0 || strcmp(list[i - 1].key, list[i].key) != 0;
        const bool ends = i + 1 == count || strcmp(list[i + 1].key, list[i].key) != 0;
        if (begins)
            input_json_key(json, list[i].key);
        out_text(json->out, begins ? "[" : ",\n");
        ok = array_json_array(json->out, list[i].array, error);
        out_text(json->out, ends ? "]" : "");
    }
    return ok;
}

bool array_json_write(const struct inputs *about, const struct array *arrays, size_t count, struct out *out,
                      struct warnings *warnings, struct error *error)
{
    struct input_json json = {out, "{"};
    struct named_array *list = memory_alloc(count, sizeof *list, error);
    size_t layered = 0; /* the arrays of layers stand in front */
    bool ok = list;
    for (size_t i = 0; ok && i < count; i++)
        list[i] = named_array(&arrays[i], about->is_result);
    if (ok && count > 0)
        qsort(list, count, sizeof *list, compare_named_layers);
    while (ok && layered < count && list[layered].layer != SIZE_MAX)
        layered++;
    if (ok)
        input_json_all(&json, about);
    for (size_t i = layered; ok && i < count; i++)
        ok = array_json_member(&json, &list[i], error);
    if (ok && about->is_result)
        ok = array_json_lists(&json, list, layered, error);
    else if (ok && (layered > 0 || about->layers_given))
        ok = array_json_layers(&json, about, list, layered, error);
    input_json_end(&json);
    out_char(out, '\n');
    if (ok && !about->is_result)
        warn_unknown(arrays, count, warnings);
    free(list);
    return ok;
}

static const char *const array_json_endings[] = {".json", NULL};

const struct format format_array_json = {
    .name = "json", .what = "a JSON input", .endings = array_json_endings, .holds = exact_number_holds};
