/* What problem/problem.h takes, refuses and says. The checks on what stands in files are in tests/cli. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "attention/mask.h"
#include "base/text.h"
#include "problem/problem.h"
#include "problem/problem_head.h"
#include "problem/setting_kinds.h"
#include "problem/settings_parse.h"

/* A tensor of that shape (0 ends it), filled with `value`. */
static struct tensor filled(float value, size_t a, size_t b, size_t c, size_t d)
{
    struct tensor t = {.shape = {a, b, c, d}, .holds = TENSOR_NUMBERS};
    while (t.rank < TENSOR_RANK_MAX && t.shape[t.rank])
        t.rank++;
    size_t count = tensor_count(&t);
    t.data = malloc(count * sizeof *t.data);
    assert_non_null(t.data);
    for (size_t i = 0; i < count; i++)
        t.data[i] = value;
    return t;
}

static struct tensor zeros(size_t a, size_t b)
{
    return filled(0, a, b, 0, 0);
}

static void set(struct settings *settings, enum setting which, const char *text)
{
    struct error error = {0};
    assert_true(settings_parse(settings, which, text, "it", ERROR_USAGE, &error));
}

static void label(struct labels *labels, size_t count, const char *const *text)
{
    labels->text = malloc(count * sizeof *labels->text);
    assert_non_null(labels->text);
    for (; labels->count < count; labels->count++)
        labels->text[labels->count] = text_copy(text[labels->count]);
    labels->given = true;
}

static const struct settings nothing;

/* Prepares the inputs and makes a problem of them. */
static bool made(struct problem *problem, struct inputs *inputs, const struct settings *over,
                 struct warnings *warnings, struct error *error)
{
    *problem = (struct problem){0};
    return problem_prepare(inputs, over, warnings, error) &&
           problem_make(problem, inputs, over, warnings, error);
}

/* The inputs are refused with that message; they are freed. */
static void refused(struct inputs *inputs, const struct settings *over, const char *message)
{
    struct problem problem;
    struct warnings warnings = {0};
    struct error error = {0};
    assert_false(made(&problem, inputs, over, &warnings, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, ERROR_INPUT);
    problem_free(&problem);
    warnings_free(&warnings);
    inputs_free(inputs);
}

static struct problem taken(struct inputs *inputs, const struct settings *over, struct warnings *warnings)
{
    struct problem problem;
    struct error error = {0};
    if (!made(&problem, inputs, over, warnings, &error))
        fail_msg("%s", error.message);
    return problem;
}

static void names_both_shapes(void **state)
{
    (void)state;
    struct inputs in = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 5);
    refused(&in, &nothing, "q is 2×4 and k is 3×5: they must agree in d_k");

    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_V] = zeros(2, 4);
    refused(&in, &nothing, "k is 3×4 and v is 2×4: they must have the same number of keys");

    in.all.tensor[INPUT_Q] = zeros(2, 8);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    set(&in.all.settings, SETTING_HEADS, "2");
    refused(&in, &nothing,
            "q is 2×8 and k is 3×4: they must agree in d_k (2 heads of 4, 2 heads of 2); kv_heads 1 would "
            "fit");

    in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
    in.all.tensor[INPUT_W_Q] = zeros(5, 4);
    refused(&in, &nothing,
            "embeddings is 2×4 and w_q is 5×4: the columns of the first must be the rows of the second; its "
            "transpose would fit, as w_layout out_in takes it");

    in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
    in.all.tensor[INPUT_W_Q] = zeros(4, 4);
    in.all.tensor[INPUT_B_Q] = filled(0, 3, 0, 0, 0);
    refused(&in, &nothing, "w_q is 4×4 and b_q is 3 numbers: expected a number for each of the 4 columns");

    in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
    in.all.tensor[INPUT_W_O] = zeros(3, 4);
    refused(&in, &nothing, "w_o is 3×4: expected 4 rows, for 1 heads of d_v 4");
}

