/*
 * The options that commands share, group by group, in the order of --help. What a setting takes and does is said
 * by problem/setting_kinds.h; the options of one command alone are in its own file.
 */
#include "cmd/option_table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "attention/forms.h"
#include "cmd/option_rows.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/output_format.h"
#include "compute/row_stats.h"
#include "figure/colormap.h"
#include "problem/setting_kinds.h"
#include "read/dump_names.h"
#include "read/read.h"

#define SETTING_ROW(which, key)                                                                              \
    {                                                                                                        \
        .name = key, .parse = value_setting, .least = which, OPTION_AT(input.settings)                       \
    }
#define FILE_ROW(which, key, what)                                                                           \
    {                                                                                                        \
        .name = key, .argument = "FILE", .is_file = true, .help = what, .parse = value_file,                 \
        OPTION_AT(input.files) + (which) * sizeof(const char *)                                              \
    }

static const struct option_row output_rows[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "PATH",
     .is_file = true,
     .help = "a folder (ending in /), - for JSON on standard output, or a file; may be repeated (default: "
             "attn-out/). Endings of files:",
     .listed = output_endings,
     .parse = value_strings,
     OPTION_AT(output.paths)},
    {.name = "measures",
     .argument = "PATH",
     .is_file = true,
     .help = "write the measures of each head as CSV to this file, or to standard output (-)",
     .parse = value_file,
     OPTION_AT(output.measures)},
    {.name = "format",
     .argument = "FORMAT",
     .words = "json csv table none",
     .help =
         "what goes to standard output: json, csv, table or none (without -o: a table on a terminal, else "
         "JSON)",
     .parse = value_word,
     .least = FORMAT_JSON,
     OPTION_AT(output.format)},
    {.name = "stage",
     .argument = "STAGE",
     .words = stage_words,
     .help = "what to draw and write instead of the weights; may be repeated:",
     .listed = stage_words,
     .parse = value_stage,
     OPTION_AT(output.stages)},
    {.name = "steps",
     .help = "draw the steps of attention as one figure: q, k, scores, scaled, masked, weights, v and output "
             "of up to 4 heads; steps.png in a folder",
     .parse = value_flag,
     OPTION_AT(output.steps)},
    {.name = "versus",
     .argument = "OPTIONS",
     .help = "beside the input as given show it with these options too, in quotes, as '--scale 1': one "
             "figure (.png, .svg), and "
             "what changed (table, .json, .csv); up to 6 times",
     .parse = value_strings,
     OPTION_AT(output.versus)},
    {.name = "draw-mask",
     .help = "as --stage mask: which pairs are allowed",
     .parse = value_stage_bit,
     .least = STAGE_MASK,
     OPTION_AT(output.stages)},
    {.name = "masked",
     .argument = "0|nan",
     .words = "0 nan",
     .help = "what masked pairs are in .csv and .npy: weight 0 and masked score -inf (default), or nan",
     .parse = value_word,
     OPTION_AT(output.masked_nan)},
};
const struct option_group group_output = OPTION_GROUP("Output", output_rows);

