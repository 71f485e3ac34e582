#include "cmd/computation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/workers.h"
#include "compute/joining_result.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "read/read.h"

static bool is_standard_input(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* There must be an input, and standard input ends when it has been read. */
static bool check_files(const struct options *options, const struct command *command, struct error *error)
{
    size_t files = options->operand_count;
    size_t standard = 0;
    standard += is_standard_input(options->input.tokens_file);
    standard += is_standard_input(options->input.key_tokens_file);
    for (size_t i = 0; i < options->operand_count; i++)
        standard += is_standard_input(options->operands[i]);
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        files += options->input.files[i] != NULL;
        standard += is_standard_input(options->input.files[i]);
    }
    if (files == 0)
        return error_set(error, ERROR_USAGE,
                         "no input; expected attn %s FILE, attn %s - or --q FILE --k FILE --v FILE",
                         command->name, command->name);
    if (standard > 1)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    return true;
}

/* Labels of a file of their own replace those that came with the tensors. */
static bool read_labels(struct inputs *inputs, struct labels *labels, int what, const char *called,
                        const char *path, int header, struct warnings *warnings, struct error *error)
{
    if (!path)
        return true;
    struct read_target target = {.what = what, .called = called, .header = header};
    labels_free(labels);
    return read_file(inputs, path, NULL, &target, warnings, error);
}

/* Operands, then the files of single tensors, then labels. */
static bool read_files(struct inputs *inputs, const struct input_options *files, const char *const *operands,
                       size_t count, struct warnings *warnings, struct error *error)
{
    struct read_target any = {.what = READ_ANY, .header = files->header};
    for (size_t i = 0; i < count; i++)
        if (!read_file(inputs, operands[i], files->format, &any, warnings, error))
            return false;
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const char *path = files->files[i];
        struct read_target target = {
            .what = READ_TENSOR, .input = i, .called = input_names[i], .header = files->header};
        if (path && !read_file(inputs, path, files->format, &target, warnings, error))
            return false;
        inputs->from_option[i] = path != NULL;
    }
    return read_labels(inputs, &inputs->tokens, READ_TOKENS, "tokens", files->tokens_file, files->header,
                       warnings, error) &&
           read_labels(inputs, &inputs->key_tokens, READ_KEY_TOKENS, "key_tokens", files->key_tokens_file,
                       files->header, warnings, error);
}

/* The title and the grid of patches of the command line, over those of the files. */
static bool put_options(struct inputs *inputs, const struct input_options *said, struct error *error)
{
    if (said->patch_grid[0] > 0) {
        memcpy(inputs->patch_grid, said->patch_grid, sizeof inputs->patch_grid);
        inputs->patch_grid_place = (struct place){0};
    }
    if (!said->title)
        return true;
    free(inputs->title);
    inputs->title = text_copy(said->title);
    return inputs->title || error_memory(error, strlen(said->title) + 1);
}

bool computation_read(struct computation *computation, const struct options *options,
                      const struct command *command, struct error *error)
{
    return check_files(options, command, error) &&
           read_files(&computation->inputs, &options->input, options->operands, options->operand_count,
                      &computation->warnings, error) &&
           put_options(&computation->inputs, &options->input, error);
}

bool computation_check(struct computation *computation, const struct options *options, struct error *error)
{
    return problem_make(&computation->problem, &computation->inputs, &options->input.settings,
                        &computation->warnings, error);
}

/* Finds the words. All weights are then computed for them, and the selection is one of words. */
static bool join_words(struct computation *c, const struct options *options, struct error *error)
{
    c->shown = &c->problem;
    if (!joining_find(&c->joining, (enum words_from)options->selection.words, &c->problem, &c->inputs,
                      &c->warnings, error))
        return false;
    if (!c->joining.are_joined)
        return true;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (options->output.stages & 1u << s && s != STAGE_WEIGHTS && s != STAGE_MASK)
            return error_set(error, ERROR_USAGE,
                             "--stage %s is of tokens, and here they are joined to words: add --words=no",
                             stage_names[s]);
    c->shown = &c->joining.problem;
    c->request.selection = &c->whole;
    c->request.whole_for = options->selection.words == WORDS_PIECES ? "--words" : "words";
    return selection_check(&c->whole, &c->problem, error);
}

bool computation_select(struct computation *computation, const struct options *options, struct error *error)
{
    struct computation *c = computation;
    const struct span_list *layers = &options->selection.layers, *heads = &options->selection.heads;
    bool ok = selection_list(&c->layers, &c->selection.layer_count, layers->span, layers->count,
                             c->problem.layer_count, "layer", error) &&
              selection_list(&c->heads, &c->selection.head_count, heads->span, heads->count, c->problem.heads,
                             "head", error);
    c->selection.layers = c->layers;
    c->selection.heads = c->heads;
    return ok && join_words(c, options, error) && selection_check(&c->selection, c->shown, error);
}