static void counts_heads(void **state)
{
    (void)state;
    struct inputs in = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 7);
    in.all.tensor[INPUT_K] = zeros(2, 7);
    set(&in.all.settings, SETTING_HEADS, "2");
    refused(&in, &nothing, "q is 2×7: its 7 columns cannot be shared equally by 2 heads");

    in.all.tensor[INPUT_Q] = zeros(2, 6);
    in.all.tensor[INPUT_K] = zeros(2, 4);
    set(&in.all.settings, SETTING_HEADS, "3");
    set(&in.all.settings, SETTING_KV_HEADS, "2");
    refused(&in, &nothing,
            "q is 2×6 and k is 2×4: their 3 heads must be a multiple of their 2 key/value heads");

    in.all.tensor[INPUT_Q] = filled(0, 4, 2, 3, 0);
    in.all.tensor[INPUT_K] = filled(0, 4, 2, 3, 0);
    set(&in.all.settings, SETTING_HEADS, "3");
    refused(&in, &nothing, "q is 4×2×3, which has 4 heads, but heads is 3");

    /* Grouped: four heads over the two that k and v have. */
    struct warnings warnings = {0};
    in.all.tensor[INPUT_Q] = zeros(5, 12);
    in.all.tensor[INPUT_K] = filled(0, 2, 6, 3, 0);
    in.all.tensor[INPUT_V] = zeros(6, 14);
    set(&in.all.settings, SETTING_HEADS, "4");
    set(&in.all.settings, SETTING_KV_HEADS, "2");
    struct problem problem = taken(&in, &nothing, &warnings);
    assert_int_equal(problem.layer_count, 1);
    assert_int_equal(problem.heads, 4);
    assert_int_equal(problem.kv_heads, 2);
    assert_int_equal(problem.n, 5);
    assert_int_equal(problem.m, 6);
    assert_int_equal(problem.d_k, 3);
    assert_int_equal(problem.d_v, 7);
    assert_int_equal(problem.d_out, 28);
    assert_true(problem.layers[0].scale.at[0] == 1 / sqrt(3));
    assert_int_equal(warnings.count, 0);
    problem_free(&problem);
    inputs_free(&in);
}

static void wants_q_and_k(void **state)
{
    (void)state;
    struct inputs in = {0};
    refused(&in, &nothing, "no q and k: expected embeddings, q and k, or attention");
    in.all.tensor[INPUT_Q] = zeros(2, 2);
    refused(&in, &nothing, "no k: expected embeddings, q and k, or attention");
    in.all.tensor[INPUT_K] = zeros(2, 2);
    refused(&in, &nothing, "no q: expected embeddings, q and k, or attention");
}

static void checks_masks(void **state)
{
    (void)state;
    struct inputs in = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_MASK] = filled(1, 3, 3, 0, 0);
    refused(&in, &nothing,
            "mask is 3×3: expected 2×3, for 1 heads, 2 queries and 3 keys; an axis of 1 serves all");

    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_MASK] = filled(1, 2, 3, 0, 0);
    in.all.tensor[INPUT_MASK].data[4] = -1e9f;
    refused(&in, &nothing,
            "mask is -1e+09 at [1, 1]: expected true, false, 1 or 0 (numbers to be added to the scores are "
            "called bias)");

    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_BIAS] = filled(1, 2, 3, 0, 0);
    in.all.tensor[INPUT_BIAS].holds = TENSOR_BOOLEANS;
    refused(&in, &nothing,
            "bias holds true or false: expected numbers (booleans that say where to look are called mask)");

    /* A null in a bias is -infinity, and forbids; an axis of 1 serves all. */
    struct warnings warnings = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_BIAS] = filled(1, 1, 3, 0, 0);
    in.all.tensor[INPUT_BIAS].data[1] = tensor_null();
    in.all.tensor[INPUT_BIAS].holds |= TENSOR_NULLS;
    struct problem problem = taken(&in, &nothing, &warnings);
    struct head head;
    problem_head(&problem, 0, 0, &head);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(mask_allows(&head, i, j), j != 1);
    assert_int_equal(warnings.count, 0);
    problem_free(&problem);
    inputs_free(&in);
}