static const struct option_row selection_rows[] = {
    {.name = "layer",
     .argument = "LIST",
     .help = "only these layers, such as 0,3,5:8 (counted from 0), or -1, the last",
     .parse = value_list,
     OPTION_AT(selection.layers)},
    {.name = "head",
     .argument = "LIST",
     .help = "only these heads",
     .parse = value_list,
     OPTION_AT(selection.heads)},
    OPTION_ROW_PICKS,
    {.name = "sort",
     .argument = "MEASURE",
     .help =
         "the heads with the largest first; -MEASURE: the smallest first; measures as attn stats has them:",
     .listed = stat_words,
     .parse = value_string,
     OPTION_AT(selection.sort)},
    {.name = "best",
     .argument = "N",
     .help = "with --sort: only the first N heads",
     .parse = value_count,
     .least = 1,
     .most = 1000000000,
     OPTION_AT(selection.best)},
    {.name = "average",
     .argument = "WHAT",
     .words = "heads layers heads,layers",
     .help = "the mean over the heads, the layers, or both (heads,layers) instead of each",
     .parse = value_average,
     OPTION_AT(selection.average)},
    {.name = "words",
     .argument = "[pieces|no]",
     .words = "pieces no",
     .help =
         "join tokens to the words that they are pieces of, by Ġ, ▁ and ##; no: not even where the input has "
         "words",
     .parse = value_words,
     OPTION_AT(selection.words)},
    {.name = "queries",
     .argument = "A:B",
     .help = "only the queries from A up to, not with, B",
     .parse = value_range,
     OPTION_AT(selection.queries)},
    {.name = "keys",
     .argument = "A:B",
     .help = "only the keys from A up to, not with, B",
     .parse = value_range,
     OPTION_AT(selection.keys)},
    OPTION_ROW_LEAVE_OUT,
    OPTION_ROW_RENORMALIZE,
};
const struct option_group group_selection = OPTION_GROUP("Selection", selection_rows);

static const struct option_row mask_rows[] = {
    SETTING_ROW(SETTING_CAUSAL, "causal"),
    SETTING_ROW(SETTING_WINDOW, "window"),
    SETTING_ROW(SETTING_PREFIX, "prefix"),
    SETTING_ROW(SETTING_DILATION, "dilation"),
    SETTING_ROW(SETTING_BLOCK, "block"),
    SETTING_ROW(SETTING_GLOBAL, "global"),
    SETTING_ROW(SETTING_SEPARATOR, "separator"),
    SETTING_ROW(SETTING_KEY_LENGTH, "key-length"),
    SETTING_ROW(SETTING_MASK_TRUE_BLOCKS, "mask-true-blocks"),
};
const struct option_group group_masks = OPTION_GROUP("Masks", mask_rows);

static const struct option_row attention_rows[] = {
    SETTING_ROW(SETTING_HEADS, "heads"),
    SETTING_ROW(SETTING_KV_HEADS, "kv-heads"),
    SETTING_ROW(SETTING_SCALE, "scale"),
    SETTING_ROW(SETTING_SOFTCAP, "softcap"),
    {.name = "threads",
     .argument = "N",
     .help = "threads (default: one a processor); the results are the same",
     .parse = value_count,
     .least = 1,
     .most = 1024,
     OPTION_AT(engine.threads)},
    {.name = "cpu",
     .argument = "NAME",
     .words = "avx512 avx2 portable plain",
     .help = "instructions to use: avx512, avx2 or portable (default: the best there are); plain: double "
             "precision",
     .parse = value_word_text,
     OPTION_AT(engine.cpu)},
};
const struct option_group group_attention = OPTION_GROUP("Attention", attention_rows);

static const struct option_row memory_rows[] = {
    {.name = "max-weights",
     .argument = "N",
     .help = "most weights held, over the chosen heads (default 16Mi); where there are more they are pooled",
     .parse = value_size,
     OPTION_AT(engine.max_weights)},
    {.name = "memory",
     .argument = "SIZE",
     .help =
         "memory that the computation may take for itself, and compressed inputs unpack to, such as 512Mi",
     .parse = value_size,
     OPTION_AT(engine.memory)},
};
const struct option_group group_memory = OPTION_GROUP("Attention", memory_rows);

