#include "problem/settings.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/words.h"
#include "problem/rope_setting.h"

const struct setting_kind setting_kinds[SETTING_COUNT] = {
    [SETTING_HEADS] = {"heads", "N", NULL, "number of heads; splits the columns of rank-2 q, k, v"},
    [SETTING_KV_HEADS] = {"kv_heads", "N", NULL, "number of key/value heads (grouped-query attention)"},
    [SETTING_CAUSAL] =
        {"causal", "[start|end|N|no]", "start end no",
         "query i attends to keys j <= i (+ N, and those of --past-k); end aligns the last query with the "
         "last key"},
    [SETTING_SCALE] = {"scale", "X", NULL,
                       "factor on the scores (default 1/sqrt(d_k); 1 with another --score)"},
    [SETTING_SOFTCAP] = {"softcap", "C", NULL, "squash scaled scores to C*tanh(s/C)"},
    [SETTING_WINDOW] = {"window", "W|L,R", NULL,
                        "attend only to keys from i-L to i+R (W: both; -1: no limit)"},
    [SETTING_MASK_TRUE_BLOCKS] = {"mask_true_blocks", NULL, NULL,
                                  "true in --mask and --key-mask masks, as in nn.MultiheadAttention"},
    [SETTING_SCORE] = {"score", "KIND", "scaled dot cosine general additive distance",
                       "how q and k are compared: scaled (default), dot, cosine, general (q*W*k), additive "
                       "(v*tanh(W1*q + W2*k)), distance (-|q - k|^2/2)"},
    [SETTING_TEMPERATURE] = {"temperature", "T", NULL, "divide the scaled scores by T, before --softcap"},
    [SETTING_NORMALIZER] = {"normalizer", "KIND", "softmax sparsemax linear sigmoid entmax15",
                            "how masked scores become weights: softmax (default), sparsemax, entmax15, "
                            "sigmoid (each key by itself), "
                            "or linear (attention with elu+1)"},
    [SETTING_RECURRENCE] =
        {"recurrence", "RULE", "none linear gated delta gated_delta",
         "linear attention as a recurrence: linear, gated (with decay), delta (with beta) or "
         "gated_delta"},
    [SETTING_SINK] = {"sink", "X", NULL, "a logit in every row that takes weight and gives nothing"},
    [SETTING_DROPOUT] = {"dropout", "P", NULL, "drop weights with probability P, the others grow by 1/(1-P)"},
    [SETTING_SEED] = {"seed", "N", NULL, "which weights --dropout drops (default 0)"},
    [SETTING_TOP_K] = {"top_k", "K", NULL, "normalize only the K largest scores of each row"},
    [SETTING_SIGMA] = {"sigma", "X", NULL,
                       "with --centers: multiply the weights by a Gaussian of this width around the center"},
    [SETTING_MASK_FILL] =
        {"mask_fill", "X|nan", NULL,
         "the score of masked pairs instead of -infinity, such as -1e9; nan: rows that may attend "
         "to nothing become NaN"},
    [SETTING_DIFFERENTIAL] =
        {"differential", "X", NULL,
         "heads 2h and 2h+1 of q and k make one: the weights of the second, times X, are taken "
         "off those of the first"},
    [SETTING_POSITION] = {"position", "KIND", "none sinusoidal rotary rotary-interleaved alibi relative",
                          "how positions enter: none, sinusoidal (added to the embeddings), rotary or "
                          "rotary-interleaved (on q and k), alibi, relative (T5, from a table)"},
    [SETTING_POSITION_BASE] = {"position_base", "X", NULL,
                               "base of the wavelengths of sinusoidal and rotary (default 10000)"},
    [SETTING_ROTARY_DIM] = {"rotary_dim", "N", NULL,
                            "rotate only the first N columns of a head (default: all)"},
    [SETTING_MAX_DISTANCE] = {"max_distance", "N", NULL,
                              "with --position relative: from here on all share a bucket (default 128)"},
    [SETTING_POSITION_SECTIONS] = {"position_sections", "LIST", NULL,
                                   "how many rotated pairs each axis of --positions turns, such as 16,24,24"},
    [SETTING_ROPE_SCALING] =
        {"rope_scaling", "TYPE:KEY=VALUE,...", NULL,
         "frequencies of rotary as Hugging Face scales them: default, linear, dynamic, yarn, llama3 or "
         "longrope with its keys, such as linear:factor=8"},
    [SETTING_ATTENTION_FACTOR] = {"attention_factor", "X", NULL,
                                  "multiply the cosines and sines of rotary by X"},
    [SETTING_PAST_ROTATED] = {"past_rotated", NULL, NULL, "--past-k is rotated already; only new keys are"},
    [SETTING_PREFIX] = {"prefix", "N", NULL, "with --causal: every query may attend to the first N keys"},
    [SETTING_DILATION] = {"dilation", "N", NULL, "attend only to keys at distances that N divides"},
    [SETTING_BLOCK] = {"block", "N", NULL,
                       "attend only to keys in the same block of N tokens (or as --block-mask says)"},
    [SETTING_GLOBAL] =
        {"global", "LIST", NULL,
         "at most 64 tokens exempt from window, dilation and block: they attend to all, all attend to them"},
    [SETTING_SEPARATOR] = {"separator", "TOKEN", NULL,
                           "this token ends a document; queries attend only to keys of their own document"},
    [SETTING_KEY_LENGTH] = {"key_length", "N", NULL, "keys from N on are padding and masked"},
    [SETTING_RESIDUAL] = {"residual", NULL, NULL, "add the input of a layer to its output"},
    [SETTING_NORM] = {"norm", "WHERE", "none pre post",
                      "layer norm: pre (before the projections) or post (of the output, after --residual)"},
    [SETTING_W_LAYOUT] =
        {"w_layout", "LAYOUT", "in_out out_in",
         "how the projections are stored: in_out (y = x*W, default), or out_in, as PyTorch's Linear"},
    [SETTING_QKV_LAYOUT] =
        {"qkv_layout", "LAYOUT", "thirds heads",
         "the columns of --w-qkv: all q, all k, all v (thirds, default), or for each K/V head its "
         "queries, its k and its v (heads)"},
    [SETTING_QK_NORM_KIND] = {"qk_norm_kind", "KIND", "rms layer",
                              "the norm of --q-norm and --k-norm: rms (default) or layer"},
    [SETTING_QK_NORM_EPSILON] = {"qk_norm_epsilon", "X", NULL,
                                 "what that norm adds to the mean square (default 1e-6)"},
    [SETTING_GRID_OFFSET] =
        {"grid_offset", "N", NULL,
         "the token that is the first patch, counted from 0 (default: those that --keys or "
         "--queries choose if they are as many, else the last)"},
    [SETTING_GRID_AXIS] =
        {"grid_axis", "keys|queries", "auto keys queries",
         "whether the patches are the keys or the queries (default: the keys if there are enough)"},
};