static void broadcasts_pairs(void **state)
{
    (void)state;
    /* element = 1000·layer + 100·head + 10·query + key, over every shape that an axis of 1 makes */
    enum { L = 2, H = 3, N = 2, M = 4 };
    static const size_t whole[4] = {L, H, N, M};
    for (unsigned ones = 0; ones < 16; ones++) {
        struct tensor t = {.rank = 4};
        size_t step[4], size = 1;
        for (int a = 3; a >= 0; a--) {
            t.shape[a] = ones & 1u << a ? 1 : whole[a];
            step[a] = t.shape[a] == 1 ? 0 : size;
            size *= t.shape[a];
        }
        t.data = malloc(size * sizeof *t.data);
        assert_non_null(t.data);
        for (size_t i = 0; i < size; i++)
            t.data[i] = (float)i;
        for (size_t l = 0; l < L; l++)
            for (size_t h = 0; h < H; h++) {
                struct strided grid = problem_pairs(&t, l, h);
                for (size_t i = 0; i < N; i++)
                    for (size_t j = 0; j < M; j++)
                        assert_true(grid.data[i * grid.row + j * grid.column] ==
                                    (float)(l * step[0] + h * step[1] + i * step[2] + j * step[3]));
            }
        tensor_free(&t);
    }
}

static void stacks_layers(void **state)
{
    (void)state;
    struct inputs in = {.layers = calloc(2, sizeof *in.layers), .layer_count = 2, .layers_given = true};
    assert_non_null(in.layers);
    in.layers[0].tensor[INPUT_Q] = zeros(2, 4);
    in.layers[0].tensor[INPUT_K] = zeros(2, 4);
    in.layers[1].tensor[INPUT_Q] = zeros(3, 4);
    in.layers[1].tensor[INPUT_K] = zeros(2, 4);
    refused(&in, &nothing, "layer 1 has 3 queries and layer 0 has 2: all layers must agree");

    /* The second layer is fed the 2×5 output of the first. */
    in = (struct inputs){.layers = calloc(2, sizeof *in.layers), .layer_count = 2, .layers_given = true};
    assert_non_null(in.layers);
    in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
    in.layers[0].tensor[INPUT_W_O] = zeros(4, 5);
    in.layers[1].tensor[INPUT_W_Q] = zeros(4, 4);
    refused(&in, &nothing,
            "the output of layer 0 is 2×5 and w_q is 4×4: the columns of the first must be the rows of the "
            "second");
}

static void obeys_the_command_line(void **state)
{
    (void)state;
    struct inputs in = {0};
    struct settings over = {0};
    struct warnings warnings = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(5, 4);
    set(&in.all.settings, SETTING_CAUSAL, "true");
    set(&in.all.settings, SETTING_SCALE, "3");
    set(&in.all.settings, SETTING_SOFTCAP, "2");
    set(&over, SETTING_CAUSAL, "end");
    set(&over, SETTING_SCALE, "0.5");
    struct problem problem = taken(&in, &over, &warnings);
    assert_true(problem.layers[0].rules.causal);
    assert_int_equal(problem.layers[0].offset, 3);
    assert_true(problem.layers[0].scale.at[0] == 0.5);
    assert_true(problem.layers[0].softcap.at[0] == 2);
    problem_free(&problem);
    inputs_free(&in);
}

