/* The table of options: names, arguments, help. Reading a command line by it is options.c. */
#include "cmd/option_ids.h"
#include "cmd/options.h"
#include "read/read.h"

#define INPUT_ROW(which, name, help)                                                                         \
    {                                                                                                        \
        name, 0, "FILE", "FILE", "Input", help, FOR_COMPUTE, OPTION_INPUT + which                            \
    }
/* Named as the JSON key with '-' for '_'; what it takes and does is said by problem/settings.c. */
#define SETTING_ROW(which, name, group)                                                                      \
    {                                                                                                        \
        name, 0, NULL, NULL, group, NULL, FOR_COMPUTE, OPTION_SETTING + which                                \
    }

static struct option_kind table[] = {
    INPUT_ROW(INPUT_Q, "q", "queries"),
    INPUT_ROW(INPUT_K, "k", "keys"),
    INPUT_ROW(INPUT_V, "v", "values"),
    INPUT_ROW(INPUT_PAST_K, "past-k", "keys of earlier tokens, which come first"),
    INPUT_ROW(INPUT_PAST_V, "past-v", "values of earlier tokens"),
    INPUT_ROW(INPUT_EMBEDDINGS, "embeddings", "the sequence, one row a token"),
    INPUT_ROW(INPUT_CONTEXT, "context", "the other sequence, for cross-attention"),
    INPUT_ROW(INPUT_ATTENTION, "attention", "weights computed elsewhere"),
    INPUT_ROW(INPUT_MASK, "mask", "1 or true where a query may look"),
    INPUT_ROW(INPUT_BIAS, "bias", "numbers added to the scaled scores; -inf forbids"),
    INPUT_ROW(INPUT_W_Q, "w-q", "projection to queries, y = x·W + b"),
    INPUT_ROW(INPUT_W_K, "w-k", "projection to keys"),
    INPUT_ROW(INPUT_W_V, "w-v", "projection to values"),
    INPUT_ROW(INPUT_W_O, "w-o", "projection of the output"),
    INPUT_ROW(INPUT_B_Q, "b-q", "bias of the projection to queries"),
    INPUT_ROW(INPUT_B_K, "b-k", "bias of the projection to keys"),
    INPUT_ROW(INPUT_B_V, "b-v", "bias of the projection to values"),
    INPUT_ROW(INPUT_B_O, "b-o", "bias of the projection of the output"),
    INPUT_ROW(INPUT_W_SCORE, "w-score", "W of the general score qᵀWk"),
    INPUT_ROW(INPUT_W_SCORE_Q, "w-score-q", "W1 of the additive score"),
    INPUT_ROW(INPUT_W_SCORE_K, "w-score-k", "W2 of the additive score"),
    INPUT_ROW(INPUT_V_SCORE, "v-score", "v of the additive score"),
    INPUT_ROW(INPUT_SLOPES, "slopes", "ALiBi's slopes, one a head"),
    INPUT_ROW(INPUT_SINKS, "sinks", "a logit for each head, as --sink"),
    INPUT_ROW(INPUT_RELATIVE_BIAS, "relative-bias", "T5's table, buckets×heads"),
    INPUT_ROW(INPUT_BLOCK_MASK, "block-mask", "1 where a block of queries may look at a block of keys"),
    INPUT_ROW(INPUT_SEGMENTS, "segments", "the document of each token, a whole number"),
    INPUT_ROW(INPUT_KEY_SEGMENTS, "key-segments", "those of the keys (default: the same)"),
    INPUT_ROW(INPUT_KEY_MASK, "key-mask", "1 where a key may be seen"),
    INPUT_ROW(INPUT_NORM_WEIGHT, "norm-weight", "factors of the layer norm"),
    INPUT_ROW(INPUT_NORM_BIAS, "norm-bias", "what the layer norm adds"),
    INPUT_ROW(INPUT_DECAY, "decay", "logarithms of what a gated recurrence keeps"),
    INPUT_ROW(INPUT_BETA, "beta", "how much a delta recurrence writes"),
    INPUT_ROW(INPUT_STATE, "state", "state that a recurrence begins with"),
    {"tokens", 0, "FILE", "FILE", "Input", "labels of the queries, one a line or a JSON list", FOR_COMPUTE,
     OPTION_TOKENS},
    {"key-tokens", 0, "FILE", "FILE", "Input", "labels of the keys (default: the tokens)", FOR_COMPUTE,
     OPTION_KEY_TOKENS},
    {"input-format", 0, "FORMAT", reader_words, "Input", "json or csv, whatever the file looks like",
     FOR_COMPUTE, OPTION_INPUT_FORMAT},