/* The member of struct settings that holds a setting, what its text may be, and its role. */
enum type {
    COUNT,
    INDEX,
    SEED,
    POSITIVE,
    SHARE,
    POSITIVES,
    FINITES,
    SOFTCAPS,
    FLAG,
    WORD,
    CAUSAL,
    WINDOW,
    LIST,
    SECTIONS,
    ROPE,
    TEXT,
    FILL
};

#define FIELD(member) offsetof(struct settings, member), sizeof((struct settings *)0)->member
static const struct field {
    enum type type;
    enum role role;
    size_t at, size;
} fields[SETTING_COUNT] = {
    [SETTING_HEADS] = {COUNT, ROLE_INPUT, FIELD(heads)},
    [SETTING_KV_HEADS] = {COUNT, ROLE_INPUT, FIELD(kv_heads)},
    [SETTING_CAUSAL] = {CAUSAL, ROLE_BAND, FIELD(causal)},
    [SETTING_SCALE] = {FINITES, ROLE_SCALE, FIELD(scale)},
    [SETTING_SOFTCAP] = {SOFTCAPS, ROLE_SCALE, FIELD(softcap)},
    [SETTING_WINDOW] = {WINDOW, ROLE_BAND, FIELD(window)},
    [SETTING_MASK_TRUE_BLOCKS] = {FLAG, ROLE_INPUT, FIELD(mask_true_blocks)},
    [SETTING_SCORE] = {WORD, ROLE_WEIGHT, FIELD(score)},
    [SETTING_TEMPERATURE] = {POSITIVES, ROLE_WEIGHT, FIELD(temperature)},
    [SETTING_NORMALIZER] = {WORD, ROLE_WEIGHT, FIELD(normalizer)},
    [SETTING_RECURRENCE] = {WORD, ROLE_WEIGHT, FIELD(recurrence)},
    [SETTING_SINK] = {FINITES, ROLE_WEIGHT, FIELD(sink)},
    [SETTING_DROPOUT] = {SHARE, ROLE_WEIGHT, FIELD(dropout)},
    [SETTING_SEED] = {SEED, ROLE_WEIGHT, FIELD(seed)},
    [SETTING_TOP_K] = {COUNT, ROLE_WEIGHT, FIELD(top_k)},
    [SETTING_SIGMA] = {POSITIVE, ROLE_WEIGHT, FIELD(sigma)},
    [SETTING_DIFFERENTIAL] = {FINITES, ROLE_WEIGHT, FIELD(differential)},
    [SETTING_MASK_FILL] = {FILL, ROLE_WEIGHT, FIELD(mask_fill)},
    [SETTING_POSITION] = {WORD, ROLE_POSITION, FIELD(position)},
    [SETTING_POSITION_BASE] = {POSITIVE, ROLE_POSITION, FIELD(position_base)},
    [SETTING_ROTARY_DIM] = {COUNT, ROLE_POSITION, FIELD(rotary_dim)},
    [SETTING_MAX_DISTANCE] = {COUNT, ROLE_POSITION, FIELD(max_distance)},
    [SETTING_POSITION_SECTIONS] = {SECTIONS, ROLE_POSITION, FIELD(position_sections)},
    [SETTING_ROPE_SCALING] = {ROPE, ROLE_POSITION, FIELD(rope_scaling)},
    [SETTING_ATTENTION_FACTOR] = {POSITIVE, ROLE_POSITION, FIELD(attention_factor)},
    [SETTING_PAST_ROTATED] = {FLAG, ROLE_POSITION, FIELD(past_rotated)},
    [SETTING_PREFIX] = {COUNT, ROLE_PATTERN, FIELD(prefix)},
    [SETTING_DILATION] = {COUNT, ROLE_PATTERN, FIELD(dilation)},
    [SETTING_BLOCK] = {COUNT, ROLE_PATTERN, FIELD(block)},
    [SETTING_GLOBAL] = {LIST, ROLE_PATTERN, FIELD(global)},
    [SETTING_SEPARATOR] = {TEXT, ROLE_PATTERN, FIELD(separator)},
    [SETTING_KEY_LENGTH] = {INDEX, ROLE_PATTERN, FIELD(key_length)},
    [SETTING_RESIDUAL] = {FLAG, ROLE_STACK, FIELD(residual)},
    [SETTING_NORM] = {WORD, ROLE_STACK, FIELD(norm)},
    [SETTING_W_LAYOUT] = {WORD, ROLE_PROJECTION, FIELD(w_layout)},
    [SETTING_QKV_LAYOUT] = {WORD, ROLE_PROJECTION, FIELD(qkv_layout)},
    [SETTING_QK_NORM_KIND] = {WORD, ROLE_PROJECTION, FIELD(qk_norm_kind)},
    [SETTING_QK_NORM_EPSILON] = {POSITIVE, ROLE_PROJECTION, FIELD(qk_norm_epsilon)},
    [SETTING_GRID_OFFSET] = {INDEX, ROLE_PICTURE, FIELD(grid_offset)},
    [SETTING_GRID_AXIS] = {WORD, ROLE_PICTURE, FIELD(grid_axis)},
};