static const struct option_row form_rows[] = {
    SETTING_ROW(SETTING_SCORE, "score"),
    SETTING_ROW(SETTING_TEMPERATURE, "temperature"),
    SETTING_ROW(SETTING_POSITION, "position"),
    SETTING_ROW(SETTING_POSITION_BASE, "position-base"),
    SETTING_ROW(SETTING_ROTARY_DIM, "rotary-dim"),
    SETTING_ROW(SETTING_MAX_DISTANCE, "max-distance"),
    SETTING_ROW(SETTING_POSITION_SECTIONS, "position-sections"),
    SETTING_ROW(SETTING_ROPE_SCALING, "rope-scaling"),
    SETTING_ROW(SETTING_ATTENTION_FACTOR, "attention-factor"),
    SETTING_ROW(SETTING_PAST_ROTATED, "past-rotated"),
    SETTING_ROW(SETTING_NORMALIZER, "normalizer"),
    SETTING_ROW(SETTING_TOP_K, "top-k"),
    SETTING_ROW(SETTING_SIGMA, "sigma"),
    SETTING_ROW(SETTING_MASK_FILL, "mask-fill"),
    SETTING_ROW(SETTING_DIFFERENTIAL, "differential"),
    SETTING_ROW(SETTING_SINK, "sink"),
    SETTING_ROW(SETTING_DROPOUT, "dropout"),
    SETTING_ROW(SETTING_SEED, "seed"),
    SETTING_ROW(SETTING_RECURRENCE, "recurrence"),
    SETTING_ROW(SETTING_W_LAYOUT, "w-layout"),
    SETTING_ROW(SETTING_QKV_LAYOUT, "qkv-layout"),
    SETTING_ROW(SETTING_QK_NORM_KIND, "qk-norm-kind"),
    SETTING_ROW(SETTING_QK_NORM_EPSILON, "qk-norm-epsilon"),
    SETTING_ROW(SETTING_RESIDUAL, "residual"),
    SETTING_ROW(SETTING_NORM, "norm"),
};
const struct option_group group_forms = OPTION_GROUP("Forms", form_rows);

static const struct option_row picture_rows[] = {
    {.name = "title", .argument = "TEXT", .help = "caption", .parse = value_utf8, OPTION_AT(input.title)},
    {.name = "cmap",
     .argument = "NAME",
     .words = colormap_words,
     .help = "colour map (default: viridis; over --image magma; for data with a sign RdBu_r):",
     .listed = colormap_words,
     .parse = value_word_text,
     OPTION_AT(style.cmap)},
    {.name = "color-scale",
     .argument = "SCALE",
     .words = "linear log sqrt",
     .help = "linear (default), sqrt, or log, which is for numbers above 0",
     .parse = value_word,
     OPTION_AT(style.scale)},
    {.name = "vmin",
     .argument = "X",
     .help =
         "value of the lowest colour (weights: 0; else that of the data, but with a sign and without --vmax "
         "as far below 0 as they reach on either side)",
     .parse = value_bound,
     OPTION_AT(style.vmin),
     .given = offsetof(struct options, style.has_vmin)},
    {.name = "vmax",
     .argument = "X|auto",
     .words = "auto",
     .help = "value of the highest colour (weights: 1, but of 256 keys or more that would be dark as with "
             "auto; else as "
             "--vmin); auto: the 99.5 % quantile of the cells of rows that see ten keys or more",
     .parse = value_top,
     OPTION_AT(style.vmax),
     .given = offsetof(struct options, style.has_vmax)},
    {.name = "cell",
     .argument = "PIXELS",
     .help = "size of a cell, 1 to 32767 (default: at most 56, less the more there are)",
     .parse = value_pixels,
     .least = 1,
     .most = 32767,
     OPTION_AT(style.cell)},
    {.name = "width",
     .argument = "PIXELS",
     .help = "most pixels the figure is wide, 1 to 32767 (default: about 1240); cells are pooled to fit",
     .parse = value_pixels,
     .least = 1,
     .most = 32767,
     OPTION_AT(style.width)},
    {.name = "size",
     .argument = "WxH",
     .help = "pixels that the picture has, such as 1920x1080: the panels are as large as fit",
     .parse = value_page,
     OPTION_AT(style.page)},
    {.name = "columns",
     .argument = "N",
     .help = "panels side by side, 1 to 4096 (default: a row of panels a layer, or a square of them)",
     .parse = value_count,
     .least = 1,
     .most = 4096,
     OPTION_AT(style.columns)},
    {.name = "dpi-scale",
     .argument = "X",
     .help = "X times the pixels each way, and an inch, 1 to 8 (default 1; 2 for slides)",
     .parse = value_number,
     .least = 1,
     .most = 8,
     OPTION_AT(style.dpi_scale)},
    {.name = "metadata",
     .argument = "none|title|command",
     .words = "none title command",
     .help = "what PNG and SVG say of themselves: nothing, title and program (default), or also the command "
             "line",
     .parse = value_word,
     OPTION_AT(style.metadata)},
    {.name = "annotate",
     .argument = "[auto|on|off]",
     .words = "auto on off",
     .help = "values in the cells (auto: where they fit)",
     .parse = value_annotate,
     OPTION_AT(style.annotate)},
    {.name = "label-angle",
     .argument = "auto|0|90",
     .words = "auto 0 90",
     .help = "texts beneath columns: level where all fit (auto), level and cut, turned",
     .parse = value_word,
     OPTION_AT(style.label_angle)},
    OPTION_ROW_FONT,
    {.name = "pool",
     .argument = "max|mean",
     .words = "max mean",
     .help = "how cells are combined where there are more than pixels",
     .parse = value_word,
     OPTION_AT(style.pool)},
};
const struct option_group group_picture = OPTION_GROUP("Picture", picture_rows);