    SETTING_ROW(SETTING_HEADS, "heads", "Attention"),
    SETTING_ROW(SETTING_KV_HEADS, "kv-heads", "Attention"),
    SETTING_ROW(SETTING_SCALE, "scale", "Attention"),
    SETTING_ROW(SETTING_SOFTCAP, "softcap", "Attention"),
    {"stage", 0, "STAGE", "scores scaled masked weights output q k v mask encoding", "Attention",
     "what to draw and write instead of the weights: scores, scaled, masked, weights, output, q, k, v, "
     "mask or encoding; may be repeated",
     FOR_RUN, OPTION_STAGE},
    {"draw-mask", 0, NULL, NULL, "Attention", "as --stage mask: which pairs are allowed", FOR_RUN,
     OPTION_DRAW_MASK},
    {"threads", 0, "N", NULL, "Attention", "threads (default: one a processor); the results are the same",
     FOR_COMPUTE, OPTION_THREADS},
    {"max-weights", 0, "N", NULL, "Attention",
     "most weights held, over all heads (default 16Mi); where there are more they are pooled", FOR_RUN,
     OPTION_MAX_WEIGHTS},
    {"memory", 0, "SIZE", NULL, "Attention", "memory that the computation may take for itself, such as 512Mi",
     FOR_RUN, OPTION_MEMORY},
    {"cpu", 0, "NAME", "avx512 avx2 portable plain", "Attention",
     "instructions to use: avx512, avx2 or portable (default: the best there are); plain: double precision",
     FOR_COMPUTE, OPTION_CPU},

    SETTING_ROW(SETTING_CAUSAL, "causal", "Masks"),
    SETTING_ROW(SETTING_WINDOW, "window", "Masks"),
    SETTING_ROW(SETTING_PREFIX, "prefix", "Masks"),
    SETTING_ROW(SETTING_DILATION, "dilation", "Masks"),
    SETTING_ROW(SETTING_BLOCK, "block", "Masks"),
    SETTING_ROW(SETTING_GLOBAL, "global", "Masks"),
    SETTING_ROW(SETTING_SEPARATOR, "separator", "Masks"),
    SETTING_ROW(SETTING_KEY_LENGTH, "key-length", "Masks"),
    SETTING_ROW(SETTING_MASK_TRUE_BLOCKS, "mask-true-blocks", "Masks"),

    SETTING_ROW(SETTING_SCORE, "score", "Forms"),
    SETTING_ROW(SETTING_TEMPERATURE, "temperature", "Forms"),
    SETTING_ROW(SETTING_NORMALIZER, "normalizer", "Forms"),
    SETTING_ROW(SETTING_RECURRENCE, "recurrence", "Forms"),
    SETTING_ROW(SETTING_SINK, "sink", "Forms"),
    SETTING_ROW(SETTING_DROPOUT, "dropout", "Forms"),
    SETTING_ROW(SETTING_SEED, "seed", "Forms"),
    SETTING_ROW(SETTING_POSITION, "position", "Forms"),
    SETTING_ROW(SETTING_POSITION_BASE, "position-base", "Forms"),
    SETTING_ROW(SETTING_ROTARY_DIM, "rotary-dim", "Forms"),
    SETTING_ROW(SETTING_MAX_DISTANCE, "max-distance", "Forms"),
    SETTING_ROW(SETTING_RESIDUAL, "residual", "Forms"),
    SETTING_ROW(SETTING_NORM, "norm", "Forms"),

    {"query", 0, "N|TOKEN", NULL, "Output", "the query, counted from 0, or its token (default: the last)",
     FOR_EXPLAIN, OPTION_QUERY},
    {"layer", 0, "N", NULL, "Output", "its layer (default: 0)", FOR_EXPLAIN, OPTION_LAYER},
    {"head", 0, "N", NULL, "Output", "its head (default: 0)", FOR_EXPLAIN, OPTION_HEAD},
    {"rows", 0, "N", NULL, "Output", "most keys shown, the heaviest (default: 16); JSON has all", FOR_EXPLAIN,
     OPTION_ROWS},
    {"format", 0, "FORMAT", "text json", "Output", "text (default) or json", FOR_EXPLAIN, OPTION_TEXT_FORMAT},

    {"output", 'o', "PATH", "FILE", "Output",
     "x.png, x.json, x.csv, x.npy, a folder (ending in /), or - for JSON on standard output; may be repeated "
     "(default: attn-out/)",
     FOR_RUN, OPTION_OUTPUT},
    {"format", 0, "FORMAT", "json csv table none", "Output",
     "what goes to standard output: json, csv, table or none (without -o: a table on a terminal, else JSON)",
     FOR_RUN, OPTION_FORMAT},
    {"layer", 0, "LIST", NULL, "Output", "only these layers, such as 0,3,5:8 (counted from 0)", FOR_RUN,
     OPTION_LAYER},
    {"head", 0, "LIST", NULL, "Output", "only these heads", FOR_RUN, OPTION_HEAD},
    {"average", 0, "heads", "heads", "Output", "the mean over the heads instead of each", FOR_RUN,
     OPTION_AVERAGE},
    {"queries", 0, "A:B", NULL, "Output", "only the queries from A up to, not with, B", FOR_RUN,
     OPTION_QUERIES},
    {"keys", 0, "A:B", NULL, "Output", "only the keys from A up to, not with, B", FOR_RUN, OPTION_KEYS},

