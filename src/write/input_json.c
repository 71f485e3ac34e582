#include "write/input_json.h"

#include <inttypes.h>
#include <string.h>

#include "problem/setting_kinds.h"
#include "problem/settings_write.h"

void input_json_key(struct input_json *json, const char *key)
{
    out_text(json->out, json->before);
    out_quoted(json->out, key);
    out_char(json->out, ':');
    json->before = ",\n";
}

void input_json_end(struct input_json *json)
{
    out_text(json->out, json->before[0] == '{' ? "{}" : "}");
}

static void write_settings(struct input_json *json, const struct settings *settings)
{
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        if (settings_have(settings, s)) {
            input_json_key(json, setting_kinds[s].name);
            settings_write(settings, s, json->out);
        }
}

static void write_grid(struct input_json *json, const size_t grid[2])
{
    if (grid[0] == 0)
        return;
    input_json_key(json, "grid");
    out_format(json->out, "[%zu,%zu]", grid[0], grid[1]);
}

static void write_labels(struct out *out, const struct labels *labels)
{
    out_char(out, '[');
    for (size_t i = 0; i < labels->count; i++) {
        out_text(out, i > 0 ? "," : "");
        out_quoted(out, labels->text[i]);
    }
    out_char(out, ']');
}

/* The labels of all layers: one list, or a list of them where each layer has its own. */
static void write_tokens(struct input_json *json, const struct inputs *inputs, const char *key)
{
    const bool keys = *key == 'k', by_layer = !inputs->layers_given && inputs->layer_count > 0;
    const struct labels *all = keys ? &inputs->key_tokens : &inputs->tokens;
    const struct labels *first = !by_layer ? NULL
                                 : keys    ? &inputs->layers[0].key_tokens
                                           : &inputs->layers[0].tokens;
    if (all->count > 0) {
        input_json_key(json, key);
        write_labels(json->out, all);
    } else if (first && first->count > 0) {
        input_json_key(json, key);
        out_char(json->out, '[');
        for (size_t l = 0; l < inputs->layer_count; l++) {
            out_text(json->out, l > 0 ? ",\n" : "");
            write_labels(json->out, keys ? &inputs->layers[l].key_tokens : &inputs->layers[l].tokens);
        }
        out_char(json->out, ']');
    }
}

static void write_number_list(struct out *out, const size_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out_format(out, "%c%zu", i == 0 ? '[' : ',', numbers[i]);
    out_char(out, ']');
}

/* A selection that has the numbers of layers and heads, if there are any. Rows of a table of pairs are whole all the same. */
static void write_numbering(struct out *out, const struct numbering *n, bool is_whole)
{
    out_text(out, is_whole ? "{\"whole_rows\":true," : "{");
    if (n->layers) {
        out_text(out, "\"layers\":");
        write_number_list(out, n->layers, n->layer_count);
    }
    if (n->heads) {
        out_text(out, n->layers ? ",\"heads\":" : "\"heads\":");
        for (size_t i = 0, first = 0; i < n->lists; first = n->ends[i++]) {
            out_text(out, n->lists == 1 ? "" : i == 0 ? "[" : ",");
            write_number_list(out, n->heads + first, n->ends[i] - first);
        }
        out_text(out, n->lists > 1 ? "]" : "");
    }
    out_char(out, '}');
}

/* Under what weights were computed, and which layers and heads they are a part of, where a result says it. */
static void write_result(struct input_json *json, const struct inputs *inputs)
{
    struct input_json config = {json->out, "{"};
    input_json_key(json, "schema");
    out_text(json->out, "\"attn/1\"");
    if (inputs->is_partial || inputs->numbering.layers || inputs->numbering.heads) {
        input_json_key(json, "selection");
        write_numbering(json->out, &inputs->numbering, !inputs->is_partial);
    }
    input_json_key(json, "config");
    write_settings(&config, &inputs->provenance);
    if (inputs->offset_count > 0) {
        input_json_key(&config, "offset");
        out_text(json->out, inputs->offset_count > 1 ? "[" : "");
        for (size_t i = 0; i < inputs->offset_count; i++)
            out_format(json->out, "%s%" PRId64, i > 0 ? "," : "", inputs->offsets[i]);
        out_text(json->out, inputs->offset_count > 1 ? "]" : "");
    }
    input_json_end(&config);
}

void input_json_all(struct input_json *json, const struct inputs *inputs)
{
    if (inputs->is_result)
        write_result(json, inputs);
    if (inputs->title) {
        input_json_key(json, "title");
        out_quoted(json->out, inputs->title);
    }
    write_grid(json, inputs->patch_grid);
    write_tokens(json, inputs, "tokens");
    write_tokens(json, inputs, "key_tokens");
    if (inputs->vocabulary.given) {
        input_json_key(json, "vocabulary");
        write_labels(json->out, &inputs->vocabulary);
    }
    write_settings(json, &inputs->all.settings);
}

void input_json_layer(struct input_json *json, const struct layer_inputs *layer)
{
    if (layer->title) {
        input_json_key(json, "title");
        out_quoted(json->out, layer->title);
    }
    write_grid(json, layer->patch_grid);
    if (layer->tokens.count > 0) {
        input_json_key(json, "tokens");
        write_labels(json->out, &layer->tokens);
    }
    if (layer->key_tokens.count > 0) {
        input_json_key(json, "key_tokens");
        write_labels(json->out, &layer->key_tokens);
    }
    write_settings(json, &layer->settings);
}

bool input_json_write(struct out *out, const struct inputs *inputs)
{
    struct input_json json = {out, "{"};
    input_json_all(&json, inputs);
    if (inputs->layers_given) {
        input_json_key(&json, "layers");
        for (size_t l = 0; l < inputs->layer_count; l++) {
            struct input_json layer = {out, "{"};
            out_text(out, l > 0 ? ",\n" : "[");
            input_json_layer(&layer, &inputs->layers[l]);
            input_json_end(&layer);
        }
        out_char(out, ']');
    }
    const bool any = json.before[0] != '{';
    input_json_end(&json);
    return any;
}
