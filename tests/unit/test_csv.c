/* The CSV reader and the choice of a reader: what is taken for what, and every message with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "base/source.h"
#include "read/read.h"
#include "tensor/format.h"

struct outcome {
    struct inputs inputs;
    struct warnings warnings;
    struct error error;
    bool ok;
};

static const struct read_target any = {.what = READ_ANY, .called = "input"};
static const struct read_target attention = {
    .what = READ_TENSOR, .input = INPUT_ATTENTION, .called = "attention"};
static const struct read_target q = {.what = READ_TENSOR, .input = INPUT_Q, .called = "q"};
static const struct read_target k = {.what = READ_TENSOR, .input = INPUT_K, .called = "k"};
static const struct read_target tokens = {.what = READ_TOKENS, .called = "tokens"};

#define TIDY "layer,head,query,key,query_token,key_token,weight\n"

static void read_part(struct outcome *outcome, const char *text, size_t size,
                      const struct read_target *target)
{
    static char name[] = "f.csv";
    char *data = malloc(size + 1);
    assert_non_null(data);
    memcpy(data, text, size);
    data[size] = 0;
    struct source source = {.name = name, .data = data, .size = size};
    outcome->ok = reader_csv.read(&outcome->inputs, &source, target, &outcome->warnings, &outcome->error);
    assert_int_equal(outcome->ok, outcome->error.kind == ERROR_NONE);
    free(source.data);
}

static void finish(struct outcome *outcome)
{
    inputs_free(&outcome->inputs);
    warnings_free(&outcome->warnings);
}

static struct outcome read_good(const char *text, const struct read_target *target)
{
    struct outcome outcome = {0};
    read_part(&outcome, text, strlen(text), target);
    if (!outcome.ok)
        fail_msg("%s: %s", text, outcome.error.message);
    return outcome;
}

static void check_error(const char *text, const struct read_target *target, const char *message)
{
    struct outcome outcome = {0};
    read_part(&outcome, text, strlen(text), target);
    if (outcome.ok)
        fail_msg("%s: was read, expected: %s", text, message);
    assert_string_equal(outcome.error.message, message);
    assert_int_equal(outcome.error.kind, ERROR_INPUT);
    finish(&outcome);
}

static void check_labels(const struct labels *labels, const char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    assert_int_equal(labels->given, texts != NULL);
    assert_int_equal(labels->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(labels->text[i], texts[i]);
}

/* Reads a text as embeddings: rows*columns numbers, and labels or NULL. */
static void check_table(const char *text, size_t rows, size_t columns, const float *values,
                        const char *const *labels)
{
    struct outcome o = read_good(text, &any);
    const struct tensor *tensor = &o.inputs.all.tensor[INPUT_EMBEDDINGS];
    if (tensor->rank != 2 || tensor->shape[0] != rows || tensor->shape[1] != columns)
        fail_msg("%s: is %zu×%zu", text, tensor->shape[0], tensor->shape[1]);
    for (size_t i = 0; i < rows * columns; i++)
        assert_true(tensor->data[i] == values[i] || (isnan(tensor->data[i]) && isnan(values[i])));
    check_labels(&o.inputs.tokens, labels);
    assert_false(o.inputs.key_tokens.given);
    assert_int_equal(o.warnings.count, 0);
    finish(&o);
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
static const float four[] = {1, 2, 3, 4};

static void takes_all_delimiters(void **state)
{
    (void)state;
    check_table("1,2\n3,4\n", 2, 2, four, NULL);
    check_table("1;2\n3;4", 2, 2, four, NULL);
    check_table("1\t2\n3\t4\n", 2, 2, four, NULL);
    check_table("  1   2 \n3\t 4\n", 2, 2, four, NULL);
    check_table("1, 2\n 3 ,4 \n", 2, 2, four, NULL);
    check_table("the 1 2\n, 3 4\n", 2, 2, four, LABELS("the", ","));
    check_table(", 1 2\n\" 3 4\n", 2, 2, four, LABELS(",", "\""));
    check_table("a\t1\t2\n b\t3\t4\n", 2, 2, four, LABELS("a", " b"));
    check_table("1\n2\n3\n4\n", 4, 1, four, NULL);
    check_table("+1,2.\n3.0e0,.4e1\n", 2, 2, four, NULL);
    check_table("nan,INF\n-inf,Infinity\n", 2, 2, (float[]){NAN, INFINITY, -INFINITY, INFINITY}, NULL);
}

static void takes_all_line_ends(void **state)
{
    (void)state;
    check_table("1,2\r\n3,4\r\n", 2, 2, four, NULL);
    check_table("1,2\r3,4\r", 2, 2, four, NULL);
    check_table("1,2\r\n3,4\r", 2, 2, four, NULL);
    check_table("1 2\r\n3 4", 2, 2, four, NULL);
    check_table("1,2\n3,4\n\n \n\r\n", 2, 2, four, NULL);
    check_table("\n\n1,2\n3,4", 2, 2, four, NULL);
    check_table("# a comment\n# another\n1,2\n3,4", 2, 2, four, NULL);
}

static void takes_quotes(void **state)
{
    (void)state;
    check_table("\"a,b\",1,2\n\"say \"\"x\"\"\",3,4\n", 2, 2, four, LABELS("a,b", "say \"x\""));
    check_table("\"a\nb\",1,2\n\"\",\"3\", \"4\" \n", 2, 2, four, LABELS("a\nb", ""));
    check_table("\"\"\"\",1,2\n\"\"\"\"\"\",3,4\n", 2, 2, four, LABELS("\"", "\"\""));
    check_table("a\"b,1,2\nc,3,4\n", 2, 2, four, LABELS("a\"b", "c"));
}

static void takes_headers(void **state)
{
    (void)state;
    check_table("x,y\n1,2\n3,4\n", 2, 2, four, NULL);
    check_table("token,x,y\nthe,1,2\nand,3,4\n", 2, 2, four, LABELS("the", "and"));
    check_table(",0,1\na,1,2\nb,3,4\n", 2, 2, four, LABELS("a", "b"));
    check_table("\"\",0,1\n0,1,2\n1,3,4\n", 2, 2, four, LABELS("0", "1"));
    check_table("value\n1\n2\n3\n4\n", 4, 1, four, NULL);
    check_table("x y\n1 2\n3 4\n", 2, 2, four, NULL);
}

static void takes_a_word_in_the_first_column_for_labels(void **state)
{
    (void)state;
    struct outcome o = read_good("1,2\nthe,4\n", &any);
    assert_int_equal(o.inputs.all.tensor[INPUT_EMBEDDINGS].shape[1], 1);
    check_labels(&o.inputs.tokens, LABELS("1", "the"));
    assert_int_equal(o.warnings.count, 1);
    assert_string_equal(o.warnings.text[0],
                        "f.csv:2: not a number in the first column, which is taken for labels");
    finish(&o);
}

static void takes_booleans(void **state)
{
    (void)state;
    const struct read_target mask = {.what = READ_TENSOR, .input = INPUT_MASK, .called = "mask"};
    struct outcome o = read_good("true,False\nTRUE,false\n", &mask);
    const struct tensor *tensor = &o.inputs.all.tensor[INPUT_MASK];
    assert_int_equal(tensor->holds, TENSOR_BOOLEANS);
    assert_true(tensor->data[0] == 1 && tensor->data[1] == 0 && tensor->data[2] == 1 && tensor->data[3] == 0);
    finish(&o);
}

static void gives_labels_to_rows_and_columns(void **state)
{
    (void)state;
    struct outcome o = read_good("x,the,\"a,b\"\nu,1,2\nv,3,4\nw,5,6\n", &attention);
    check_labels(&o.inputs.tokens, LABELS("u", "v", "w"));
    check_labels(&o.inputs.key_tokens, LABELS("the", "a,b"));
    finish(&o);
    o = read_good("the,and\n1,2\n", &attention);
    check_labels(&o.inputs.tokens, NULL);
    check_labels(&o.inputs.key_tokens, LABELS("the", "and"));
    finish(&o);
    /* A header without the cell above the labels, as R writes it. */
    o = read_good("the,and\nu,1,2\n", &attention);
    check_labels(&o.inputs.key_tokens, LABELS("the", "and"));
    finish(&o);
    o = read_good("x, the, and\nu,1,2\n", &attention);
    check_labels(&o.inputs.key_tokens, LABELS("the", "and"));
    finish(&o);
    o = read_good(",the, and\nu,1,2\n", &attention);
    check_labels(&o.inputs.key_tokens, LABELS("the", " and"));
    finish(&o);
    o = read_good("a,1\nb,2\n", &k);
    check_labels(&o.inputs.tokens, NULL);
    check_labels(&o.inputs.key_tokens, LABELS("a", "b"));
    finish(&o);
    const struct read_target vector = {.what = READ_TENSOR, .input = INPUT_B_V, .called = "b_v"},
                             bias = {.what = READ_TENSOR, .input = INPUT_BIAS, .called = "bias"};
    o = read_good("1,2,3\n", &vector);
    assert_int_equal(o.inputs.all.tensor[INPUT_B_V].rank, 1);
    assert_int_equal(o.inputs.all.tensor[INPUT_B_V].shape[0], 3);
    finish(&o);
    o = read_good("a,1\nb,2\n", &bias);
    check_labels(&o.inputs.tokens, NULL);
    check_labels(&o.inputs.key_tokens, NULL);
    finish(&o);
}

static void earlier_labels_stay(void **state)
{
    (void)state;
    const struct read_target embeddings = {
        .what = READ_TENSOR, .input = INPUT_EMBEDDINGS, .called = "embeddings"};
    struct outcome o = read_good("a,1\nb,2\n", &q);
    read_part(&o, "a,1\nb,2\n", 8, &embeddings);
    assert_true(o.ok);
    assert_int_equal(o.warnings.count, 0);
    read_part(&o, "a,1\nc,2\n", 8, &attention);
    assert_true(o.ok);
    check_labels(&o.inputs.tokens, LABELS("a", "b"));
    assert_int_equal(o.warnings.count, 1);
    assert_string_equal(o.warnings.text[0],
                        "f.csv:1:1: these labels are ignored, because tokens are already in f.csv:1:1");
    read_part(&o, "\n1\n", 3, &q);
    assert_string_equal(o.error.message,
                        "f.csv:2:1: q is given twice: expected it once, and it is already in f.csv:1:1");
    finish(&o);
    o = read_good("a,1\nb,2\n", &q);
    read_part(&o, "a,1\nb,2\nc,3\n", 12, &embeddings);
    assert_int_equal(o.warnings.count, 1);
    finish(&o);
}

static void takes_tokens_one_a_line(void **state)
{
    (void)state;
    struct outcome o = read_good("a\r\n b \n\n1,2\n", &tokens);
    check_labels(&o.inputs.tokens, LABELS("a", " b ", "", "1,2"));
    finish(&o);
    o = read_good("a\nb", &tokens);
    check_labels(&o.inputs.tokens, LABELS("a", "b"));
    finish(&o);
    check_error("a\nb\xC3\xBC\xFF\n", &tokens,
                "f.csv:2:3: the byte 0xff is not UTF-8: expected text in UTF-8");
    o = read_good("a\nb", &tokens);
    read_part(&o, "c", 1, &tokens);
    assert_string_equal(o.error.message,
                        "f.csv:1:1: tokens is given twice: expected it once, and it is already in f.csv:1:1");
    finish(&o);
}

static void takes_what_attn_wrote(void **state)
{
    (void)state;
    struct outcome o = read_good(
        TIDY "0,0,0,0,a,x,1\n0,0,0,1,a,\"y,\",\n0,1,0,0,a,x,0.25\r\n0,1,0,1,a,\"y,\",2e-1\n\n", &any);
    const struct tensor *tensor = &o.inputs.all.tensor[INPUT_ATTENTION];
    assert_int_equal(tensor->rank, 4);
    const size_t shape[] = {1, 2, 1, 2};
    for (int i = 0; i < 4; i++)
        assert_int_equal(tensor->shape[i], shape[i]);
    assert_true(tensor->data[0] == 1 && isnan(tensor->data[1]) && tensor->data[2] == 0.25f &&
                tensor->data[3] == 0.2f);
    check_labels(&o.inputs.tokens, LABELS("a"));
    check_labels(&o.inputs.key_tokens, LABELS("x", "y,"));
    finish(&o);

    /* Where some heads and queries were chosen, the indices begin later and leave some out. */
    o = read_good(TIDY "3,2,7,0,a,x,1\n3,2,8,0,b,x,2\n3,5,7,0,a,x,3\n3,5,8,0,b,x,4\n", &any);
    tensor = &o.inputs.all.tensor[INPUT_ATTENTION];
    const size_t chosen[] = {1, 2, 2, 1};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tensor->shape[i], chosen[i]);
        assert_true(tensor->data[i] == (float)(i + 1));
    }
    check_labels(&o.inputs.tokens, LABELS("a", "b"));
    finish(&o);

    static const char *const cases[][2] = {
        {TIDY, "f.csv:2:1: only a header: expected rows of weights below it"},
        {TIDY "0,0,0,1,a,x,1\n0,0,0,2,a,y,1\n0,0,1,1,b,x,1\n0,0,0,1,a,x,1\n",
         "f.csv:5:1: layer 0, head 0, query 0, key 1 stands twice: expected every pair once"},
        {TIDY "0,0,x,0,a,x,1\n", "f.csv:2:5: the query is \"x\": expected a whole number, counted from 0; "
                                 "tokens go into query_token"},
        {TIDY "0,-1,0,0,a,x,1\n", "f.csv:2:3: the head is \"-1\": expected a whole number, counted from 0"},
        {TIDY "0,0,0,0,a,x,1\n0,0\n", "f.csv:3:1: this row is short: expected 7 cells, as in the header"},
        {TIDY "0,0,0,0,a,x\n", "f.csv:2:1: this row is short: expected 7 cells, as in the header"},
        {TIDY "0,0,0,0,a,x,1,2\n", "f.csv:2:1: this row is long: expected 7 cells, as in the header"},
        {TIDY "0,0,0,0,a,x,w\n", "f.csv:2:13: expected a number, found \"w\""},
        {TIDY "99999999999,0,0,0,a,x,1\n",
         "f.csv:2:1: the layer is \"99999999999\": expected a whole number, counted from 0"},
        {TIDY "0,0,0,0,a,x,1\n2000000000,0,0,0,a,x,1\n",
         "f.csv:4:1: the layer runs from 0 to 2000000000 in 2 rows: expected fewer gaps"},
        {TIDY "0,0,0,0,\xFF,x,1\n", "f.csv:2:9: the byte 0xff is not UTF-8: expected text in UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], &any, cases[i][1]);
}

static void refuses_bad_tables(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"1,2\n3\n",
         "f.csv:2:1: this row has 1 cell, the rows before it have 2: expected rows of one length"},
        {"1,2\n3,4,5\n",
         "f.csv:2:1: this row has 3 cells, the rows before it have 2: expected rows of one length"},
        {"a,1,2\nb,3\n",
         "f.csv:2:1: this row has 2 cells, the rows before it have 3: expected rows of one length"},
        {"1,2\n3,\n", "f.csv:2:3: an empty cell: expected a number"},
        {"1,2\n3, \"\"\n", "f.csv:2:4: an empty cell: expected a number"},
        {"1,2\n,3\n", "f.csv:2:1: an empty cell: expected a number"},
        {"1,,2\n", "f.csv:1:3: an empty cell: expected a number"},
        {"1,2\n3,x4\n", "f.csv:2:3: expected a number, found \"x4\""},
        {"1,2\n3, 4x\n", "f.csv:2:4: expected a number, found \"4x\""},
        {"1,2\n3,\"4x\"\n", "f.csv:2:3: expected a number, found \"4x\""},
        {"1,2\n3,1e\n", "f.csv:2:3: expected a number, found \"1e\""},
        {"1;2.5\n3;4,5\n",
         "f.csv:2:3: expected a number with a decimal point, as other numbers here, found \"4,5\""},
        {"a;2,5\nb;4.5\n",
         "f.csv:2:3: expected a number with a decimal comma, as other numbers here, found \"4.5\""},
        {"1;2.5\n3,5;4\n",
         "f.csv:2:1: expected a number with a decimal point, as other numbers here, found \"3,5\""},
        {"1;2,5\n3;1.234,5\n", "f.csv:2:3: \"1.234,5\" has a thousands separator: expected 1234,5"},
        {"1;2.5\n3;1,234.5\n", "f.csv:2:3: \"1,234.5\" has a thousands separator: expected 1234.5"},
        {"1,2\n3,\"-1,234,567\"\n", "f.csv:2:3: \"-1,234,567\" has a thousands separator: expected -1234567"},
        {"1,2\n3,\"0,5\"\n",
         "f.csv:2:3: expected a number with a decimal point, as other numbers here, found \"0,5\""},
        {"1,2\n3,\"12,34\"\n",
         "f.csv:2:3: expected a number with a decimal point, as other numbers here, found \"12,34\""},
        {"1;2,5\n3;1\xC2\xA0"
         "234,5\n",
         "f.csv:2:3: \"1\xC2\xA0"
         "234,5\" has a thousands separator: expected 1234,5"},
        {"1,2\n3,1'234.5\n", "f.csv:2:3: \"1'234.5\" has a thousands separator: expected 1234.5"},
        {"1,2\n3,1'23.5\n", "f.csv:2:3: expected a number, found \"1'23.5\""},
        {"1,2\n3,0'234.5\n", "f.csv:2:3: expected a number, found \"0'234.5\""},
        {"1,2\n3,10%\n", "f.csv:2:3: \"10%\" is a percentage: expected 0.1"},
        {"1;2,5\n3; 12,5% \n", "f.csv:2:4: \"12,5%\" is a percentage: expected 0,125"},
        {"1,2\n3,x%\n", "f.csv:2:3: expected a number, found \"x%\""},
        {"1,2\n3,%\n", "f.csv:2:3: expected a number, found \"%\""},
        {"1,2\n3,−0.5\n", "f.csv:2:3: \"−0.5\" has a typographic minus (U+2212): expected -"},
        {"1,2\n3,\"–4\"\n", "f.csv:2:3: \"–4\" has a typographic minus (U+2013): expected -"},
        {"1,2\n3,−\n", "f.csv:2:3: expected a number, found \"−\""},
        {"1,2,\n3,4,\n", "f.csv:1:5: an empty cell, because all rows end in a comma: expected none behind "
                         "the last number"},
        {"# c\n1;2;\r\n3;4;\r\n", "f.csv:2:5: an empty cell, because all rows end in a semicolon: expected "
                                  "none behind the last number"},
        {",a,b\na,1,\nb,0.5,0.5\n",
         "f.csv:2:5: an empty cell above the diagonal: expected 0 (--causal masks these pairs)"},
        {"a,1,,\nb,2,3,\nc,4,5,6\n",
         "f.csv:1:5: an empty cell above the diagonal: expected 0 (--causal masks these pairs)"},
        {"a,1,,2\nb,2,3,\nc,4,5,6\n", "f.csv:1:5: an empty cell: expected a number"},
        {"a,1,b\n", "f.csv:1:5: expected a number, found \"b\""},
        {"\xC3\xBC,1\nb,\xC3\xBC x\n", "f.csv:2:3: expected a number, found \"\xC3\xBC x\""},
        {"1,2\n3,4\n\n5,6\n", "f.csv:3:1: an empty line among the rows: expected one matrix, or slices of "
                              "one length (the first has 2 "
                              "rows, this one 1)"},
        {"1,2\n# next\n3,4\n5,6\n", "f.csv:2:1: a comment among the rows: expected one matrix, or slices of "
                                    "one length (the first has 1 rows, "
                                    "this one 2)"},
        {"a,b\n", "f.csv:2:1: only a header: expected rows of numbers below it"},
        {"# only this", "f.csv:1:12: the file ends here: expected rows of numbers"},
        {"\n \n", "f.csv:3:1: the file ends here: expected rows of numbers"},
        {"the\nand\n", "f.csv:2:1: no numbers in this line: expected a label and numbers"},
        {"\"a,1\nb,2\n", "f.csv:1:1: a quoted cell has no end: expected a closing '\"'"},
        {"a,1\n\"b,2\n", "f.csv:2:1: a quoted cell has no end: expected a closing '\"'"},
        {"\"a\"x,1\n", "f.csv:1:4: text behind a closing quote: expected ',' or the end of the line"},
        {"a\t1\n\"b\"x\t1\n",
         "f.csv:2:4: text behind a closing quote: expected '\\t' or the end of the line"},
        {"a,1\nb\xFF,2\n", "f.csv:2:2: the byte 0xff is not UTF-8: expected text in UTF-8"},
        {"1,2\r3,x\r", "f.csv:2:3: expected a number, found \"x\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i][0], &any, cases[i][1]);
    check_error("a,b,c,d\nx,1,2\n", &attention,
                "f.csv:1:1: the header has 4 cells, the first row 3: expected as many");
    struct outcome o = {0};
    read_part(&o, "1,2\n3,\0004\n", 9, &any);
    assert_string_equal(o.error.message, "f.csv:2:3: a NUL byte: expected text");
    finish(&o);
}

/* ---- read_file ---- */

/* Reads the bytes as a file. The message is without the file's name in front. */
static void check_file(const char *bytes, size_t size, const char *ending, const char *format,
                       const char *message)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/attn-test-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    struct outcome o = {0};
    o.ok = read_file(&o.inputs, path, format, &any, &o.warnings, &o.error);
    unlink(path);
    if (message) {
        size_t length = strncmp(o.error.message, path, strlen(path)) == 0 ? strlen(path) : 0;
        assert_string_equal(o.error.message + length, message);
    } else {
        if (!o.ok)
            fail_msg("%s", o.error.message);
        assert_int_equal(o.inputs.source_count, 1);
        assert_string_equal(o.inputs.sources[0].name, path);
        assert_ptr_equal(o.inputs.all.tensor[INPUT_EMBEDDINGS].place.file, o.inputs.sources[0].name);
    }
    finish(&o);
}