static void numbers_missing_labels(void **state)
{
    (void)state;
    struct inputs in = {0};
    struct warnings warnings = {0};
    in.all.tensor[INPUT_ATTENTION] = filled(0.5, 3, 2, 0, 0);
    label(&in.tokens, 1, (const char *const[]){"a"});
    label(&in.key_tokens, 3, (const char *const[]){"x", "y", "z"});
    struct problem problem = taken(&in, &nothing, &warnings);
    assert_string_equal(problem.tokens.text[0], "a");
    assert_string_equal(problem.tokens.text[2], "2");
    assert_int_equal(problem.key_tokens.count, 2);
    assert_int_equal(warnings.count, 2);
    assert_string_equal(warnings.text[0], "tokens has 1 label for 3 queries: the missing ones are numbered");
    assert_string_equal(warnings.text[1], "key_tokens has 3 labels for 2 keys: the last is not used");
    problem_free(&problem);
    inputs_free(&in);
    warnings_free(&warnings);

    /* One sequence: the tokens label the keys too. */
    in.all.tensor[INPUT_ATTENTION] = filled(0.5, 2, 2, 0, 0);
    label(&in.tokens, 2, (const char *const[]){"a", "b"});
    problem = taken(&in, &nothing, &warnings);
    assert_string_equal(problem.key_tokens.text[1], "b");
    assert_true(problem.key_tokens.given);
    problem_free(&problem);
    inputs_free(&in);
}

/* The output of a run without labels has "0", "1", … as tokens. Read back, they were drawn as words and not
 * as numbers. */
static void bug_numbers_came_back_as_labels(void **state)
{
    (void)state;
    struct inputs in = {0};
    struct warnings warnings = {0};
    in.all.tensor[INPUT_ATTENTION] = filled(0.5, 2, 2, 0, 0);
    label(&in.tokens, 2, (const char *const[]){"0", "1"});
    struct problem problem = taken(&in, &nothing, &warnings);
    assert_false(problem.tokens.given);
    assert_string_equal(problem.tokens.text[1], "1");
    problem_free(&problem);
    inputs_free(&in);

    in.all.tensor[INPUT_ATTENTION] = filled(0.5, 2, 2, 0, 0);
    label(&in.tokens, 2, (const char *const[]){"1", "0"});
    problem = taken(&in, &nothing, &warnings);
    assert_true(problem.tokens.given);
    problem_free(&problem);
    inputs_free(&in);
}

/* Only a context beside the layers was taken for another sequence, not one within a layer. */
static void bug_tokens_labelled_the_context_of_a_layer(void **state)
{
    (void)state;
    struct inputs in = {.layers = calloc(1, sizeof *in.layers), .layer_count = 1, .layers_given = true};
    struct warnings warnings = {0};
    assert_non_null(in.layers);
    in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
    in.layers[0].tensor[INPUT_CONTEXT] = zeros(2, 4);
    label(&in.tokens, 2, (const char *const[]){"a", "b"});
    struct problem problem = taken(&in, &nothing, &warnings);
    assert_false(problem.key_tokens.given);
    assert_string_equal(problem.tokens.text[1], "b");
    assert_string_equal(problem.key_tokens.text[1], "1");
    problem_free(&problem);
    inputs_free(&in);
}

/* A context with as many rows as there are queries was taken for the queries themselves, where it is a
 * picture. */
static void bug_a_context_of_equal_length_was_the_sequence_itself(void **state)
{
    (void)state;
    static const char *const text[] = {"a", "b", "c"};
    enum { ALONE, SAME_LABELS, CONTEXT, OTHER_LABELS, LONGER, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct inputs in = {0};
        struct warnings warnings = {0};
        in.all.tensor[INPUT_EMBEDDINGS] = zeros(2, 4);
        if (way == CONTEXT || way == LONGER)
            in.all.tensor[INPUT_CONTEXT] = zeros(way == LONGER ? 3 : 2, 4);
        if (way == SAME_LABELS || way == OTHER_LABELS) {
            label(&in.tokens, 2, text);
            label(&in.key_tokens, 2, way == SAME_LABELS ? text : text + 1);
        }
        struct problem problem = taken(&in, &nothing, &warnings);
        assert_int_equal(problem.is_self, way < CONTEXT);
        problem_free(&problem);
        warnings_free(&warnings);
        inputs_free(&in);
    }
}