enum role setting_role(enum setting which)
{
    return fields[which].role;
}

/* Whether a setting matters only where weights are computed: it is neither about tensors nor about masks. */
static bool is_computing(enum setting which)
{
    return setting_role(which) & (ROLE_SCALE | ROLE_WEIGHT | ROLE_POSITION | ROLE_STACK | ROLE_PROJECTION);
}

enum setting setting_named(const char *name)
{
    enum setting i = 0;
    while (i < SETTING_COUNT && strcmp(setting_kinds[i].name, name) != 0)
        i++;
    return i;
}

static bool parse_size(size_t *count, const char *text, int64_t least)
{
    int64_t value;
    if (!text_to_integer(text, &value) || value < least || value > INT32_MAX)
        return false;
    *count = (size_t)value;
    return true;
}

static bool parse_seed(uint64_t *seed, const char *text)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    *seed = value;
    return at > text && !*at;
}

static bool parse_causal(struct settings *settings, const char *text)
{
    int64_t offset = 0;
    enum causal causal = CAUSAL_START;
    if (!text || strcmp(text, "true") == 0 || strcmp(text, "start") == 0 || strcmp(text, "yes") == 0 ||
        strcmp(text, "on") == 0)
        causal = CAUSAL_START;
    else if (strcmp(text, "end") == 0)
        causal = CAUSAL_END;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0)
        causal = CAUSAL_NO;
    else if (!text_to_integer(text, &offset) || offset < -INT32_MAX || offset > INT32_MAX)
        return false;
    settings->causal = causal;
    settings->causal_offset = offset;
    return true;
}

