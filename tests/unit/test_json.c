/* The JSON reader: what it takes, and every message with its place. */
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

#include "base/source.h"
#include "read/read.h"

/* What one read gave. */
struct outcome {
    struct inputs inputs;
    struct warnings warnings;
    struct error error;
    bool ok;
};

static const struct read_target any = {.what = READ_ANY, .called = "input"};

/* Reads a text from memory that ends where the text does, into what is there already. */
static void read_part(struct outcome *outcome, const char *text, size_t size,
                      const struct read_target *target)
{
    static char name[] = "f.json";
    char *data = malloc(size + 1);
    assert_non_null(data);
    memcpy(data, text, size);
    data[size] = 0;
    struct source source = {.name = name, .data = data, .size = size};
    outcome->ok = reader_json.read(&outcome->inputs, &source, target, &outcome->warnings, &outcome->error);
    assert_int_equal(outcome->ok, outcome->error.kind == ERROR_NONE);
    free(source.data);
}

static void finish(struct outcome *outcome)
{
    inputs_free(&outcome->inputs);
    warnings_free(&outcome->warnings);
}

static struct outcome read_text(const char *text, const struct read_target *target)
{
    struct outcome outcome = {0};
    read_part(&outcome, text, strlen(text), target);
    return outcome;
}

static struct outcome read_good(const char *text)
{
    struct outcome outcome = read_text(text, &any);
    if (!outcome.ok)
        fail_msg("%s: %s", text, outcome.error.message);
    return outcome;
}

static void check_error_of(const char *text, size_t size, const struct read_target *target,
                           const char *message)
{
    struct outcome outcome = {0};
    read_part(&outcome, text, size, target);
    if (outcome.ok)
        fail_msg("%s: was read, expected: %s", text, message);
    assert_string_equal(outcome.error.message, message);
    assert_int_equal(outcome.error.kind, ERROR_INPUT);
    finish(&outcome);
}

static void check_error(const char *text, const char *message)
{
    check_error_of(text, strlen(text), &any, message);
}

/* ---- what is taken ---- */