static void file_is_told_by_its_content(void **state)
{
    (void)state;
    check_file("[[1,2]]", 7, ".csv", NULL, NULL);
    check_file("1,2", 3, ".bin", NULL, NULL);
    check_file("[CLS],1,2", 9, "", NULL, NULL);
    check_file("\xEF\xBB\xBF[[1]]", 8, "", NULL, NULL);
    check_file("\xEF\xBB\xBF"
               "1,2",
               6, "", NULL, NULL);
    check_file("[[1,2]", 6, ".csv", NULL, ":1:7: expected ',' or ']', found the end of the file");
    check_file("1,2", 3, ".json", NULL, ":1:2: expected nothing more after the value, found ','");
}

/* As messages list them. */
#define NAME_OF(name) #name
#define EVERY_FORMAT READERS(NAME_OF, ", ") ", " FORMATS(NAME_OF, ", ")

static void file_of_another_kind_is_named(void **state)
{
    (void)state;
    check_file("", 0, ".json", NULL, ": the file is empty: expected one of " EVERY_FORMAT);
    check_file("\xEF\xBB\xBF", 3, ".csv", NULL, ": the file is empty: expected one of " EVERY_FORMAT);
    check_file("\x93NUMPY\1\0", 8, ".npy", NULL, ": no header of NumPy's NPY in front: expected one");
#define PRINTED ": this is the printed form of a "
#define INSTEAD ": expected JSON (json.dumps(t.tolist())) or CSV (np.savetxt)"
    check_file("tensor([[1, 2]])", 16, ".txt", NULL, PRINTED "PyTorch tensor" INSTEAD);
    check_file("[tensor([[1., ..., 2]])", 23, "", NULL,
               PRINTED "PyTorch tensor, and \"...\" is all that is left of some numbers" INSTEAD);
    check_file("(array([1, 2]), 3)", 18, ".csv", NULL, PRINTED "NumPy array" INSTEAD);
    check_file("[[1. 2.]\n [3. 4.]]", 19, ".csv", NULL, PRINTED "NumPy array" INSTEAD);
    check_file("[[-1]\n [2]]", 11, ".json", NULL, PRINTED "NumPy array" INSTEAD);
    check_file("[[1,2],[3,4]]", 13, ".json", NULL, NULL);
    check_file("array,b\n1,2\n", 12, ".csv", NULL, NULL);
    check_file(
        "\10\0\0\0\0\0\0\0{\"a\":1}", 15, ".safetensors", NULL,
        ": a header of 8 bytes in a file of 15: expected at most 100000000, and no more than the file has");
    check_file("\xff\xfe"
               "1\0",
               4, ".csv", NULL, ": this is text in UTF-16: expected one of " EVERY_FORMAT);
    check_file("1,2\0", 4, ".csv", NULL, ":1:4: a NUL byte: expected text");
}