static const struct option_row patch_rows[] = {
    {.name = "grid",
     .argument = "ROWS,COLS",
     .help =
         "the keys or queries are the patches of an image, so many high and wide: draw the weights over them",
     .parse = value_pair,
     OPTION_AT(input.patch_grid)},
    SETTING_ROW(SETTING_GRID_OFFSET, "grid-offset"),
    SETTING_ROW(SETTING_GRID_AXIS, "grid-axis"),
    {.name = "image",
     .argument = "FILE",
     .is_file = true,
     .help = "the picture itself, PNG or JPEG, drawn beneath the weights and, as it is, before them",
     .parse = value_file,
     OPTION_AT(patch.image_file)},
    {.name = "look-from",
     .argument = "QUERY|mean",
     .help =
         "where the keys are patches: the query whose weights are drawn, a number from 0 or a token, or the "
         "mean over the patches (default: CLS if there is one)",
     .parse = value_string,
     OPTION_AT(patch.from)},
    {.name = "look-at",
     .argument = "KEY",
     .help = "where the queries are patches: the key on which their weights are drawn, a number from 0 or a "
             "token "
             "(default: each, if there are at most 16)",
     .parse = value_string,
     OPTION_AT(patch.at)},
    {.name = "view",
     .argument = "auto|matrix|grid|lines",
     .words = "auto matrix grid lines",
     .help = "pairs as a matrix, over the picture (auto: where a grid is known), or as lines between tokens",
     .parse = value_word,
     OPTION_AT(patch.view)},
};
const struct option_group group_patches = OPTION_GROUP("Picture", patch_rows);

static const struct option_row line_rows[] = {
    {.name = "query",
     .argument = "N|TOKEN",
     .help = "with --view lines: the query whose lines are lit",
     .parse = value_string,
     OPTION_AT(patch.query)},
};
const struct option_group group_lines = OPTION_GROUP("Picture", line_rows);

