#include "cmd/computation_say.h"

#include <stdio.h>

#include "base/text.h"
#include "cmd/called.h"

void computation_warn(struct computation *computation)
{
    const struct warnings *warnings = &computation->warnings;
    const char *called = computation->called;
    for (; computation->warned < warnings->count; computation->warned++) {
        const char *text = warnings->text[computation->warned];
        char of_one[CALLED_SIZE];
        if (called)
            called_put(of_one, called, text);
        if (!computation->quiet)
            fprintf(stderr, "attn: warning: %s\n", called ? of_one : text);
    }
}

static void say_tensors(const struct layer_inputs *layer, const char *prefix)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const struct tensor *tensor = &layer->tensor[i];
        char shape[96], file[512];
        if (!tensor->data)
            continue;
        text_clean(file, sizeof file, tensor->place.file ? tensor->place.file : "");
        fprintf(stderr, "attn: %s%s is %s, from %s", prefix, input_names[i], tensor_shape(tensor, shape),
                file);
        if (tensor->place.line > 0)
            fprintf(stderr, ":%zu:%zu", tensor->place.line, tensor->place.column);
        fputc('\n', stderr);
    }
}

/* What was made of one part, in a line. */
static void say_part(const struct part *part)
{
    const struct problem *problem = &part->problem;
    const struct problem_layer *first = &problem->layers[0];
    if (problem->layer_count < problem->layers_in_all)
        fprintf(stderr, "attn: from layer %zu on: ", problem->layer_first);
    else
        fprintf(stderr, "attn: ");
    fprintf(stderr, "%zu layer%s, %zu head%s, %zu queries, %zu keys", problem->layer_count,
            problem->layer_count == 1 ? "" : "s", problem->heads, problem->heads == 1 ? "" : "s", problem->n,
            problem->m);
    if (problem->kv_heads != problem->heads)
        fprintf(stderr, ", %zu key/value heads", problem->kv_heads);
    if (!first->attention)
        fprintf(stderr, ", d_k %zu, d_v %zu, scale", problem->d_k, problem->d_v);
    for (size_t h = 0; !first->attention && h < first->scale.count; h++)
        fprintf(stderr, "%s %.9g", h > 0 ? "," : "", first->scale.at[h]);
    if (settings_have(&first->settings, SETTING_TEMPERATURE))
        for (size_t h = 0; h < first->settings.temperature.count; h++)
            fprintf(stderr, "%s %.9g", h > 0 ? "," : ", temperature", first->settings.temperature.at[h]);
    if (first->rules.causal)
        fprintf(stderr, ", causal with offset %lld", (long long)first->offset);
    fprintf(stderr, "%s\n", first->attention ? ", weights as given" : "");
    if (part->leaving)
        fprintf(stderr, "attn: tokens are left out: %zu queries and %zu keys stay\n", problem->n, problem->m);
    if (part->joining.are_joined)
        fprintf(stderr, "attn: words: %zu queries and %zu keys\n", part->shown->n, part->shown->m);
}

void computation_say(const struct computation *computation)
{
    const struct inputs *inputs = &computation->inputs;
    for (size_t i = 0; i < inputs->notes.count; i++)
        fprintf(stderr, "attn: %s\n", inputs->notes.text[i]);
    say_tensors(&inputs->all, "");
    /* The layers of a model are alike: the first is enough. */
    bool said = false;
    for (size_t l = 0; l < inputs->layer_count && !(said && computation->has_model); l++) {
        char prefix[40];
        snprintf(prefix, sizeof prefix, "layer %zu: ", l);
        say_tensors(&inputs->layers[l], prefix);
        said = !inputs->layers[l].is_idle;
    }
    for (size_t i = 0; i < computation->part_count; i++)
        say_part(&computation->parts[i]);
}