static void format_can_be_said(void **state)
{
    (void)state;
    check_file("1,2", 3, "", "csv", NULL);
    check_file("1,2", 3, "", "json", ":1:2: expected nothing more after the value, found ','");
    check_file("1,2", 3, "", "jsn",
               "unknown input format \"jsn\"; did you mean json? (formats: " EVERY_FORMAT ")");
    check_file("1,2", 3, "", "xlsx", "unknown input format \"xlsx\": expected one of " EVERY_FORMAT);
    struct outcome o = {0};
    assert_false(read_file(&o.inputs, "/nonexistent/x.csv", NULL, &any, &o.warnings, &o.error));
    assert_int_equal(o.error.kind, ERROR_SYSTEM);
    assert_string_equal(o.error.message, "/nonexistent/x.csv: No such file or directory");
    finish(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_all_delimiters),
        cmocka_unit_test(takes_all_line_ends),
        cmocka_unit_test(takes_quotes),
        cmocka_unit_test(takes_headers),
        cmocka_unit_test(takes_a_word_in_the_first_column_for_labels),
        cmocka_unit_test(takes_booleans),
        cmocka_unit_test(gives_labels_to_rows_and_columns),
        cmocka_unit_test(earlier_labels_stay),
        cmocka_unit_test(takes_tokens_one_a_line),
        cmocka_unit_test(takes_what_attn_wrote),
        cmocka_unit_test(refuses_bad_tables),
        cmocka_unit_test(file_is_told_by_its_content),
        cmocka_unit_test(file_of_another_kind_is_named),
        cmocka_unit_test(format_can_be_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