static const struct option_row input_rows[] = {
    {.name = "projections",
     .argument = "PATH",
     .is_file = true,
     .help = "a model's weights, or their folder: each layer attends to the embeddings by itself",
     .parse = value_file,
     OPTION_AT(input.projections)},
    {.name = "config",
     .argument = "FILE",
     .is_file = true,
     .help = "its config.json, where that does not lie beside the weights",
     .parse = value_file,
     OPTION_AT(input.config)},
    {.name = "profile",
     .argument = "NAME",
     .help = "how its tensors are called and laid out, such as llama (default: by config.json, or by names)",
     .parse = value_string,
     OPTION_AT(input.profile)},
    {.name = "tokens",
     .argument = "FILE",
     .is_file = true,
     .help = "labels of the queries, one a line or a JSON list",
     .parse = value_file,
     OPTION_AT(input.tokens_file)},
    {.name = "key-tokens",
     .argument = "FILE",
     .is_file = true,
     .help = "labels of the keys (default: the tokens)",
     .parse = value_file,
     OPTION_AT(input.key_tokens_file)},
    {.name = "tokenizer",
     .argument = "FILE",
     .is_file = true,
     .help = "the vocabulary that ids are numbers of: tokenizer.json, vocab.txt, a GGUF file, …",
     .parse = value_file,
     OPTION_AT(input.tokenizer)},
    {.name = "ids",
     .argument = "LIST",
     .help = "the tokens by their numbers, as 1,403,407 (default: the key ids or input_ids of the inputs)",
     .parse = value_utf8,
     OPTION_AT(input.ids)},
    {.name = "raw-tokens",
     .help = "show pieces of tokenizers as they are, with their Ġ, ▁, ## and </w>",
     .parse = value_flag,
     OPTION_AT(input.raw_tokens)},
    {.name = "batch",
     .argument = "N",
     .help = "one sequence of a batch, or sentence of a file of alignments, counted from 0",
     .parse = value_count,
     .least = 0,
     .most = 1000000000,
     OPTION_AT(input.batch),
     .given = offsetof(struct options, input.has_batch)},
    {.name = "transpose",
     .help = "given weights are keys × queries: turn them round",
     .parse = value_flag,
     OPTION_AT(input.transpose)},
    {.name = "text",
     .argument = "WORDS",
     .help = "words whose rows are taken from a file of word vectors (word2vec, GloVe, fastText, or CSV)",
     .parse = value_utf8,
     OPTION_AT(input.text)},
    {.name = "input-format",
     .argument = "FORMAT",
     .words = reader_words,
     .help = "the format of the inputs, whatever they look like:",
     .listed = reader_words,
     .parse = value_word_text,
     OPTION_AT(input.format)},
    {.name = "dtype",
     .argument = "TYPE",
     .words = "bf16 f16 i16 u16 f8_e4m3 f8_e5m2",
     .help = "what arrays of raw bytes are, such as NumPy's V2 and f1 of ml_dtypes:",
     .listed = "bf16 f16 i16 u16 f8_e4m3 f8_e5m2",
     .parse = value_word_text,
     OPTION_AT(input.dtype)},
    {.name = "part",
     .argument = "encoder|decoder|cross",
     .words = "encoder decoder cross",
     .help = "which attention of an encoder-decoder (default: cross, else the encoder's, else the decoder's)",
     .parse = value_word,
     .least = PART_ENCODER,
     OPTION_AT(input.part)},
    {.name = "header",
     .argument = "yes|no",
     .words = "no yes",
     .help = "whether the first line of tables and lists of tokens is a header (default: by what it holds)",
     .parse = value_word,
     .least = HEADER_NO,
     OPTION_AT(input.header)},
    {.name = "order",
     .argument = "LIST",
     .help = "tokens change places before positions are counted: which token stands at each, as 2,1,0; run "
             "also says "
             "how far the output of each token moved",
     .parse = value_string,
     OPTION_AT(input.order)},
    {.name = "shuffle",
     .argument = "SEED",
     .help = "the same, in an order by chance",
     .parse = value_count,
     .least = 0,
     .most = 1000000000,
     .given = offsetof(struct options, input.has_shuffle),
     OPTION_AT(input.shuffle)},
};
const struct option_group group_input = OPTION_GROUP("Input", input_rows);

static const struct option_row general_rows[] = {
    {.name = "quiet",
     .letter = 'q',
     .help = "no warnings, no progress, and no table but that of --format table",
     .parse = value_flag,
     OPTION_AT(quiet)},
    {.name = "verbose",
     .letter = 'v',
     .help = "say which file each tensor came from, sizes and settings, and of a run the time",
     .parse = value_flag,
     OPTION_AT(verbose)},
};
const struct option_group group_general = OPTION_GROUP("General", general_rows);