static void warns_of_what_is_not_finite(void **state)
{
    (void)state;
    struct inputs in = {0};
    struct warnings warnings = {0};
    in.all.tensor[INPUT_Q] = zeros(2, 4);
    in.all.tensor[INPUT_K] = zeros(3, 4);
    in.all.tensor[INPUT_K].data[5] = NAN;
    in.all.tensor[INPUT_K].data[6] = INFINITY;
    struct problem problem = taken(&in, &nothing, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_string_equal(warnings.text[0],
                        "k holds NaN at [1, 1] and 1 more: the rows that see it become NaN");
    problem_free(&problem);
    inputs_free(&in);
    warnings_free(&warnings);
}

/* A recurrence has no row of weights: no setting of masks or of weights goes with it, nor will a new one. */
static void a_recurrence_excludes_by_role(void **state)
{
    (void)state;
    static const char *const texts[SETTING_COUNT] = {
        [SETTING_CAUSAL] = "start",     [SETTING_SOFTCAP] = "2",      [SETTING_WINDOW] = "1",
        [SETTING_SCORE] = "dot",        [SETTING_TEMPERATURE] = "2",  [SETTING_NORMALIZER] = "sparsemax",
        [SETTING_SINK] = "1",           [SETTING_DROPOUT] = "0.5",    [SETTING_SEED] = "1",
        [SETTING_PREFIX] = "1",         [SETTING_DILATION] = "2",     [SETTING_BLOCK] = "2",
        [SETTING_GLOBAL] = "0",         [SETTING_SEPARATOR] = "a",    [SETTING_KEY_LENGTH] = "1",
        [SETTING_TOP_K] = "1",          [SETTING_MASK_FILL] = "-1e9", [SETTING_SIGMA] = "1",
        [SETTING_DIFFERENTIAL] = "0.5",
    };
    for (enum setting which = 0; which < SETTING_COUNT; which++) {
        if (!(setting_kinds[which].role & (ROLE_BAND | ROLE_PATTERN | ROLE_SCALE | ROLE_WEIGHT)) ||
            which == SETTING_SCALE || which == SETTING_RECURRENCE)
            continue;
        struct inputs in = {0};
        struct problem problem;
        struct warnings warnings = {0};
        struct error error = {0};
        assert_non_null(texts[which]); /* a setting without a text here is new */
        in.all.tensor[INPUT_Q] = zeros(2, 4);
        in.all.tensor[INPUT_K] = zeros(2, 4);
        in.all.tensor[INPUT_V] = zeros(2, 4);
        set(&in.all.settings, SETTING_RECURRENCE, "linear");
        set(&in.all.settings, which, texts[which]);
        if (made(&problem, &in, &nothing, &warnings, &error))
            fail_msg("a recurrence goes with %s", setting_kinds[which].name);
        problem_free(&problem);
        warnings_free(&warnings);
        inputs_free(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_both_shapes),
        cmocka_unit_test(counts_heads),
        cmocka_unit_test(wants_q_and_k),
        cmocka_unit_test(checks_masks),
        cmocka_unit_test(broadcasts_pairs),
        cmocka_unit_test(stacks_layers),
        cmocka_unit_test(obeys_the_command_line),
        cmocka_unit_test(numbers_missing_labels),
        cmocka_unit_test(bug_numbers_came_back_as_labels),
        cmocka_unit_test(bug_tokens_labelled_the_context_of_a_layer),
        cmocka_unit_test(bug_a_context_of_equal_length_was_the_sequence_itself),
        cmocka_unit_test(warns_of_what_is_not_finite),
        cmocka_unit_test(a_recurrence_excludes_by_role),
    };
    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