bool computation_compute(struct computation *computation, struct error *error)
{
    struct computation *c = computation;
    progress_begin(&c->progress, c->quiet);
    bool ok = result_compute(&c->result, &c->problem, &c->request, &c->warnings, error) &&
              (!c->joining.are_joined ||
               joining_result(&c->joining, &c->result, c->request.engine.threads, error)) &&
              excerpt_make(&c->excerpt, c->joining.are_joined ? &c->joining.result : &c->result,
                           &c->selection, error);
    progress_end(&c->progress);
    return ok;
}

void computation_warn(struct computation *computation)
{
    const struct warnings *warnings = &computation->warnings;
    for (; computation->warned < warnings->count; computation->warned++)
        if (!computation->quiet)
            fprintf(stderr, "attn: warning: %s\n", warnings->text[computation->warned]);
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

void computation_say(const struct computation *computation)
{
    const struct inputs *inputs = &computation->inputs;
    const struct problem *problem = &computation->problem;
    const struct problem_layer *first = &problem->layers[0];
    for (size_t i = 0; i < inputs->notes.count; i++)
        fprintf(stderr, "attn: %s\n", inputs->notes.text[i]);
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
        fprintf(stderr, ", d_k %zu, d_v %zu, scale", problem->d_k, problem->d_v);
    for (size_t h = 0; !first->attention && h < first->scale.count; h++)
        fprintf(stderr, "%s %.9g", h > 0 ? "," : "", first->scale.at[h]);
    if (settings_have(&first->settings, SETTING_TEMPERATURE))
        for (size_t h = 0; h < first->settings.temperature.count; h++)
            fprintf(stderr, "%s %.9g", h > 0 ? "," : ", temperature", first->settings.temperature.at[h]);
    if (first->rules.causal)
        fprintf(stderr, ", causal with offset %lld", (long long)first->offset);
    fprintf(stderr, "%s\n", first->attention ? ", weights as given" : "");
    if (computation->joining.are_joined)
        fprintf(stderr, "attn: words: %zu queries and %zu keys\n", computation->shown->n,
                computation->shown->m);
}

/* Selects the instructions; *plain: double precision. */
static bool choose_cpu(bool *plain, const struct options *options, struct error *error)
{
    const char *cpu = options->engine.cpu ? options->engine.cpu : getenv("ATTN_CPU");
    *plain = cpu && strcmp(cpu, "plain") == 0;
    if (!cpu || !*cpu || *plain || kernel_choose(cpu))
        return true;
    bool known = false;
    for (size_t i = 0; kernel_listed(i); i++)
        known = known || strcmp(kernel_listed(i), cpu) == 0;
    if (known)
        return error_set(error, ERROR_SYSTEM, "%s %s: this processor cannot run it",
                         options->engine.cpu ? "--cpu" : "ATTN_CPU", cpu);
    return error_set(error, ERROR_USAGE, "ATTN_CPU is \"%s\": expected avx512, avx2, portable or plain", cpu);
}

/* The part of the machine's memory that the computation takes for itself unless told. */
static size_t memory_share(void)
{
    enum { PART = 8 };
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / PART * (size_t)size : (size_t)1 << 30;
}

bool computation_begin(struct computation *computation, const struct options *options, struct error *error)
{
    struct computation *c = computation;
    const struct engine_choice *engine = &options->engine;
    const struct selection_options *chosen = &options->selection;
    c->quiet = options->quiet;
    c->selection = (struct selection){.query_first = chosen->queries.first,
                                      .query_end = chosen->queries.end,
                                      .key_first = chosen->keys.first,
                                      .key_end = chosen->keys.end,
                                      .average_heads = chosen->average & 1,
                                      .average_layers = chosen->average >> 1 & 1};
    c->request = (struct request){.max_weights = engine->max_weights,
                                  .selection = &c->selection,
                                  .engine = {.threads = (int)engine->threads,
                                             .memory_limit = engine->memory ? engine->memory : memory_share(),
                                             .progress = progress_rows,
                                             .context = &c->progress}};
    workers_limit(engine_threads((int)engine->threads));
    return choose_cpu(&c->request.engine.plain, options, error);
}

void computation_free(struct computation *computation)
{
    excerpt_free(&computation->excerpt);
    joining_free(&computation->joining);
    free(computation->layers);
    free(computation->heads);
    result_free(&computation->result);
    problem_free(&computation->problem);
    inputs_free(&computation->inputs);
    warnings_free(&computation->warnings);
}