static const struct option_row help_rows[] = {
    {.name = "help", .letter = 'h', .help = "this help", .parse = value_flag, OPTION_AT(help)},
    {.name = "version", .help = "version, libraries and fonts", .parse = value_flag, OPTION_AT(version)},
};
const struct option_group group_help = OPTION_GROUP("General", help_rows);

static const struct option_row input_file_rows[] = {
    FILE_ROW(INPUT_Q, "q", "queries"),
    FILE_ROW(INPUT_K, "k", "keys"),
    FILE_ROW(INPUT_V, "v", "values"),
    FILE_ROW(INPUT_PAST_K, "past-k", "keys of earlier tokens, which come first"),
    FILE_ROW(INPUT_PAST_V, "past-v", "values of earlier tokens"),
    FILE_ROW(INPUT_EMBEDDINGS, "embeddings", "the sequence, one row a token"),
    FILE_ROW(INPUT_CONTEXT, "context", "the other sequence, for cross-attention"),
    FILE_ROW(INPUT_ATTENTION, "attention", "weights computed elsewhere"),
    FILE_ROW(INPUT_MASK, "mask", "1 or true where a query may attend to a key"),
    FILE_ROW(INPUT_OR_MASK, "or-mask", "1 opens a pair that other masks close"),
    FILE_ROW(INPUT_BIAS, "bias", "numbers added to the scaled scores; -inf masks"),
    FILE_ROW(INPUT_W_Q, "w-q", "projection to queries, y = x·W + b"),
    FILE_ROW(INPUT_W_K, "w-k", "projection to keys"),
    FILE_ROW(INPUT_W_V, "w-v", "projection to values"),
    FILE_ROW(INPUT_W_O, "w-o", "projection of the output"),
    FILE_ROW(INPUT_W_QKV, "w-qkv", "the three projections in one"),
    FILE_ROW(INPUT_B_QKV, "b-qkv", "its bias"),
    FILE_ROW(INPUT_Q_NORM, "q-norm", "weights of a norm of the queries, before rotary"),
    FILE_ROW(INPUT_K_NORM, "k-norm", "weights of a norm of the keys"),
    FILE_ROW(INPUT_GATE, "gate", "numbers whose sigmoid multiplies the heads' output"),
    FILE_ROW(INPUT_W_GATE, "w-gate", "the projection that makes them"),
    FILE_ROW(INPUT_B_Q, "b-q", "bias of the projection to queries"),
    FILE_ROW(INPUT_B_K, "b-k", "bias of the projection to keys"),
    FILE_ROW(INPUT_B_V, "b-v", "bias of the projection to values"),
    FILE_ROW(INPUT_B_O, "b-o", "bias of the projection of the output"),
    FILE_ROW(INPUT_W_SCORE, "w-score", "W of the general score qᵀWk"),
    FILE_ROW(INPUT_W_SCORE_Q, "w-score-q", "W1 of the additive score"),
    FILE_ROW(INPUT_W_SCORE_K, "w-score-k", "W2 of the additive score"),
    FILE_ROW(INPUT_V_SCORE, "v-score", "v of the additive score"),
    FILE_ROW(INPUT_SLOPES, "slopes", "ALiBi's slopes, one a head"),
    FILE_ROW(INPUT_SINKS, "sinks", "a logit for each head, as --sink"),
    FILE_ROW(INPUT_RELATIVE_BIAS, "relative-bias", "T5's table, buckets×heads"),
    FILE_ROW(INPUT_INV_FREQ, "inv-freq",
             "radians a position of each rotated pair, as --rope-scaling makes them"),
    FILE_ROW(INPUT_POSITIONS, "positions", "the position of each token, or axes×tokens, for --position"),
    FILE_ROW(INPUT_KEY_POSITIONS, "key-positions", "those of the keys, where they are others"),
    FILE_ROW(INPUT_BLOCK_MASK, "block-mask", "1 where a block of queries may attend to a block of keys"),
    FILE_ROW(INPUT_SEGMENTS, "segments", "the document of each token, a whole number"),
    FILE_ROW(INPUT_KEY_SEGMENTS, "key-segments", "those of the keys (default: the same)"),
    FILE_ROW(INPUT_KEY_MASK, "key-mask", "1 where a key may be attended to, 0: padding"),
    FILE_ROW(INPUT_NORM_WEIGHT, "norm-weight", "factors of the layer norm"),
    FILE_ROW(INPUT_NORM_BIAS, "norm-bias", "addends of the layer norm"),
    FILE_ROW(INPUT_QUERY_SCALE, "query-scale", "factors of the scaled scores, one a query"),
    FILE_ROW(INPUT_CENTERS, "centers",
             "places of the keys around which the Gaussians of --sigma lie, one a query"),
    FILE_ROW(INPUT_SIGMAS, "sigmas", "a width for each query, as --sigma"),
    FILE_ROW(INPUT_DECAY, "decay", "logarithms of what a gated recurrence keeps"),
    FILE_ROW(INPUT_BETA, "beta", "how much a delta recurrence writes"),
    FILE_ROW(INPUT_STATE, "state", "state that a recurrence begins with"),
    FILE_ROW(INPUT_UNEMBED, "unembed", "d_model×words: makes the last output say what comes next"),
};
const struct option_group group_input_files = OPTION_GROUP("Input files", input_file_rows);

