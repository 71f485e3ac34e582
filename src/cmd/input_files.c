#include "cmd/input_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "compute/joining.h"
#include "compute/selection.h"
#include "problem/batch.h"
#include "problem/deferred.h"
#include "read/array_path.h"
#include "read/dump_names.h"
#include "read/model_layers.h"
#include "read/read.h"
#include "read/vocabulary.h"

enum { FILES_BESIDE = 6 };

size_t input_files_count(const struct options *options)
{
    return options->operand_count + INPUT_COUNT + FILES_BESIDE;
}

const char *input_files_path(const struct options *options, size_t i)
{
    const struct input_options *files = &options->input;
    const char *const beside[FILES_BESIDE] = {files->tokens_file, files->key_tokens_file,
                                              files->projections, files->config,
                                              files->tokenizer,   options->patch.image_file};
    const size_t operands = options->operand_count;
    return i < operands                 ? options->operands[i]
           : i < operands + INPUT_COUNT ? files->files[i - operands]
                                        : beside[i - operands - INPUT_COUNT];
}

size_t input_files_standard(const struct options *options)
{
    size_t count = 0;
    for (size_t i = 0; i < input_files_count(options); i++) {
        const char *path = input_files_path(options, i);
        count += path && array_path_is_standard(path);
    }
    return count;
}

/* There must be an input, and standard input ends when it has been read. */
static bool check_files(const struct options *options, const struct command *command, struct error *error)
{
    size_t files = options->operand_count;
    for (enum input i = 0; i < INPUT_COUNT; i++)
        files += options->input.files[i] != NULL;
    if (files == 0)
        return error_set(error, ERROR_USAGE,
                         "no input; expected attn %s FILE, attn %s - or --q FILE --k FILE --v FILE",
                         command->name, command->name);
    if (input_files_standard(options) > 1)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    return true;
}

/* Labels of a file of their own replace those that came with the tensors. */
static bool read_labels(struct inputs *inputs, struct labels *labels, int what, const char *called,
                        const char *path, const struct input_options *said, struct warnings *warnings,
                        struct error *error)
{
    if (!path)
        return true;
    struct read_target target = {.what = what,
                                 .called = called,
                                 .header = said->header,
                                 .has_batch = said->has_batch || inputs->batch_size > 0,
                                 .batch = said->batch};
    labels_free(labels);
    return read_file(inputs, path, NULL, &target, warnings, error);
}

static bool is_range(const struct index_range *range)
{
    return range->first > 0 || range->end > 0;
}

/* Whether less than all numbers of the inputs will be looked at. */
static bool reads_parts(const struct options *options, bool one_layer)
{
    const struct selection_options *chosen = &options->selection;
    return one_layer || options->input.has_batch || chosen->layers.count > 0 || chosen->heads.count > 0 ||
           is_range(&chosen->queries) || is_range(&chosen->keys);
}

/* Bytes that compressed arrays may unpack to; 0: nothing is said. Small ones always may. */
static size_t unpack_most(const struct options *options)
{
    const size_t said = options->engine.memory;
    return said > 0 && said < ARCHIVE_SMALL ? ARCHIVE_SMALL : said;
}

/* Operands, then the files of single tensors, then labels, which are those of the sequence that is chosen. */
static bool read_files(struct inputs *inputs, const struct options *options, bool one_layer,
                       struct warnings *warnings, struct error *error)
{
    const struct input_options *files = &options->input;
    const bool in_parts = reads_parts(options, one_layer);
    const struct read_target any = {.what = READ_ANY,
                                    .header = files->header,
                                    .part = files->part,
                                    .dtype = files->dtype,
                                    .text = files->text,
                                    .has_batch = files->has_batch,
                                    .batch = files->batch,
                                    .memory = unpack_most(options),
                                    .in_parts = in_parts};
    if (files->line && !read_source(inputs, files->line, "json", &any, NULL, warnings, error))
        return false;
    for (size_t i = 0; !files->line && i < options->operand_count; i++)
        if (!read_file(inputs, options->operands[i], files->format, &any, warnings, error))
            return false;
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const char *path = files->files[i];
        const struct read_target target = {.what = READ_TENSOR,
                                           .input = i,
                                           .called = input_names[i],
                                           .header = files->header,
                                           .part = files->part,
                                           .dtype = files->dtype,
                                           .text = i == INPUT_EMBEDDINGS ? files->text : NULL,
                                           .has_batch = files->has_batch,
                                           .batch = files->batch,
                                           .memory = unpack_most(options),
                                           .in_parts = in_parts};
        if (path && !read_file(inputs, path, files->format, &target, warnings, error))
            return false;
        inputs->from_option[i] = path != NULL;
    }
    if (files->text && !inputs->has_text)
        return error_set(
            error, ERROR_USAGE,
            "--text takes the rows of its words from a file of word vectors, and no input is one: "
            "expected lines of a word and its numbers, as word2vec, GloVe and fastText write them");
    if (files->part > PART_ONLY && !inputs->has_parts && !files->projections)
        return error_set(
            error, ERROR_USAGE,
            "--part %s: no input has the parts of an encoder-decoder: expected it without --part",
            dump_part_names[files->part]);
    if ((files->has_batch || files->transpose) && !deferred_fetch(inputs, NULL, error))
        return false;
    return (!files->has_batch || inputs_choose_batch(inputs, files->batch, error)) &&
           (!files->transpose || inputs_transpose(inputs, error)) &&
           read_labels(inputs, &inputs->tokens, READ_TOKENS, "tokens", files->tokens_file, files, warnings,
                       error) &&
           read_labels(inputs, &inputs->key_tokens, READ_KEY_TOKENS, "key_tokens", files->key_tokens_file,
                       files, warnings, error) &&
           inputs_cut_padding(inputs, warnings, error);
}

