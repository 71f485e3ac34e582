#include "cmd/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/kernel.h"
#include "read/read.h"

static size_t is_standard_input(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* There must be an input, and standard input ends when it has been read. */
static bool check_files(const struct options *options, const char *command, struct error *error)
{
    size_t files = options->operand_count;
    size_t standard = is_standard_input(options->tokens_file) + is_standard_input(options->key_tokens_file);
    for (size_t i = 0; i < options->operand_count; i++)
        standard += is_standard_input(options->operands[i]);
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        files += options->input_files[i] != NULL;
        standard += is_standard_input(options->input_files[i]);
    }
    if (files == 0)
        return error_set(error, ERROR_USAGE,
                         "no input; expected attn %s FILE, attn %s - or --q FILE --k FILE --v FILE", command,
                         command);
    if (standard > 1)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    for (size_t i = 0; i < options->loose_count; i++)
        if (access(options->loose[i].word, F_OK) != 0)
            return error_set(error, ERROR_USAGE, "there is no file %s; did you mean --%s=%s?",
                             options->loose[i].word, options->loose[i].kind->name, options->loose[i].word);
    return true;
}

/* Labels of a file of their own replace those that came with the tensors. */
static bool read_labels(struct inputs *inputs, struct labels *labels, int what, const char *called,
                        const char *path, struct warnings *warnings, struct error *error)
{
    if (!path)
        return true;
    struct read_target target = {.what = what, .called = called};
    labels_free(labels);
    return read_file(inputs, path, NULL, &target, warnings, error);
}

bool load_inputs(struct inputs *inputs, const struct options *options, const char *command,
                 struct warnings *warnings, struct error *error)
{
    if (!check_files(options, command, error))
        return false;
    /* Operands, then the files of single tensors, then labels. */
    struct read_target any = {.what = READ_ANY};
    for (size_t i = 0; i < options->operand_count; i++)
        if (!read_file(inputs, options->operands[i], options->input_format, &any, warnings, error))
            return false;
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const char *path = options->input_files[i];
        struct read_target target = {.what = READ_TENSOR, .input = i, .called = input_names[i]};
        if (path && !read_file(inputs, path, options->input_format, &target, warnings, error))
            return false;
        inputs->from_option[i] = path != NULL;
    }
    return read_labels(inputs, &inputs->tokens, READ_TOKENS, "tokens", options->tokens_file, warnings,
                       error) &&
           read_labels(inputs, &inputs->key_tokens, READ_KEY_TOKENS, "key_tokens", options->key_tokens_file,
                       warnings, error);
}

void load_warn(const struct warnings *warnings, size_t from, const struct options *options)
{
    for (size_t i = from; !options->quiet && i < warnings->count; i++)
        fprintf(stderr, "attn: warning: %s\n", warnings->text[i]);
}

static void say_tensors(const struct layer_inputs *layer, const char *prefix)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const struct tensor *tensor = &layer->tensor[i];
        char shape[96], file[512];
        if (!tensor->data)
            continue;
        text_clean(file, sizeof file, tensor->place.file ? tensor->place.file : "");
        fprintf(stderr, "attn: %s%s is %s, from %s:%zu:%zu\n", prefix, input_names[i],
                tensor_shape(tensor, shape), file, tensor->place.line, tensor->place.column);
    }
}

void load_say(const struct inputs *inputs, const struct problem *problem)
{
    const struct problem_layer *first = &problem->layers[0];
    say_tensors(&inputs->all, "");
    for (size_t l = 0; l < inputs->layer_count; l++) {
        char prefix[40];
        snprintf(prefix, sizeof prefix, "layer %zu: ", l);
        say_tensors(&inputs->layers[l], prefix);
    }
    fprintf(stderr, "attn: %zu layer%s, %zu head%s, %zu queries, %zu keys", problem->layer_count,
            problem->layer_count == 1 ? "" : "s", problem->heads, problem->heads == 1 ? "" : "s", problem->n,
            problem->m);
    if (problem->kv_heads != problem->heads)
        fprintf(stderr, ", %zu key/value heads", problem->kv_heads);
    if (!first->attention)
        fprintf(stderr, ", d_k %zu, d_v %zu, scale %.9g", problem->d_k, problem->d_v, first->scale);
    if (settings_have(&first->settings, SETTING_TEMPERATURE))
        fprintf(stderr, ", temperature %.9g", first->settings.temperature);
    if (first->rules.causal)
        fprintf(stderr, ", causal with offset %lld", (long long)first->offset);
    fprintf(stderr, "%s\n", first->attention ? ", weights as given" : "");
}

static const char *chosen_cpu(const struct options *options)
{
    return options->cpu ? options->cpu : getenv("ATTN_CPU");
}

bool load_cpu(const struct options *options, bool *plain, struct error *error)
{
    const char *cpu = chosen_cpu(options);
    *plain = cpu && strcmp(cpu, "plain") == 0;
    if (!cpu || !*cpu || *plain || kernel_choose(cpu))
        return true;
    bool known = false;
    for (size_t i = 0; kernel_listed(i); i++)
        known = known || strcmp(kernel_listed(i), cpu) == 0;
    if (known)
        return error_set(error, ERROR_SYSTEM, "%s %s: this processor cannot run it",
                         options->cpu ? "--cpu" : "ATTN_CPU", cpu);
    return error_set(error, ERROR_USAGE, "ATTN_CPU is \"%s\": expected avx512, avx2, portable or plain", cpu);
}