static bool fits_float(double value)
{
    return isfinite((float)value) && (value == 0 || (float)value != 0);
}

static bool parse_number(double *number, const char *text)
{
    double value;
    if (!text_to_number(text, &value) || !fits_float(value))
        return false;
    *number = value;
    return true;
}

/* The part of `text` up to a comma, copied to `one`, which has room for `size` bytes; behind it in *rest, NULL at the
 * end. False where it is too long. */
static bool next_part(const char *text, char *one, size_t size, const char **rest)
{
    size_t length = strcspn(text, ",");
    if (length >= size)
        return false;
    memcpy(one, text, length);
    one[length] = 0;
    *rest = text[length] ? text + length + 1 : NULL;
    return true;
}

/* "0.5", or one a head: "1,0.5"; each as the type allows. */
static bool parse_per_head(struct per_head *list, const char *text, enum type type)
{
    struct per_head parsed = {.count = 0};
    for (const char *rest = text; rest;) {
        char one[48];
        double *number = &parsed.at[parsed.count];
        if (parsed.count == HEADS_LISTED_MAX || !next_part(rest, one, sizeof one, &rest) ||
            !parse_number(number, one))
            return false;
        if ((type == POSITIVES && !(*number > 0)) ||
            (type == SOFTCAPS && !(*number > 0) && strcmp(one, "0") != 0))
            return false;
        parsed.count++;
    }
    *list = parsed;
    return true;
}

/* "3" (both sides) or "3,0". */
static bool parse_window(struct windows *window, const char *text)
{
    const char *comma = strchr(text, ',');
    char left[24];
    size_t length = comma ? (size_t)(comma - text) : strlen(text);
    if (length >= sizeof left)
        return false;
    memcpy(left, text, length);
    left[length] = 0;
    int64_t l, r;
    if (!text_to_integer(left, &l) || !text_to_integer(comma ? comma + 1 : left, &r))
        return false;
    if (l < -1 || r < -1 || l > INT32_MAX || r > INT32_MAX)
        return false;
    window->left[window->count] = l;
    window->right[window->count++] = r;
    return true;
}