    {"title", 0, "TEXT", NULL, "Picture", "caption", FOR_RUN, OPTION_TITLE},
    {"cmap", 0, "NAME", "viridis magma inferno plasma cividis gray RdBu_r coolwarm", "Picture",
     "colour map: viridis (default), magma (default over --image), inferno, plasma, cividis, gray; for data "
     "with a sign RdBu_r (default) or coolwarm",
     FOR_RUN, OPTION_CMAP},
    {"color-scale", 0, "SCALE", "linear log sqrt", "Picture",
     "linear (default), sqrt, or log, which is for numbers above 0", FOR_RUN, OPTION_COLOR_SCALE},
    {"vmin", 0, "X", NULL, "Picture",
     "value of the lowest colour (weights: 0; else that of the data, but with a sign and without --vmax as "
     "far below 0 as they reach on either side)",
     FOR_RUN, OPTION_VMIN},
    {"vmax", 0, "X", NULL, "Picture", "value of the highest colour (weights: 1; else as --vmin)", FOR_RUN,
     OPTION_VMAX},
    {"cell", 0, "PIXELS", NULL, "Picture",
     "size of a cell, 1 to 32767 (default: at most 56, less the more there are)", FOR_RUN, OPTION_CELL},
    {"width", 0, "PIXELS", NULL, "Picture",
     "most pixels the figure is wide, 1 to 32767 (default: about 1240); cells are pooled to fit", FOR_RUN,
     OPTION_WIDTH},
    {"dpi-scale", 0, "X", NULL, "Picture",
     "draw everything X times as large, 1 to 8 (default 1; 2 for slides)", FOR_RUN, OPTION_DPI_SCALE},
    {"annotate", 0, "[auto|on|off]", "auto on off", "Picture", "values in the cells (auto: where they fit)",
     FOR_RUN, OPTION_ANNOTATE},
    {"pool", 0, "max|mean", "max mean", "Picture", "how cells are combined where there are more than pixels",
     FOR_RUN, OPTION_POOL},

    {"grid", 0, "ROWS,COLS", NULL, "Picture",
     "the keys are patches of a picture, so many high and wide, perhaps behind a CLS token: draw where it is "
     "looked at",
     FOR_RUN, OPTION_GRID},
    {"image", 0, "FILE", "FILE", "Picture", "the picture itself, PNG or JPEG, drawn beneath", FOR_RUN,
     OPTION_IMAGE},
    {"look-from", 0, "QUERY|mean", NULL, "Picture",
     "the query whose look is drawn, counted from 0, or the mean over the patches (default: CLS if there is "
     "one)",
     FOR_RUN, OPTION_LOOK_FROM},
    {"view", 0, "auto|matrix|grid", "auto matrix grid", "Picture",
     "pairs as a matrix or over the picture (auto: where a grid is known)", FOR_RUN, OPTION_VIEW},

    {"completion", 0, "SHELL", "bash zsh fish", "General", "print the completions for bash, zsh or fish",
     FOR_HELP, OPTION_COMPLETION},
    {"quiet", 'q', NULL, NULL, "General", "no warnings, no table, no progress", FOR_RUN, OPTION_QUIET},
    {"quiet", 'q', NULL, NULL, "General", "no warnings", FOR_EXPLAIN, OPTION_QUIET},
    {"verbose", 'v', NULL, NULL, "General", "say what was taken for what, and how long it took", FOR_RUN,
     OPTION_VERBOSE},
    {"verbose", 'v', NULL, NULL, "General", "say what was taken for what", FOR_EXPLAIN, OPTION_VERBOSE},
    {"help", 'h', NULL, NULL, "General", "this help", FOR_ALL, OPTION_HELP},
    {"version", 0, NULL, NULL, "General", "version, libraries and fonts", FOR_ALL, OPTION_VERSION},
};
static const size_t table_size = sizeof table / sizeof *table;
_Static_assert(sizeof table / sizeof *table <= OPTIONS_MAX, "OPTIONS_MAX is too small");

const struct option_kind *options_table(size_t *count)
{
    for (size_t i = 0; i < table_size; i++) {
        if (table[i].id < OPTION_SETTING)
            continue;
        table[i].argument = setting_kinds[table[i].id - OPTION_SETTING].argument;
        table[i].words = setting_kinds[table[i].id - OPTION_SETTING].words;
        table[i].help = setting_kinds[table[i].id - OPTION_SETTING].help;
    }
    *count = table_size;
    return table;
}