/* The numbers of --ids, in the place of those of the files. */
static bool parse_ids(struct inputs *inputs, const char *text, struct error *error)
{
    size_t count = 1;
    for (const char *at = text; *at; at++)
        count += *at == ',';
    tensor_free(&inputs->ids);
    inputs->ids = (struct tensor){.rank = 1,
                                  .shape = {count},
                                  .holds = TENSOR_NUMBERS,
                                  .place = {.file = "--ids"},
                                  .data = memory_alloc(count, sizeof(float), error)};
    for (size_t i = 0; inputs->ids.data && i < count; i++) {
        char *end;
        const unsigned long id = strtoul(text, &end, 10);
        if (*text < '0' || *text > '9' || end - text > 8 || (*end != ',' && *end != 0))
            return error_set(error, ERROR_USAGE,
                             "--ids: \"%.*s\" is no number of a token: expected whole numbers as 1,403,407",
                             (int)strcspn(text, ","), text);
        inputs->ids.data[i] = (float)id;
        text = end + 1;
    }
    return inputs->ids.data;
}

/* The numbers of tokens as their labels. */
static bool show_ids(struct inputs *inputs, struct error *error)
{
    const size_t count = tensor_count(&inputs->ids);
    struct labels *labels = &inputs->tokens;
    *labels = (struct labels){.given = true, .place = inputs->ids.place};
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    for (; labels->text && labels->count < count; labels->count++) {
        labels->text[labels->count] = text_format("%.0f", (double)inputs->ids.data[labels->count]);
        if (!labels->text[labels->count])
            return error_memory(error, 32);
    }
    return labels->text;
}

/* Labels the tokens by their numbers in a vocabulary, unless labels were given. The numbers are those of one sequence. */
static bool label_ids(struct inputs *inputs, const struct input_options *said, struct error *error)
{
    struct vocabulary vocabulary = {0};
    if (said->ids && !parse_ids(inputs, said->ids, error))
        return false;
    if (inputs->ids.data && inputs->ids.rank > 1)
        return place_error(
            &inputs->ids.place, error,
            "the numbers of the tokens are %zu×%zu: expected a list, or --batch N, which takes one "
            "sequence of a batch",
            inputs->ids.shape[0], inputs->ids.shape[1]);
    if (said->tokenizer && !inputs->ids.data)
        return error_set(
            error, ERROR_USAGE,
            "--tokenizer %s needs the numbers of the tokens: expected --ids, or input_ids in the inputs",
            said->tokenizer);
    if (said->ids && !said->tokenizer)
        return error_set(error, ERROR_USAGE,
                         "--ids needs --tokenizer, the vocabulary that they are numbers of");
    if (!said->tokenizer && inputs->ids.data && !inputs->tokens.given)
        warnings_add(&inputs->notes, "%s: the numbers of tokens, which --tokenizer FILE would give labels",
                     inputs->ids.place.file);
    if (inputs->tokens.given || !(said->tokenizer || inputs->ids_are_tokens))
        return true;
    if (!said->tokenizer)
        return show_ids(inputs, error);
    const bool ok = vocabulary_read(&vocabulary, said->tokenizer, error) &&
                    vocabulary_label(&vocabulary, &inputs->ids, &inputs->tokens, error);
    vocabulary_free(&vocabulary);
    return ok;
}