static void check_tensor(const struct tensor *tensor, int rank, const size_t *shape, unsigned holds,
                         const float *values)
{
    assert_non_null(tensor->data);
    assert_int_equal(tensor->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(tensor->shape[i], shape[i]);
    assert_int_equal(tensor->holds, holds);
    for (size_t i = 0; i < tensor_count(tensor); i++)
        assert_true(tensor->data[i] == values[i] || (isnan(tensor->data[i]) && isnan(values[i])));
}

static void takes_tensors(void **state)
{
    (void)state;
    struct outcome o =
        read_good(" {\n  \"q\": [[1, -2.5], [3e2, 0.1]],\n\t\"k\" :[[[1],[2]],[[3],[4]]],"
                  "\"b_q\":[7],\"mask\":[[true,false]],\"bias\":[[null,-Infinity,NaN,Infinity]]} ");
    const struct tensor *t = o.inputs.all.tensor;
    check_tensor(&t[INPUT_Q], 2, (size_t[]){2, 2}, TENSOR_NUMBERS, (float[]){1, -2.5f, 300, 0.1f});
    assert_int_equal(t[INPUT_Q].place.line, 2);
    assert_int_equal(t[INPUT_Q].place.column, 8);
    assert_string_equal(t[INPUT_Q].place.file, "f.json");
    check_tensor(&t[INPUT_K], 3, (size_t[]){2, 2, 1}, TENSOR_NUMBERS, (float[]){1, 2, 3, 4});
    assert_int_equal(t[INPUT_K].place.line, 3);
    assert_int_equal(t[INPUT_K].place.column, 7);
    check_tensor(&t[INPUT_B_Q], 1, (size_t[]){1}, TENSOR_NUMBERS, (float[]){7});
    assert_int_equal(t[INPUT_B_Q].place.line, 3);
    assert_int_equal(t[INPUT_B_Q].place.column, 35);
    check_tensor(&t[INPUT_MASK], 2, (size_t[]){1, 2}, TENSOR_BOOLEANS, (float[]){1, 0});
    check_tensor(&t[INPUT_BIAS], 2, (size_t[]){1, 4}, TENSOR_NUMBERS | TENSOR_NULLS,
                 (float[]){NAN, -INFINITY, NAN, INFINITY});
    assert_true(tensor_is_null(t[INPUT_BIAS].data[0]));
    assert_false(tensor_is_null(t[INPUT_BIAS].data[2]));
    assert_int_equal(o.warnings.count, 0);
    finish(&o);
}

static void takes_many_numbers(void **state)
{
    (void)state;
    enum { ROWS = 300, COLUMNS = 70 };
    char *text = malloc(ROWS * COLUMNS * 8 + 64), *p = text;
    assert_non_null(text);
    p += sprintf(p, "[");
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            p += sprintf(p, "%s%d%s", j ? "," : "[", i * COLUMNS + j,
                         j + 1 < COLUMNS ? ""
                         : i + 1 < ROWS  ? "],\n"
                                         : "]]");
    struct outcome o = read_good(text);
    const struct tensor *tensor = &o.inputs.all.tensor[INPUT_EMBEDDINGS];
    assert_int_equal(tensor->rank, 2);
    assert_int_equal(tensor->shape[0], ROWS);
    assert_int_equal(tensor->shape[1], COLUMNS);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        assert_true(tensor->data[i] == (float)i);
    finish(&o);
    free(text);
}

static void takes_labels(void **state)
{
    (void)state;
    struct outcome o =
        read_good("{\"tokens\":[\"a\\u0000b\",\"\\ud83d\\ude00\\ud800x\\udc00\",\"\\u0022\\u005c\\/\\n"
                  "\\u001f\",\"\",\"\xC3\xBC\\u00fc\\ud800\\u0041\"],\"key_tokens\":[50256,1.5,-0]}");
    assert_true(o.inputs.tokens.given);
    assert_int_equal(o.inputs.tokens.count, 5);
    assert_string_equal(o.inputs.tokens.text[0], "a\xC0\x80"
                                                 "b");
    assert_string_equal(o.inputs.tokens.text[1], "\xF0\x9F\x98\x80\xEF\xBF\xBDx\xEF\xBF\xBD");
    assert_string_equal(o.inputs.tokens.text[2], "\"\\/\n\x1f");
    assert_string_equal(o.inputs.tokens.text[3], "");
    assert_string_equal(o.inputs.tokens.text[4], "\xC3\xBC\xC3\xBC\xEF\xBF\xBD"
                                                 "A");
    assert_int_equal(o.inputs.tokens.place.column, 11);
    assert_int_equal(o.inputs.key_tokens.count, 3);
    assert_string_equal(o.inputs.key_tokens.text[0], "50256");
    assert_string_equal(o.inputs.key_tokens.text[1], "1.5");
    finish(&o);

    o = read_good("{\"tokens\":[]}");
    assert_true(o.inputs.tokens.given);
    assert_int_equal(o.inputs.tokens.count, 0);
    finish(&o);
}

static void takes_settings(void **state)
{
    (void)state;
    struct outcome o =
        read_good("{\"heads\":4,\"causal\":\"end\",\"scale\":1.25e-1,\"window\":[ 3 , 0 ],"
                  "\"mask_true_blocks\":true,\"softcap\":null,\"title\":\"t\",\"grid\":[2,3]}");
    const struct settings *s = &o.inputs.all.settings;
    assert_int_equal(s->given, 1u << SETTING_HEADS | 1u << SETTING_CAUSAL | 1u << SETTING_SCALE |
                                   1u << SETTING_WINDOW | 1u << SETTING_MASK_TRUE_BLOCKS);
    assert_int_equal(s->heads, 4);
    assert_int_equal(s->causal, CAUSAL_END);
    assert_true(s->scale.count == 1 && s->scale.at[0] == 0.125);
    assert_int_equal(s->window.left[0], 3);
    assert_int_equal(s->window.right[0], 0);
    assert_true(s->mask_true_blocks);
    assert_string_equal(o.inputs.title, "t");
    assert_int_equal(o.inputs.patch_grid[0], 2);
    assert_int_equal(o.inputs.patch_grid[1], 3);
    finish(&o);
}

static void takes_layers(void **state)
{
    (void)state;
    struct outcome o = read_good("{\"layers\":[{\"q\":[[1]],\"heads\":1},{\"weights\":[[2]],\"tokens\":["
                                 "\"a\"],\"grid\":[2,3]},{\"title\":\"t\",\"vocabulary\":[\"w\"]}]}");
    assert_int_equal(o.inputs.layer_count, 3);
    assert_true(o.inputs.layers[0].tensor[INPUT_Q].data[0] == 1);
    assert_int_equal(o.inputs.layers[0].settings.heads, 1);
    assert_true(o.inputs.layers[1].tensor[INPUT_ATTENTION].data[0] == 2);
    assert_null(o.inputs.all.tensor[INPUT_Q].data);
    assert_false(o.inputs.tokens.given);
    assert_string_equal(o.inputs.layers[1].tokens.text[0], "a");
    assert_int_equal(o.inputs.layers[1].patch_grid[1], 3);
    assert_int_equal(o.inputs.patch_grid[0], 0);
    assert_string_equal(o.inputs.layers[2].title, "t");
    assert_int_equal(o.warnings.count, 1);
    assert_string_equal(o.warnings.text[0],
                        "f.json:1:106: the key \"vocabulary\" is ignored: it belongs outside of the layers");
    finish(&o);
}

static void takes_what_attn_wrote(void **state)
{
    (void)state;
    struct outcome o = read_good(
        "{\"schema\":\"attn/1\",\"tokens\":[\"a\"],\"config\":{\"heads\":2,\"d_k\":8,\"scale\":0.5,"
        "\"softcap\":null},\"weights\":[[[[1]],[[null]]]],\"output\":[[[1,2]]],\"q\":\"any\",\"bias\":0,"
        "\"stats\":[[{\"entropy\":0},{}]],\"mask\":[[true]],\"whatever\":{\"a\":1}}");
    check_tensor(&o.inputs.all.tensor[INPUT_ATTENTION], 4, (size_t[]){1, 2, 1, 1},
                 TENSOR_NUMBERS | TENSOR_NULLS, (float[]){1, NAN});
    assert_non_null(o.inputs.all.tensor[INPUT_MASK].data);
    assert_null(o.inputs.all.tensor[INPUT_Q].data);
    assert_int_equal(o.inputs.all.settings.given, 1u << SETTING_HEADS); /* the weights are scaled already */
    assert_int_equal(o.warnings.count, 0);
    finish(&o);
}

static void takes_bare_lists_and_single_keys(void **state)
{
    (void)state;
    const struct read_target q = {.what = READ_TENSOR, .input = INPUT_Q, .called = "q"},
                             attention = {.what = READ_TENSOR,
                                          .input = INPUT_ATTENTION,
                                          .called = "attention"},
                             tokens = {.what = READ_TOKENS, .called = "tokens"},
                             key_tokens = {.what = READ_KEY_TOKENS, .called = "key_tokens"};
    struct outcome o = read_good("[[1,2]]");
    check_tensor(&o.inputs.all.tensor[INPUT_EMBEDDINGS], 2, (size_t[]){1, 2}, TENSOR_NUMBERS,
                 (float[]){1, 2});
    finish(&o);
    o = read_good("[\"a\",\"b\"]");
    assert_int_equal(o.inputs.tokens.count, 2);
    finish(&o);
    o = read_text("[[1,2]]", &q);
    assert_true(o.ok && o.inputs.all.tensor[INPUT_Q].data);
    finish(&o);
    o = read_text("{\"k\":7,\"q\":[[1,2]]}", &q);
    assert_true(o.ok && o.inputs.all.tensor[INPUT_Q].data && !o.inputs.all.tensor[INPUT_K].data);
    finish(&o);
    o = read_text("{\"weights\":[[1,2]]}", &attention);
    assert_true(o.ok && o.inputs.all.tensor[INPUT_ATTENTION].data);
    finish(&o);
    o = read_text("[\"a\"]", &tokens);
    assert_true(o.ok && o.inputs.tokens.count == 1);
    finish(&o);
    o = read_text("{\"key_tokens\":[\"a\"]}", &key_tokens);
    assert_true(o.ok && o.inputs.key_tokens.count == 1);
    finish(&o);

    const char *text = "{\"k\":[1]}";
    check_error_of(
        text, strlen(text), &q,
        "f.json:1:1: this object has no key \"q\": expected a list of numbers, or an object with that key");
    text = "[\"a\"]";
    check_error_of(text, strlen(text), &q,
                   "f.json:1:1: q: expected a list of numbers, found a list of strings");
    text = "[[1]]";
    check_error_of(text, strlen(text), &tokens,
                   "f.json:1:1: tokens: expected a list of strings, found a list of lists");
}

static void null_is_not_given(void **state)
{
    (void)state;
    struct outcome o =
        read_good("{\"q\":null,\"tokens\":null,\"heads\":null,\"title\":null,\"layers\":null}");
    assert_null(o.inputs.all.tensor[INPUT_Q].data);
    assert_false(o.inputs.tokens.given);
    assert_int_equal(o.inputs.all.settings.given, 0);
    finish(&o);
}

static void warns_of_unknown_keys(void **state)
{
    (void)state;
    struct outcome o =
        read_good("{\"tite\":2,\"x-a\":1,\"_b\":2,\n\"tokenz\":[\"a\"],\"nothing like it\":1}");
    assert_int_equal(o.warnings.count, 3);
    assert_string_equal(o.warnings.text[0],
                        "f.json:1:9: the unknown key \"tite\" is ignored; did you mean \"title\"?");
    assert_string_equal(o.warnings.text[1],
                        "f.json:2:10: the unknown key \"tokenz\" is ignored; did you mean \"tokens\"?");
    assert_string_equal(o.warnings.text[2], "f.json:2:34: the unknown key \"nothing like it\" is ignored");
    finish(&o);
    o = read_good(
        "{\"a1\":1,\"a2\":1,\"a3\":1,\"a4\":1,\"a5\":1,\"a6\":1,\"a7\":1,\"a8\":1,\"a9\":1,\"a10\":1}");
    assert_int_equal(o.warnings.count, 9);
    assert_string_equal(o.warnings.text[8], "f.json: 2 more unknown keys are ignored");
    finish(&o);
}

static void a_second_file_gives_nothing_twice(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *message;
    } cases[] = {
        {"{\"q\":[1]}", "{ \"q\":[1]}",
         "f.json:1:7: q is given twice: expected it once, and it is already in f.json:1:6"},
        {"{\"tokens\":[\"a\"]}", "\n[\"a\"]",
         "f.json:2:1: tokens is given twice: expected it once, and it is already in f.json:1:11"},
        {"{\"heads\":1}", "{\"heads\":1}",
         "f.json:1:10: heads is given twice: expected it once, and it was read before"},
        {"{\"grid\":[1,1]}", "{\"grid\":[1,1]}",
         "f.json:1:9: grid is given twice: expected it once, and an earlier file has it"},
        {"{\"layers\":[{}]}", "{\"layers\":[{}]}",
         "f.json:1:11: layers is given twice: expected it once, and an earlier file has it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome o = read_good(cases[i].first);
        read_part(&o, cases[i].second, strlen(cases[i].second), &any);
        assert_string_equal(o.error.message, cases[i].message);
        finish(&o);
    }
}

static void keeps_the_first_title(void **state)
{
    (void)state;
    struct outcome o = read_good("{\"title\":\"one\"}");
    read_part(&o, "{\"title\":\"two\"}", 15, &any);
    assert_string_equal(o.inputs.title, "one");
    finish(&o);
}

/* ---- what is refused ---- */

static void refuses_bad_grammar(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "f.json:1:1: expected a value, found the end of the file"},
        {" \n ", "f.json:2:2: expected a value, found the end of the file"},
        {"[", "f.json:1:2: expected a value, found the end of the file"},
        {"[1", "f.json:1:3: expected ',' or ']', found the end of the file"},
        {"[1,", "f.json:1:4: expected a value, found the end of the file"},
        {"[1,]", "f.json:1:4: a comma in front of the end: JSON has none behind the last element"},
        {"[[1],]", "f.json:1:6: a comma in front of the end: JSON has none behind the last element"},
        {"[,1]", "f.json:1:2: expected a value, found ','"},
        {"[1 2]", "f.json:1:4: expected a comma in front of this; NumPy prints none, and "
                  "json.dumps(a.tolist()) writes "
                  "them"},
        {"[[1][2]]", "f.json:1:5: expected ',' or ']', found '['"},
        {"[1}", "f.json:1:3: expected ',' or ']', found '}'"},
        {"[[1,2],[3,4]", "f.json:1:13: expected ',' or ']', found the end of the file"},
        {"[01]", "f.json:1:3: a number begins with 0: expected no zeros in front"},
        {"[-012]", "f.json:1:4: a number begins with 0: expected no zeros in front"},
        {"[+1]", "f.json:1:2: found \"+\": expected a number above 0 without a sign"},
        {"[.5]", "f.json:1:2: found \".\": expected a digit before the point"},
        {"[1.]", "f.json:1:2: the number \"1.\" breaks off: expected a digit"},
        {"[1e+]", "f.json:1:2: the number \"1e+\" breaks off: expected a digit"},
        {"[-]", "f.json:1:2: the number \"-\" breaks off: expected a digit"},
        {"[1,\n2,\n tru]", "f.json:3:2: expected a value, found \"tru\""},
        {"[nan]", "f.json:1:2: found \"nan\": expected NaN"},
        {"[None]", "f.json:1:2: found \"None\": expected null"},
        {"tensor([1])", "f.json:1:1: found \"tensor\": expected a list; a tensor is printed so, and "
                        "json.dumps(t.tolist()) writes a list"},
        {"[1, ...]",
         "f.json:1:5: found \"...\": expected all numbers; a large array is printed without some"},
        {"[[1]\n [2]]", "f.json:2:2: expected a comma in front of this; NumPy prints none, and "
                        "json.dumps(a.tolist()) writes them"},
        {"{}\n{}",
         "f.json:2:1: one value a line, which is JSON lines: expected one list of them, or one object"},
        {"[truefalse]", "f.json:1:6: expected ',' or ']', found 'f'"},
        {"[0x10]", "f.json:1:3: expected ',' or ']', found 'x'"},
        {"[1] 2", "f.json:1:5: expected nothing more after the value, found '2'"},
        {"{} {}", "f.json:1:4: expected nothing more after the value, found '{'"},
        {"{\"q\":[1],}", "f.json:1:10: a comma in front of the end: JSON has none behind the last element"},
        {"{q:1}", "f.json:1:2: expected a key in double quotes, found 'q'"},
        {"{'q':1}", "f.json:1:2: a single quote: in JSON strings and keys are in double quotes"},
        {"{\"q\" [1]}", "f.json:1:6: expected ':' after a key, found '['"},
        {"{\"q\":}", "f.json:1:6: expected a value, found '}'"},
        {"{\"q\":1 \"k\":2}", "f.json:1:8: expected ',' or '}', found '\"'"},
        {"{\"q\":[1]", "f.json:1:9: expected ',' or '}', found the end of the file"},
        {"[\"a\" \"b\"]", "f.json:1:6: expected ',' or ']', found '\"'"},
        {"[\"a\",]", "f.json:1:6: a comma in front of the end: JSON has none behind the last element"},
        {"[\xC3\xBC]", "f.json:1:2: expected a value, found '\xC3\xBC'"},
        {"[\xFF]", "f.json:1:2: expected a value, found the byte 0xff"},
        {"[1,\x01]", "f.json:1:4: expected a value, found the byte 0x01"},
        {"{\"a\":[{\"b\":[1,{\"c\":tru}]}]}", "f.json:1:20: expected a value, found \"tru\""},
        {"[1]\xEF\xBB\xBF", "f.json:1:4: expected nothing more after the value, found '\\u{FEFF}'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], cases[i][1]);
    check_error_of("[1,\0]", 5, &any, "f.json:1:4: expected a value, found the byte 0x00");
    check_error_of("[1]\0", 4, &any,
                   "f.json:1:4: expected nothing more after the value, found the byte 0x00");
}

static void refuses_bad_strings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[\"abc", "f.json:1:2: a string has no end: expected a closing '\"'"},
        {"[\"abc\\\"", "f.json:1:2: a string has no end: expected a closing '\"'"},
        {"[\"a\nb\"]", "f.json:1:4: a control character (0x0a) in a string: expected it escaped, as \\u000a"},
        {"[\"\xC3\xBC\x1f\"]",
         "f.json:1:4: a control character (0x1f) in a string: expected it escaped, as \\u001f"},
        {"[\"a\\x\"]",
         "f.json:1:4: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX after a backslash"},
        {"[\"\\", "f.json:1:3: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX after a backslash"},
        {"[\"\\u12g4\"]", "f.json:1:3: expected four hexadecimal digits after \\u"},
        {"[\"\\u12", "f.json:1:3: expected four hexadecimal digits after \\u"},
        {"[\"a\xFF\"]", "f.json:1:4: the byte 0xff is not UTF-8: expected text in UTF-8"},
        {"[\"\xC0\x80\"]", "f.json:1:3: the byte 0xc0 is not UTF-8: expected text in UTF-8"},
        {"[\"\xED\xA0\x80\"]", "f.json:1:3: the byte 0xed is not UTF-8: expected text in UTF-8"},
        {"{\"\xE2\x82\":1}", "f.json:1:3: the byte 0xe2 is not UTF-8: expected text in UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], cases[i][1]);
}

static void refuses_deep_nesting(void **state)
{
    (void)state;
    char text[400];
    for (int kind = 0; kind < 3; kind++) {
        char *p = text;
        for (int i = 0; i < 65; i++)
            p += sprintf(p, "%s", kind == 0 ? "[" : kind == 1 ? "{\"a\":" : i % 2 ? "{\"a\":" : "[");
        struct outcome o = read_text(text, &any);
        assert_non_null(strstr(o.error.message, ": lists and objects are nested deeper than 64"));
        finish(&o);
    }
    memset(text, '[', 65);
    text[65] = 0;
    check_error(text, "f.json:1:65: lists and objects are nested deeper than 64");
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = 0;
    check_error(text, "f.json:1:1: embeddings: lists in 64 levels: expected at most 4");
}

static void refuses_wrong_kinds(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"q\":5}", "f.json:1:6: q: expected a list of numbers, found a number"},
        {"{\"q\":\"a\"}", "f.json:1:6: q: expected a list of numbers, found a string"},
        {"{\"q\":{}}",
         "f.json:1:6: q: expected a list of numbers (of pandas, df.values.tolist()), found an object"},
        {"{\"q\":true}", "f.json:1:6: q: expected a list of numbers, found true"},
        {"{\"q\":[\"a\"]}", "f.json:1:6: q: expected a list of numbers, found a list of strings"},
        {"{\"q\":[[1],\n[2,\"a\"]]}", "f.json:2:4: q: expected a number, found a string"},
        {"{\"q\":[ \"a\",1]}", "f.json:1:8: q: expected a number, found a string"},
        {"{\"q\":[[1],{}]}", "f.json:1:11: q: expected a number, found an object"},
        {"{\"q\":[]}", "f.json:1:6: q is empty: expected numbers"},
        {"{\"q\":[[],[]]}", "f.json:1:6: q is empty: expected numbers"},
        {"{\"q\":[[[[[[1]]]]]]}", "f.json:1:6: q: lists in 6 levels: expected at most 4"},
        {"{\"tokens\":\"ab\"}", "f.json:1:11: tokens: expected a list of strings, found a string"},
        {"{\"tokens\":[\"a\",1]}", "f.json:1:16: tokens: expected a string, found a number"},
        {"{\"tokens\":[\"a\",null]}", "f.json:1:16: tokens: expected a string, found null"},
        {"{\"tokens\":[1,\"a\"]}", "f.json:1:12: tokens: expected a string, found a number"},
        {"{\"tokens\":[[\"a\"],1]}", "f.json:1:12: tokens: expected a string, found a list"},
        {"{\"tokens\":[[\"a\"],[[\"b\"]]]}",
         "f.json:1:11: tokens: expected a list of strings, found a list of lists of strings"},
        {"{\"q\":[[\"a\"]]}", "f.json:1:6: q: expected a list of numbers, found a list of lists of strings"},
        {"{\"q\":[{\"a\":1}]}", "f.json:1:6: q: expected a list of numbers (of pandas, df.values.tolist()), "
                                "found a list of objects"},
        {"{\"q\":[ [ \"a\"],1]}", "f.json:1:10: q: expected a number, found a string"},
        {"{\"tokens\":[[1]]}", "f.json:1:11: tokens: expected a list of strings, found a list of lists"},
        {"{\"tokens\":[true]}",
         "f.json:1:11: tokens: expected a list of strings, found a list of true and false"},
        {"{\"tokens\":[null]}", "f.json:1:11: tokens: expected a list of strings, found a list of null"},
        {"{\"heads\":\"two\"}", "f.json:1:10: heads is \"two\": expected a whole number of 1 or more"},
        {"{\"heads\":2.5}", "f.json:1:10: heads is \"2.5\": expected a whole number of 1 or more"},
        {"{\n\"heads\"\n:\n -1}", "f.json:4:2: heads is \"-1\": expected a whole number of 1 or more"},
        {"{\"heads\":{}}",
         "f.json:1:10: heads: expected a number, a word, or a list of numbers, found an object"},
        {"{\"window\":[[1]]}",
         "f.json:1:11: window: expected a number, a word, or a list of numbers, found a list of lists"},
        {"{\"scale\":NaN}", "f.json:1:10: scale is \"NaN\": expected a finite number, or one a head"},
        {"{\"title\":5}", "f.json:1:10: title: expected a string, found a number"},
        {"{\"grid\":[2]}",
         "f.json:1:9: grid: expected a list of two whole numbers, [rows, columns], found a list of numbers"},
        {"{\"grid\":[2,0]}",
         "f.json:1:9: grid: expected whole numbers from 1 to 1048576, as [rows, columns]"},
        {"{\"layers\":3}", "f.json:1:11: layers: expected a list of objects, found a number"},
        {"{\"layers\":[]}", "f.json:1:11: layers: expected a list of objects, found an empty list"},
        {"{\"layers\":[{},5]}", "f.json:1:15: layers: expected an object, found a number"},
        {"{\"layers\":[5,{}]}", "f.json:1:12: layers: expected an object, found a number"},
        {"{\"layers\":[{\"q\":7}]}", "f.json:1:17: q: expected a list of numbers, found a number"},
        {"{\"schema\":1}", "f.json:1:11: schema: expected a string, found a number"},
        {"{\"schema\":\"attn/2\"}", "f.json:1:11: the schema is \"attn/2\": expected \"attn/1\""},
        {"{\"schema\":\"attn/1\",\"config\":[]}",
         "f.json:1:29: config: expected an object, found an empty list"},
        {"{\"weights\":[1],\"attention\":[1]}",
         "f.json:1:12: \"weights\" and \"attention\" are both given: expected one of them"},
        {"5", "f.json:1:1: input: expected an object or a list of rows, found a number"},
        {"null", "f.json:1:1: input: expected an object or a list of rows, found null"},
        {"[1,{}]", "f.json:1:4: embeddings: expected a number, found an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], cases[i][1]);
}

static void refuses_uneven_rows(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"q\":[[1,2],[3]]}",
         "f.json:1:13: q: row 1 has 1 number, the rows before it have 2: expected rows of one length"},
        {"{\"q\":[[1,2],\n [3,4],\n [5,6,7]]}",
         "f.json:3:2: q: row 2 has 3 numbers, the rows before it have 2: expected rows of one length"},
        {"{\"q\":[[[1],[2]],[[3]]]}",
         "f.json:1:17: q: row 1 has 1 list, the rows before it have 2: expected rows of one length"},
        {"{\"q\":[[],[1]]}",
         "f.json:1:10: q: row 1 has 1 number, the rows before it have 0: expected rows of one length"},
        {"{\"q\":[[1],2]}", "f.json:1:11: q: expected a list, as before it, found a number"},
        {"{\"q\":[1,[2]]}", "f.json:1:9: q: expected a number, as before it, found a list"},
        {"{\"q\":[[1],[[2]]]}", "f.json:1:12: q: expected a number, as before it, found a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], cases[i][1]);
    /* Who does not use such a key does not mind. */
    struct outcome o =
        read_good("{\"_ids\":[[1],[2,3]],\"_mixed\":[[1],\"a\",{\"b\":[\"c\",1]}],\"q\":[[1]]}");
    assert_non_null(o.inputs.all.tensor[INPUT_Q].data);
    finish(&o);
}

static void refuses_a_key_twice(void **state)
{
    (void)state;
    check_error("{\"q\":[1],\"q\":[2]}",
                "f.json:1:14: the key \"q\" stands twice in one object: expected it once");
    check_error("{\"a\":1,\"b\":2,\"\\u0061\":3,\"b\":4}",
                "f.json:1:23: the key \"a\" stands twice in one object: expected it once");
    check_error("{\"layers\":[{\"q\":[1],\"k\":[1],\"q\":[2]}]}",
                "f.json:1:33: the key \"q\" stands twice in one object: expected it once");
    struct outcome o = read_good("{\"_a:1\":1,\"_a\":2,\"_a:\":3,\"_\":4}");
    assert_int_equal(o.warnings.count, 0);
    finish(&o);
}

static void probe_tells_json(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        int sure;
    } cases[] = {
        {"{\"q\":1}", "x", 2},   {" \n[[1]]", "x", 2},   {"[1", "x", 2},      {"[", "x", 2},
        {"[ \"a\"", "x.csv", 2}, {"{ }", "x", 2},        {"[CLS],1", "x", 0}, {"[null]", "x", 2},
        {"[NaN", "x", 2},        {"[CLS]", "x.json", 1}, {"", "x.json", 1},   {"1,2", "x", 0},
        {"{,1", "x", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(reader_json.probe(cases[i].text, strlen(cases[i].text), cases[i].name),
                         cases[i].sure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_tensors),
        cmocka_unit_test(takes_many_numbers),
        cmocka_unit_test(takes_labels),
        cmocka_unit_test(takes_settings),
        cmocka_unit_test(takes_layers),
        cmocka_unit_test(takes_what_attn_wrote),
        cmocka_unit_test(takes_bare_lists_and_single_keys),
        cmocka_unit_test(null_is_not_given),
        cmocka_unit_test(warns_of_unknown_keys),
        cmocka_unit_test(a_second_file_gives_nothing_twice),
        cmocka_unit_test(keeps_the_first_title),
        cmocka_unit_test(refuses_bad_grammar),
        cmocka_unit_test(refuses_bad_strings),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(refuses_wrong_kinds),
        cmocka_unit_test(refuses_uneven_rows),
        cmocka_unit_test(refuses_a_key_twice),
        cmocka_unit_test(probe_tells_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