/* "3,0", or one a head: "3,0;7,0". */
static bool parse_windows(struct windows *windows, const char *text)
{
    struct windows parsed = {.count = 0};
    for (;; text++) {
        char one[64];
        const size_t length = strcspn(text, ";");
        if (length >= sizeof one || parsed.count == HEADS_LISTED_MAX)
            return false;
        memcpy(one, text, length);
        one[length] = 0;
        if (!parse_window(&parsed, one))
            return false;
        text += length;
        if (!*text)
            break;
    }
    *windows = parsed;
    return true;
}

static bool parse_flag(bool *flag, const char *text)
{
    *flag = !text || strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

/* The index of the text among the words. */
static bool parse_word(int *word, const char *text, const char *words)
{
    int place = words_find(words, text);
    *word = place >= 0 ? place : *word;
    return place >= 0;
}

/* "0,5,9", of numbers of `least` or more. */
static bool parse_positions(struct positions *list, const char *text, int64_t least)
{
    struct positions parsed = {.count = 0};
    for (;; text++) {
        char one[24];
        size_t length = strcspn(text, ",");
        if (length >= sizeof one || parsed.count == GLOBAL_MAX)
            return false;
        memcpy(one, text, length);
        one[length] = 0;
        if (!parse_size(&parsed.at[parsed.count++], one, least))
            return false;
        text += length;
        if (!*text)
            break;
    }
    *list = parsed;
    return true;
}

/* Parses one setting: *ok says whether it could. Returns what was expected; NULL: one of its words. */
static const char *parse_setting(struct settings *settings, enum setting which, const char *text, bool *ok)
{
    void *field = (char *)settings + fields[which].at;
    double *number = field;
    *ok = false;
    switch (fields[which].type) {
    case COUNT:
        *ok = text && parse_size(field, text, 1);
        return "a whole number of 1 or more";
    case INDEX:
        *ok = text && parse_size(field, text, 0);
        return "a whole number of 0 or more";
    case SEED:
        *ok = text && parse_seed(field, text);
        return "a whole number of 0 or more, below 2^64";
    case POSITIVE:
        *ok = text && parse_number(number, text) && *number > 0;
        return "a number above 0";
    case POSITIVES:
        *ok = text && parse_per_head(field, text, POSITIVES);
        return "a number above 0, or one a head";
    case FINITES:
        *ok = text && parse_per_head(field, text, FINITES);
        return "a finite number, or one a head";
    case SHARE:
        *ok = text && parse_number(number, text) && *number >= 0 && (float)*number < 1;
        return "a number from 0 up to, not with, 1, also as float32";
    case SOFTCAPS:
        *ok = text && parse_per_head(field, text, SOFTCAPS);
        return "a number above 0, or 0 for none, or one a head";
    case FILL:
        *ok = text && (strcasecmp(text, "nan") == 0 || parse_number(number, text));
        if (*ok && strcasecmp(text, "nan") == 0)
            *number = (double)NAN;
        return "a finite number, or nan";
    case FLAG:
        *ok = parse_flag(field, text);
        return "true or false";
    case WORD:
        *ok = text && parse_word(field, text, setting_kinds[which].words);
        return NULL;
    case CAUSAL:
        *ok = parse_causal(settings, text);
        return "true, false, start, end, no or a whole number (the offset)";
    case WINDOW:
        *ok = text && parse_windows(field, text);
        return "a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0";
    case LIST:
        *ok = text && parse_positions(field, text, 0);
        return "at most 64 tokens as 0,5,9, counted from 0";
    case SECTIONS:
        *ok = text && parse_positions(field, text, 1);
        return "at most 64 numbers of pairs as 16,24,24, of 1 or more";
    case ROPE: /* settings_parse reads it, with messages of its own */
        break;
    case TEXT:
        *ok = text && *text && strlen(text) < fields[which].size && text_is_valid(text);
        if (*ok)
            strncpy(field, text, fields[which].size);
        return "a token of at most 63 bytes of UTF-8";
    }
    return "";
}

/* What to expect in place of a number of the right kind that is too large or too small for its member; NULL:
 * that is not the fault. */
static const char *expected_size(enum type type, const char *text)
{
    double value;
    if ((type == COUNT || type == INDEX) && strspn(text, "0123456789") == strlen(text) &&
        strspn(text, "0") < strlen(text))
        return "a whole number of at most 2147483647";
    if (type >= POSITIVE && type <= SOFTCAPS && text_to_number(text, &value) && isfinite(value) &&
        !fits_float(value))
        return "a number that float32 holds, from 1e-45 to 3e38 in size";
    return NULL;
}

/* Other names of what exists under another setting: softmax with a 1 added to its sum is a sink of 0 (Miller,
 * Attention Is Off By One, 2023). */
static const char *other_setting(enum setting which, const char *text)
{
    static const char *const off_by_one[] = {
        "softmax1",         "softmax-1", "softmax_1", "softmax_one",   "softmax-one",   "softmaxone",
        "softmax_plus_one", "softmax1p", "quiet",     "quiet_softmax", "quiet-softmax", "off_by_one"};
    for (size_t i = 0; which == SETTING_NORMALIZER && i < sizeof off_by_one / sizeof *off_by_one; i++)
        if (strcmp(text, off_by_one[i]) == 0)
            return "softmax with a sink of 0 (--sink 0, or \"sink\": 0)";
    return NULL;
}

bool settings_parse(struct settings *settings, enum setting which, const char *text, const char *called,
                    enum error_kind kind, struct error *error)
{
    bool ok;
    if (fields[which].type == ROPE) {
        if (!rope_parse(&settings->rope_scaling, text ? text : "", called, kind, error))
            return false;
        settings_mark(settings, which);
        return true;
    }
    const char *expected = parse_setting(settings, which, text, &ok);
    const char *size = !ok && text ? expected_size(fields[which].type, text) : NULL;
    const char *other = !ok && text ? other_setting(which, text) : NULL;
    if (other)
        return error_set(error, kind, "%s is \"%s\": expected %s", called, text, other);
    if (!ok)
        return words_error(setting_kinds[which].words, called, text ? text : "", size ? size : expected, kind,
                           error);
    settings_mark(settings, which);
    return true;
}

void settings_mark(struct settings *settings, enum setting which)
{
    settings->given |= UINT64_C(1) << which;
}

void settings_override(struct settings *settings, const struct settings *over)
{
    for (enum setting i = 0; i < SETTING_COUNT; i++)
        if (settings_have(over, i)) {
            memcpy((char *)settings + fields[i].at, (const char *)over + fields[i].at, fields[i].size);
            settings->place[i] = over->place[i];
        }
    if (settings_have(over, SETTING_CAUSAL))
        settings->causal_offset = over->causal_offset;
    settings->given |= over->given;
}

bool settings_in_force(const struct settings *s, enum setting which)
{
    const void *field = (const char *)s + fields[which].at;
    if (!settings_have(s, which))
        return false;
    switch (fields[which].type) {
    case SHARE:
        return *(const double *)field > 0;
    case SOFTCAPS: {
        const struct per_head *list = field;
        bool any = false;
        for (size_t i = 0; i < list->count; i++)
            any = any || list->at[i] > 0;
        return any;
    }
    case FLAG:
        return *(const bool *)field;
    case WORD:
        return *(const int *)field != 0; /* word 0 is the default */
    case CAUSAL:
        return s->causal != CAUSAL_NO;
    default:
        return true;
    }
}

int settings_word(const struct settings *settings, enum setting which)
{
    return *(const int *)((const char *)settings + fields[which].at);
}

bool settings_are_shares(const struct settings *s)
{
    return s->recurrence == RECURRENCE_NONE && !(s->dropout > 0) && s->normalizer != NORMALIZER_SIGMOID &&
           !settings_have(s, SETTING_DIFFERENTIAL);
}

uint64_t settings_keep_masks(struct settings *settings)
{
    uint64_t dropped = 0;
    for (enum setting i = 0; i < SETTING_COUNT; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if (!is_computing(i))
            continue;
        dropped |= settings_in_force(settings, i) ? bit : 0;
        settings->given &= ~bit;
        memset((char *)settings + fields[i].at, 0, fields[i].size);
    }
    return dropped;
}

bool settings_same(const struct settings *a, const struct settings *b, enum setting which)
{
    size_t at = fields[which].at;
    return settings_have(a, which) && settings_have(b, which) &&
           memcmp((const char *)a + at, (const char *)b + at, fields[which].size) == 0;
}

static void write_list(const struct per_head *list, void (*write)(struct out *out, double value),
                       struct out *out)
{
    out_text(out, list->count > 1 ? "[" : "");
    for (size_t i = 0; i < list->count; i++) {
        out_text(out, i > 0 ? "," : "");
        write(out, list->at[i]);
    }
    out_text(out, list->count > 1 ? "]" : "");
}

static void write_single(struct out *out, double value)
{
    out_float(out, (float)value);
}

void per_head_write(const struct per_head *list, struct out *out)
{
    write_list(list, write_single, out);
}

const struct per_head *settings_per_head(const struct settings *settings, enum setting which)
{
    const enum type type = fields[which].type;
    return type == POSITIVES || type == FINITES || type == SOFTCAPS
               ? (const struct per_head *)((const char *)settings + fields[which].at)
               : NULL;
}

static void write_causal(const struct settings *settings, struct out *out)
{
    static const char *const words[] = {[CAUSAL_NO] = "no", [CAUSAL_START] = "start", [CAUSAL_END] = "end"};
    if (settings->causal == CAUSAL_START && settings->causal_offset != 0)
        out_format(out, "%" PRId64, settings->causal_offset);
    else
        out_format(out, "\"%s\"", words[settings->causal]);
}

static void write_windows(const struct windows *windows, struct out *out)
{
    out_text(out, windows->count > 1 ? "[" : "");
    for (size_t i = 0; i < windows->count; i++)
        out_format(out, "%s[%" PRId64 ",%" PRId64 "]", i > 0 ? "," : "", windows->left[i], windows->right[i]);
    out_text(out, windows->count > 1 ? "]" : "");
}

void settings_write(const struct settings *settings, enum setting which, struct out *out)
{
    const void *field = (const char *)settings + fields[which].at;
    switch (fields[which].type) {
    case COUNT:
    case INDEX:
        out_format(out, "%zu", *(const size_t *)field);
        break;
    case SEED:
        out_format(out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case POSITIVE:
    case SHARE:
        out_double(out, *(const double *)field);
        break;
    case POSITIVES:
    case FINITES:
    case SOFTCAPS:
        write_list(field, out_double, out);
        break;
    case FILL:
        if (isnan(*(const double *)field))
            out_text(out, "\"nan\"");
        else
            out_double(out, *(const double *)field);
        break;
    case FLAG:
        out_text(out, *(const bool *)field ? "true" : "false");
        break;
    case WORD: {
        int length;
        const char *word = words_at(setting_kinds[which].words, *(const int *)field, &length);
        out_format(out, "\"%.*s\"", length, word);
        break;
    }
    case ROPE:
        rope_write(field, out);
        break;
    case LIST:
    case SECTIONS: {
        const struct positions *list = field;
        for (size_t i = 0; i < list->count; i++)
            out_format(out, i ? ",%zu" : "[%zu", list->at[i]);
        out_char(out, ']');
        break;
    }
    case TEXT:
        out_quoted(out, field);
        break;
    case CAUSAL:
        write_causal(settings, out);
        break;
    case WINDOW:
        write_windows(field, out);
        break;
    }
}