/* The layers of a model that are chosen, put into the inputs. */
static bool put_model(struct inputs *inputs, struct model *model, const struct options *options,
                      bool one_layer, struct error *error)
{
    const struct span_list *layers = &options->selection.layers;
    const struct pick_list *picks = &options->selection.picks;
    static const struct index_span first = {0, 1};
    const bool is_first = one_layer && layers->count == 0;
    size_t *chosen = NULL, count = 0;
    bool ok = picks->count > 0
                  ? selection_pick_numbers(&chosen, &count, picks->span, picks->count, false,
                                           model->layer_count, error)
                  : selection_list(&chosen, &count, is_first ? &first : layers->span,
                                   is_first ? 1 : layers->count, NULL, model->layer_count, "layer", error);
    ok = ok && model_put(model, inputs, &options->input.settings, chosen, count, error);
    free(chosen);
    return ok;
}

/* The projections of a model, if there is one. */
static bool read_model(struct inputs *inputs, const struct options *options, bool one_layer,
                       struct warnings *warnings, struct error *error)
{
    const struct input_options *said = &options->input;
    const struct model_choice choice = {said->projections, said->config, said->profile,
                                        (enum dump_part)said->part, unpack_most(options)};
    struct model model = {0};
    if (!said->projections && (said->config || said->profile))
        return error_set(error, ERROR_USAGE, "%s needs --projections",
                         said->config ? "--config" : "--profile");
    const bool ok = !said->projections || (model_open(&model, inputs, &choice, warnings, error) &&
                                           put_model(inputs, &model, options, one_layer, error));
    model_free(&model);
    return ok;
}

/* The title and the grid of patches of the command line, over those of the files. */
static bool put_options(struct inputs *inputs, const struct input_options *said, struct error *error)
{
    if (said->patch_grid[0] > 0) {
        memcpy(inputs->patch_grid, said->patch_grid, sizeof inputs->patch_grid);
        inputs->patch_grid_place = (struct place){0};
        for (size_t l = 0; l < inputs->layer_count; l++)
            inputs->layers[l].patch_grid[0] = inputs->layers[l].patch_grid[1] = 0;
    }
    if (!said->title)
        return true;
    free(inputs->title);
    inputs->title = text_copy(said->title);
    return inputs->title || error_memory(error, strlen(said->title) + 1);
}
/* The layers, or the heads, that are chosen of deferred weights; *list is NULL for all. What is wrong in them is said where the problem
 * is known. */
static bool choose_deferred(size_t **list, size_t *count, const struct selection_options *said,
                            bool are_heads, size_t limit, struct error *error)
{
    const struct span_list *spans = are_heads ? &said->heads : &said->layers;
    const struct pick_list *picks = &said->picks;
    struct error wrong = {0};
    *list = NULL;
    if (limit == 0 ||
        (picks->count > 0
             ? selection_pick_numbers(list, count, picks->span, picks->count, are_heads, limit, &wrong)
             : selection_list(list, count, spans->span, spans->count, NULL, limit, "one", &wrong)))
        return true;
    free(*list);
    *list = NULL;
    return wrong.kind != ERROR_SYSTEM || error_set(error, ERROR_SYSTEM, "%s", wrong.message);
}

/* Whether the output of all heads is made of the weights: a mean over heads leaves it whole. */
static bool needs_output(const struct inputs *inputs, const struct selection_options *said)
{
    bool has_values = inputs->all.tensor[INPUT_V].data;
    for (size_t l = 0; l < inputs->layer_count; l++)
        has_values = has_values || inputs->layers[l].tensor[INPUT_V].data;
    return has_values && said->average;
}

/* Fetches the weights of the layers and heads that are chosen; words are made of all. */
static bool fetch_weights(struct inputs *inputs, const struct options *options, struct error *error)
{
    const struct selection_options *said = &options->selection;
    const bool has_words = options->selection.words == WORDS_PIECES || inputs->all.tensor[INPUT_WORDS].data ||
                           inputs->all.tensor[INPUT_KEY_WORDS].data;
    struct deferred_choice choice = {0};
    size_t *layers = NULL, *heads = NULL;
    /* A result with numbers of its own holds what was chosen before. */
    const bool is_numbered = inputs->numbering.layers || inputs->numbering.heads;
    bool ok = has_words || is_numbered ||
              (choose_deferred(&layers, &choice.layer_count, said, false, deferred_layers(inputs), error) &&
               (needs_output(inputs, said) ||
                choose_deferred(&heads, &choice.head_count, said, true, deferred_heads(inputs), error)));
    choice.layers = layers;
    choice.heads = heads;
    ok = ok && deferred_fetch(inputs, &choice, error);
    free(layers);
    free(heads);
    return ok;
}

bool input_files_read(struct inputs *inputs, const struct options *options, const struct command *command,
                      bool one_layer, struct warnings *warnings, struct error *error)
{
    return check_files(options, command, error) && read_files(inputs, options, one_layer, warnings, error) &&
           label_ids(inputs, &options->input, error) &&
           read_model(inputs, options, one_layer, warnings, error) && fetch_weights(inputs, options, error) &&
           put_options(inputs, &options->input, error);
}