size_t option_rows(const struct command *command, struct option_row rows[OPTIONS_MAX],
                   const char *headings[OPTIONS_MAX])
{
    size_t count = 0;
    for (size_t g = 0; command->groups[g]; g++) {
        const struct option_group *group = command->groups[g];
        assert(count + group->count <= OPTIONS_MAX); /* and no option is lost without a word */
        for (size_t i = 0; i < group->count; i++, count++) {
            struct option_row *row = &rows[count];
            *row = group->rows[i];
            if (row->parse == value_setting) {
                const struct setting_kind *kind = &setting_kinds[row->least];
                row->argument = kind->argument;
                row->words = kind->words;
                row->help = kind->help;
            }
            if (headings)
                headings[count] = group->heading;
        }
    }
    return count;
}

/* The tensor of a file that a row names; INPUT_COUNT: it names none. */
static enum input row_input(const struct option_row *row)
{
    const size_t files = offsetof(struct options, input.files);
    const bool is_tensor =
        !row->is_own && row->at >= files && row->at < files + INPUT_COUNT * sizeof(const char *);
    return is_tensor ? (enum input)((row->at - files) / sizeof(const char *)) : INPUT_COUNT;
}

bool option_is_input(const struct option_row *row)
{
    static const enum input inputs[] = {INPUT_EMBEDDINGS, INPUT_CONTEXT, INPUT_Q,      INPUT_K,
                                        INPUT_V,          INPUT_PAST_K,  INPUT_PAST_V, INPUT_ATTENTION};
    bool is = false;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        is = is || row_input(row) == inputs[i];
    return is;
}

bool option_computes(const struct option_row *row)
{
    const bool is_left_out = !row->is_own && (row->at == offsetof(struct options, selection.leave_out) ||
                                              row->at == offsetof(struct options, selection.renormalize));
    return row->parse == value_setting || is_left_out ||
           (row_input(row) != INPUT_COUNT && !option_is_input(row));
}

void option_help(const struct option_row *row, char help[OPTION_HELP])
{
    size_t used = (size_t)snprintf(help, OPTION_HELP, "%s", row->help);
    for (const char *name = row->listed; name && *name && used < OPTION_HELP; name += *name == ' ') {
        size_t length = strcspn(name, " ");
        used += (size_t)snprintf(help + used, OPTION_HELP - used, "%s%.*s", name == row->listed ? " " : ", ",
                                 (int)length, name);
        name += length;
    }
}
