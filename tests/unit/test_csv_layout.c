/* Headers, labels, decimal marks and long tables, as pandas, R, NumPy and spreadsheets write them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"
#include "read/read.h"

enum { VALUES_MAX = 16 };

/* A table and what it is. */
struct known {
    const char *text;
    enum input input; /* INPUT_EMBEDDINGS: as a file that no option names */
    enum read_header header;
    const char *shape;               /* "2×2" */
    const char *values;              /* separated by blanks; NULL: not compared */
    const char *tokens, *key_tokens; /* joined by '|'; NULL: none */
    const char *warning;             /* a part of the only warning; NULL: none */
};

static void join(char out[200], const struct labels *labels)
{
    out[0] = 0;
    for (size_t i = 0; i < labels->count; i++) {
        strncat(out, i ? "|" : "", 199 - strlen(out));
        strncat(out, labels->text[i], 199 - strlen(out));
    }
}

static void check_labels(const char *text, const struct labels *labels, const char *wanted)
{
    char got[200];
    join(got, labels);
    if (labels->given != (wanted != NULL) || strcmp(got, wanted ? wanted : "") != 0)
        fail_msg("%s: labels are \"%s\"%s, expected \"%s\"", text, got, labels->given ? "" : " (not given)",
                 wanted ? wanted : "none");
}

static void check_values(const char *text, const struct tensor *tensor, const char *values)
{
    const char *p = values;
    for (size_t i = 0; i < tensor_count(tensor); i++) {
        char *end;
        float wanted = strtof(p, &end);
        if (!(fabsf(tensor->data[i] - wanted) < 1e-6f) && !(isnan(wanted) && isnan(tensor->data[i])))
            fail_msg("%s: number %zu is %g, expected %g", text, i, tensor->data[i], wanted);
        p = end;
    }
    assert_string_equal(p, "");
}

static void read_text(const char *text, const struct read_target *target, struct inputs *inputs,
                      struct warnings *warnings, struct error *error)
{
    static char name[] = "f.csv";
    struct source source = {.name = name, .data = strdup(text), .size = strlen(text)};
    assert_non_null(source.data);
    reader_csv.read(inputs, &source, target, warnings, error);
    free(source.data);
}

static void check_known(const struct known *known)
{
    struct inputs inputs = {0};
    struct warnings warnings = {0};
    struct error error = {0};
    const struct read_target target = {.what = known->input == INPUT_EMBEDDINGS ? READ_ANY : READ_TENSOR,
                                       .input = known->input,
                                       .called = "input",
                                       .header = known->header};
    read_text(known->text, &target, &inputs, &warnings, &error);
    if (error.kind)
        fail_msg("%s: %s", known->text, error.message);
    const struct tensor *tensor = &inputs.all.tensor[known->input];
    char shape[96];
    if (!tensor->data)
        tensor = &inputs.all.tensor[INPUT_ATTENTION];
    if (strcmp(tensor_shape(tensor, shape), known->shape) != 0)
        fail_msg("%s: is %s, expected %s", known->text, shape, known->shape);
    if (known->values)
        check_values(known->text, tensor, known->values);
    check_labels(known->text, &inputs.tokens, known->tokens);
    check_labels(known->text, &inputs.key_tokens, known->key_tokens);
    if (warnings.count != (known->warning != NULL) ||
        (known->warning && !strstr(warnings.text[0], known->warning)))
        fail_msg("%s: %zu warnings, the first: %s, expected: %s", known->text, warnings.count,
                 warnings.count ? warnings.text[0] : "", known->warning ? known->warning : "none");
    inputs_free(&inputs);
    warnings_free(&warnings);
}

#define CHECK(...)                                                                                           \
    do {                                                                                                     \
        const struct known known[] = {__VA_ARGS__};                                                          \
        for (size_t which = 0; which < sizeof known / sizeof *known; which++)                                \
            check_known(&known[which]);                                                                      \
    } while (0)

static void decimal_commas(void **state)
{
    (void)state;
    CHECK({.text = "my;1;2;0,5\nown;0,25;1;3\n",
           .shape = "2×3",
           .values = "1 2 .5 .25 1 3",
           .tokens = "my|own"},
          {.text = "1;2\n0,5;1\n", .shape = "2×2", .values = "1 2 .5 1"},
          {.text = "1;2\n3;1\n1;-2,5e1\n", .shape = "3×2", .values = "1 2 3 1 1 -25"},
          {.text = "a\t0,5\t1\nb\t1\t1,5\n", .shape = "2×2", .values = ".5 1 1 1.5", .tokens = "a|b"},
          {.text = "0,5 0,25\n1 2\n", .shape = "2×2", .values = ".5 .25 1 2"},
          {.text = "token;x;y\nmy;1;0,5\n", .shape = "1×2", .values = "1 .5", .tokens = "my"},
          {.text = "sep=;\nmy;1;0,5\n", .shape = "1×2", .values = "1 .5", .tokens = "my"},
          {.text = "sep=,\r\n1,2\r\n", .shape = "1×2", .values = "1 2"},
          /* A comma is a token too, and may be beside decimal points. */
          {.text = ",;0.5;2\na;1;3\n", .shape = "2×2", .values = ".5 2 1 3", .tokens = ",|a"},
          {.text = "x;,5\ny;,7\n", .shape = "2×1", .values = "5 7", .tokens = "x;|y;"}, );
}

static void headers(void **state)
{
    (void)state;
    static const char numbers[] = "f.csv:1: the first line is taken for a header; --header no";
    static const char square[] = "f.csv:1: the first line is taken for numbers, because the table is square";
    CHECK({.text = "0,1\n3,4\n5,6\n", .shape = "2×2", .values = "3 4 5 6", .warning = numbers},
          {.text = "0 1 2\n3 4 5\n", .shape = "1×3", .values = "3 4 5", .warning = numbers},
          {.text = "token,0,1\nThe,1,2\ncat,3,4\nsat,5,6\n", .shape = "3×2", .tokens = "The|cat|sat"},
          {.text = "name,0,1\n7,1,2\n8,3,4\n",
           .shape = "2×2",
           .tokens = "7|8",
           .warning = "taken for a header"},
          {.text = ",token,0,1\n0,The,1,2\n1,cat,3,4\n",
           .shape = "2×2",
           .values = "1 2 3 4",
           .tokens = "The|cat"},
          {.text = "token,pos,0,1\nThe,DT,1,2\n", .shape = "1×2", .values = "1 2", .tokens = "The"},
          {.text = "doc,word,x,y\na,The,1,2\n", .shape = "1×2", .values = "1 2", .tokens = "The"},
          {.text = " id ,x,y\n7,1,2\n", .shape = "1×2", .values = "1 2", .tokens = "7"},
          {.text = "00,1\n1,5\n2,6\n", .shape = "3×2", .values = "0 1 1 5 2 6"},
          {.text = "the,10,11\na,1,2\nb,1,2\n", .shape = "3×2", .tokens = "the|a|b"},
          {.text = "id,x,y\n7,1,2\n", .shape = "1×2", .values = "1 2", .tokens = "7"},
          {.text = "0,1\n1,0\n", .shape = "2×2", .values = "0 1 1 0", .warning = square},
          {.text = "w,0,1\nx,1,0\n", .shape = "2×2", .values = "0 1 1 0", .tokens = "w|x", .warning = square},
          {.text = "0,1\n", .shape = "1×2", .values = "0 1"},
          {.text = "0\n1\n2\n", .shape = "3×1", .values = "0 1 2"},
          {.text = "0,2\n1,3\n1,1\n", .shape = "3×2", .values = "0 2 1 3 1 1"},
          {.text = "0,1\nThe,1\n", .shape = "1×1", .values = "1", .tokens = "The", .warning = numbers},
          {.text = "x,y\nThe,1\n", .shape = "1×1", .values = "1", .tokens = "The"},
          {.text = "x,0,1\ny,4,5\nz,6,7\n", .header = HEADER_NO, .shape = "3×2", .tokens = "x|y|z"}, );
}

static void headers_that_are_said(void **state)
{
    (void)state;
    CHECK({.text = "0,1\n1,0\n", .header = HEADER_YES, .shape = "1×2", .values = "1 0"},
          {.text = "5,6\n1,0\n", .header = HEADER_YES, .shape = "1×2", .values = "1 0"},
          {.text = "0,1\n3,4\n5,6\n", .header = HEADER_NO, .shape = "3×2", .values = "0 1 3 4 5 6"},
          {.text = "x,1\n3,4\n", .header = HEADER_YES, .shape = "1×2", .values = "3 4"}, );
}

static void tokens_that_are_numbers(void **state)
{
    (void)state;
    CHECK({.text = ",the,1974\nthe,.4,.6\n1974,.1,.9\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "the|1974",
           .key_tokens = "the|1974"},
          {.text = "token,the,1974\nthe,.4,.6\n1974,.1,.9\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "the|1974",
           .key_tokens = "the|1974"},
          {.text = "token,70,74\n70,.4,.6\n74,.1,.9\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .values = ".4 .6 .1 .9",
           .tokens = "70|74",
           .key_tokens = "70|74"},
          {.text = "70 74\n70 .4 .6\n74 .1 .9\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .values = ".4 .6 .1 .9",
           .tokens = "70|74",
           .key_tokens = "70|74",
           .warning = "taken for a header"},
          /* A symmetric matrix repeats its first column, and is numbers. */
          {.text = "9,1,2\n1,0,0\n2,0,0\n", .shape = "3×3", .values = "9 1 2 1 0 0 2 0 0"},
          {.text = "9,1,2\n1,0,0\n2,0,0\n", INPUT_ATTENTION, .shape = "3×3"},
          /* A header that only counts labels nothing. */
          {.text = "token,0,1\nthe,.4,.6\ncat,.1,.9\nsat,1,0\n",
           INPUT_ATTENTION,
           .shape = "3×2",
           .tokens = "the|cat|sat"},
          {.text = ",0,1\nthe,.4,.6\ncat,.1,.9\n", INPUT_ATTENTION, .shape = "2×2", .tokens = "the|cat"}, );
}

static void columns_that_count_the_rows(void **state)
{
    (void)state;
    static const char *const names[] = {"nr",    "Nr.",      "no",  "no.",  "#",    "row",      "rowname",
                                        "Zeile", "position", "pos", "time", "step", "token_id", "rownames"};
    static const char warning[] =
        "f.csv:1: the first column, \"n\", counts the rows and is taken for numbers; "
        "call it index if it is none";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s,x,y\n1,.5,2\n2,3,4\n", names[i]);
        CHECK({.text = text, .shape = "2×2", .values = ".5 2 3 4", .tokens = "1|2"});
    }
    CHECK({.text = "row,x\n0,5\n1,6\n", .shape = "2×1", .values = "5 6", .tokens = "0|1"},
          {.text = "row,x\n0,5\n2,6\n", .shape = "2×2", .values = "0 5 2 6"},
          {.text = "row,x\n0,5\n", .shape = "1×2", .values = "0 5"},
          {.text = "nr,token,x\n1,the,5\n2,cat,6\n", .shape = "2×1", .values = "5 6", .tokens = "the|cat"},
          {.text = "n,x\n0,5\n1,6\n2,7\n", .shape = "3×2", .values = "0 5 1 6 2 7", .warning = warning},
          {.text = "n,x\n1,5\n2,6\n", .shape = "2×2", .values = "1 5 2 6", .warning = warning},
          {.text = "n,x\n2,5\n3,6\n", .shape = "2×2", .values = "2 5 3 6"},
          {.text = "n\n0\n1\n", .shape = "2×1", .values = "0 1"}, );
}

static void headers_that_count_from_one(void **state)
{
    (void)state;
    static const char taken[] =
        "f.csv:1: the first line is taken for numbers, although it counts the columns; "
        "--header yes takes it for a header";
    CHECK({.text = "\"1\",\"2\"\n.5,.25\n0,1\n", .shape = "2×2", .values = ".5 .25 0 1"},
          {.text = "\"1\" \"2\"\n\"1\" .5 .25\n\"2\" 0 1\n",
           .shape = "2×2",
           .values = ".5 .25 0 1",
           .tokens = "1|2"},
          {.text = "\"x\",\"1\",\"2\"\n\"the\",.5,.25\n\"cat\",0,1\n",
           .shape = "2×2",
           .values = ".5 .25 0 1",
           .tokens = "the|cat"},
          {.text = "\"1\",\"2\"\n\"3\",\"4\"\n", .shape = "2×2", .values = "1 2 3 4"},
          {.text = "1 2\n1 .5 .25\n2 0 1\n",
           .shape = "2×2",
           .values = ".5 .25 0 1",
           .tokens = "1|2",
           .warning = "the first line is taken for a header; --header no"},
          {.text = "1,2\n.5,.25\n0,1\n", .shape = "3×2", .values = "1 2 .5 .25 0 1", .warning = taken},
          {.text = "1,2\n.5,.25\n0,1\n", .header = HEADER_YES, .shape = "2×2", .values = ".5 .25 0 1"},
          {.text = "1,2\n.5,.25\n", .shape = "2×2", .values = "1 2 .5 .25"},
          {.text = "1,2,3\n4,5,6\n", .shape = "2×3", .values = "1 2 3 4 5 6"}, );
}

static void tables_of_r(void **state)
{
    (void)state;
    CHECK({.text = "\"V1\" \"V2\"\n\"The\" 0.5 0.2\n\"a b\" 1 2\n",
           .shape = "2×2",
           .values = ".5 .2 1 2",
           .tokens = "The|a b"},
          {.text = "\"V1\" \"V2\"\n\"1\" 0.5 0.2\n\"2\" 1 2\n",
           .shape = "2×2",
           .values = ".5 .2 1 2",
           .tokens = "1|2"},
          {.text = "\"\",\"V1\",\"V2\"\n\"1\",0.5,0.2\n", .shape = "1×2", .values = ".5 .2", .tokens = "1"},
          {.text = "\"The\" 1 2\n\"cat\" 3 4\n", .shape = "2×2", .values = "1 2 3 4", .tokens = "The|cat"},
          {.text = "\"a\" \"b\"\n\"a\" .5 .5\n\"b\" 0 1\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "a|b",
           .key_tokens = "a|b"}, );
}

static void slices(void **state)
{
    (void)state;
    CHECK({.text = "# Array shape: (2, 2, 2)\n1 2\n3 4\n# New slice\n5 6\n7 8\n# New slice\n",
           INPUT_Q,
           .shape = "2×2×2",
           .values = "1 2 3 4 5 6 7 8"},
          {.text = "1,2\n\n3,4\n\n\n5,6\n", INPUT_Q, .shape = "3×1×2", .values = "1 2 3 4 5 6"},
          {.text = "a,1\nb,2\n\na,3\nb,4\n", INPUT_Q, .shape = "2×2×1", .values = "1 2 3 4", .tokens = "a|b"},
          /* Tokens begin with # too. */
          {.text = "a 1 2\n# 3 4\n## 5 6\n", .shape = "3×2", .values = "1 2 3 4 5 6", .tokens = "a|#|##"},
          {.text = "a,1\n##b,2\n#,3\n", .shape = "3×1", .values = "1 2 3", .tokens = "a|##b|#"}, );
}

static void misspelt_numbers(void **state)
{
    (void)state;
    static const char two[] = "f.csv:1: the first line is taken for a header, because \"2x\" is not a number";
    CHECK({.text = "1,2x\n3,4\n", .shape = "1×2", .values = "3 4", .warning = two},
          {.text = "−1,−2\n3,4\n", .shape = "1×2", .values = "3 4", .warning = "because \"−1\""},
          {.text = "−1,2\n3,4\n5,6\n",
           .shape = "3×1",
           .tokens = "−1|3|5",
           .warning = "f.csv:1: \"−1\" is not a number, so the first column is taken for labels"},
          {.text = "the,2\n3rd,4\ncat,6\n", .shape = "3×1", .tokens = "the|3rd|cat"},
          {.text = ",1st,2nd\n1st,1,0\n2nd,.5,.5\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "1st|2nd",
           .key_tokens = "1st|2nd"}, );
}

#define TABLE "layer,head,query,key,weight\n"

static void long_tables(void **state)
{
    (void)state;
    CHECK({.text = TABLE "0,0,0,0,1\n0,0,0,1,0\n0,0,1,0,.4\n0,0,1,1,.6\n",
           .shape = "1×1×2×2",
           .values = "1 0 .4 .6"},
          {.text = TABLE "2,3,0,0,1\n", .shape = "1×1×1×1", .values = "1"}, );
}

static void long_tables_in_any_order(void **state)
{
    (void)state;
    CHECK({.text = "weight;key;query\n0,5;0;0\n0,25;1;0\n", .shape = "1×1×1×2", .values = ".5 .25"},
          {.text = ",Query,KEY,Weight\n0,0,0,1\n1,0,1,2\n", .shape = "1×1×1×2", .values = "1 2"},
          {.text = "\"query\" \"key\" \"weight\"\n0 0 1\n0 1 2\n", .shape = "1×1×1×2", .values = "1 2"},
          {.text = "query,key,weight,note\n0,0,1,x\n",
           .shape = "1×1×1×1",
           .values = "1",
           .warning = "f.csv:1: the column \"note\" is not used"},
          {.text = "query,key,weight\n0.0,0.0,1\n0.0,1.0,\n", .shape = "1×1×1×2", .values = "1 nan"},
          {.text = "query,key,score\n0,0,1\n0,1,2\n", .shape = "1×1×1×2", .values = "0.26894143 0.7310586"},
          {.text = "query,key,score,weight\n0,0,1,.5\n0,1,2,.25\n", .shape = "1×1×1×2", .values = ".5 .25"},
          /* Labels may be words that name columns elsewhere. */
          {.text = ",query,key,weight\nquery,1,2,3\n",
           INPUT_ATTENTION,
           .shape = "1×3",
           .tokens = "query",
           .key_tokens = "query|key|weight"}, );
}

static void long_tables_with_other_names(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "from,to,weight",
        "q,k,W",
        "row,col,value",
        "row,column,attn",
        "i,j,w",
        "Var1,Var2,Freq",
        "query_idx,key_idx,prob",
        "Query.Index,key-index,Attention Weight",
        "query_id,key_id,w",
        "from,to,weights",
        "query_pos,key_pos,attn",
        "query,key,attention_weight",
        "query,key,value",
        "target,source,w",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char text[200];
        snprintf(text, sizeof text, "%s\n0,0,1\n0,1,0\n1,0,.4\n1,1,.6\n", headers[i]);
        CHECK({.text = text, .shape = "1×1×2×2", .values = "1 0 .4 .6"});
    }
    CHECK({.text = "from,to,score\n0,0,1\n0,1,2\n", .shape = "1×1×1×2", .values = "0.26894143 0.7310586"},
          {.text = "query,key,value,weight\n0,0,1,.5\n",
           .shape = "1×1×1×1",
           .values = ".5",
           .warning = "the column \"value\" is not used"},
          {.text = "query,key,weight,alpha\n0,0,.5,1\n",
           .shape = "1×1×1×1",
           .values = ".5",
           .warning = "the column \"alpha\" is not used"},
          /* Indices of rows in front. */
          {.text = ",from,to,weight\n0,0,0,.5\n1,0,1,.25\n", .shape = "1×1×1×2", .values = ".5 .25"},
          {.text = "Unnamed: 0,from,to,weight\n0,0,0,.5\n", .shape = "1×1×1×1", .values = ".5"},
          {.text = "index,from,to,weight\n0,0,0,.5\n", .shape = "1×1×1×1", .values = ".5"},
          {.text = "\"Var1\" \"Var2\" \"value\"\n\"1\" 1 1 .5\n\"2\" 2 1 .25\n",
           .shape = "1×1×2×1",
           .values = ".5 .25",
           .tokens = "1|2",
           .key_tokens = "1"},
          /* Features and labels of a matrix may have these names. */
          {.text = "i,j,w\n.5,2,3\n", .shape = "1×3", .values = ".5 2 3"},
          {.text = "from,to,size\n0,2,3\n", .shape = "1×3", .values = "0 2 3"},
          {.text = "from to w\nfrom .5 .5 0\n", .shape = "1×3", .values = ".5 .5 0", .tokens = "from"}, );
}

static void long_tables_of_words(void **state)
{
    (void)state;
    CHECK({.text = "query_token,key_token,weight\nb,a,.4\nb,b,.6\na,a,1\na,b,0\n",
           .shape = "1×1×2×2",
           .values = ".6 .4 0 1",
           .tokens = "b|a",
           .key_tokens = "b|a"},
          {.text = "query,key,weight\nder,the,1\nder,cat,2\nHund,the,3\nHund,cat,4\n",
           .shape = "1×1×2×2",
           .values = "1 2 3 4",
           .tokens = "der|Hund",
           .key_tokens = "the|cat"},
          /* Some words in common are not one sequence. */
          {.text = "from,to,weight\nx,a,1\na,b,2\n",
           .shape = "1×1×2×2",
           .values = "1 0 0 2",
           .tokens = "x|a",
           .key_tokens = "a|b"},
          {.text = "query_token,key_token,weight\n7,7,1\n",
           .shape = "1×1×1×1",
           .tokens = "7",
           .key_tokens = "7"},
          {.text = "query,key,weight\n0,cat,1\n", .shape = "1×1×1×1", .values = "1", .key_tokens = "cat"},
          {.text = "\"Var1\" \"Var2\" \"value\"\n\"1\" \"a b\" \"a b\" .5\n\"2\" \"c\" \"a b\" .25\n",
           .shape = "1×1×2×1",
           .values = ".5 .25",
           .tokens = "a b|c",
           .key_tokens = "a b"}, );
}

/* Reads a long table and returns which pairs are masked, as "1101"; the caller frees the inputs. */
static void read_long(const char *text, struct inputs *inputs, char masked[VALUES_MAX + 1])
{
    struct warnings warnings = {0};
    struct error error = {0};
    read_text(text, &(struct read_target){.what = READ_ANY, .called = "input"}, inputs, &warnings, &error);
    if (error.kind)
        fail_msg("%s: %s", text, error.message);
    assert_int_equal(warnings.count, 0);
    const struct tensor *mask = &inputs->all.tensor[INPUT_MASK];
    size_t count = mask->data ? tensor_count(mask) : 0;
    assert_true(count <= VALUES_MAX);
    for (size_t i = 0; i < count; i++)
        masked[i] = mask->data[i] != 0 ? '0' : '1';
    masked[count] = 0;
}

static void missing_pairs_are_masked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shape, *values, *masked, *tokens, *key_tokens;
    } known[] = {
        {"query,key,weight\n0,0,1\n1,0,.4\n1,1,.6\n2,1,.3\n", "1×1×3×3", "1 0 0 .4 .6 0 0 .3 0", "011001101",
         NULL, NULL},
        {"source,target,alpha\n0,0,1\n0,1,.4\n1,1,.6\n", "1×1×2×2", "1 0 .4 .6", "0100", NULL, NULL},
        {"query,key,weight\n3,3,1\n5,3,.4\n5,5,.6\n", "1×1×2×2", "1 0 .4 .6", "0100", "3|5", "3|5"},
        {"query,key,weight,query_token,key_token\n0,0,1,a,x\n0,2,.4,a,z\n1,0,.6,b,x\n", "1×1×2×2",
         "1 .4 .6 0", "0001", "a|b", "x|z"},
        {"query,key,weight,query_token,key_token\n0,0,1,a,a\n2,0,.4,c,a\n", "1×1×2×1", "1 .4", "", "a|c",
         "a"},
        {"query,key,weight,query_token,key_token\n0,0,1,a,a\n2,1,.4,c,b\n", "1×1×3×3", "1 0 0 0 0 0 0 .4 0",
         "011111101", "a|b|c", "a|b|c"},
        {"query,key,weight\n0,5,1\n1,6,1\n", "1×1×2×2", "1 0 0 1", "0110", NULL, "5|6"},
        {"query,key,weight,masked\n0,0,1,0\n0,1,0,1\n", "1×1×1×2", "1 0", "01", NULL, NULL},
        {"query,key,weight,masked\n0,0,1,false\n0,1,nan,True\n", "1×1×1×2", "1 0", "01", NULL, NULL},
        {"query,key,masked_score\n0,0,1\n0,1,-inf\n0,2,2\n", "1×1×1×3", "0.26894143 0 0.7310586", "010", NULL,
         NULL},
        {"query,key,score\n0,0,-inf\n1,0,3\n1,1,3\n", "1×1×2×2", "0 0 .5 .5", "1100", NULL, NULL},
        {"head,query,key,score\n0,0,0,800\n0,0,1,800\n1,0,0,-3e38\n", "1×2×1×2", ".5 .5 1 0", "0001", NULL,
         NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct inputs inputs = {0};
        char masked[VALUES_MAX + 1], shape[96];
        read_long(known[i].text, &inputs, masked);
        const struct tensor *attention = &inputs.all.tensor[INPUT_ATTENTION];
        assert_string_equal(tensor_shape(attention, shape), known[i].shape);
        check_values(known[i].text, attention, known[i].values);
        if (strcmp(masked, known[i].masked) != 0)
            fail_msg("%s: masked are %s, expected %s", known[i].text, masked, known[i].masked);
        check_labels(known[i].text, &inputs.tokens, known[i].tokens);
        check_labels(known[i].text, &inputs.key_tokens, known[i].key_tokens);
        inputs_free(&inputs);
    }
}

static void lists_of_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum read_header header;
        const char *tokens;
        int may_have_header;
    } known[] = {
        {"token\nThe\ncat\n", HEADER_GUESSED, "token|The|cat", LABELS_HEADER_LIKELY},
        {"0\nThe\n", HEADER_GUESSED, "0|The", LABELS_HEADER_LIKELY},
        {"Wort\nThe\n", HEADER_GUESSED, "Wort|The", LABELS_HEADER_POSSIBLE},
        {"Wort\nThe\n", HEADER_YES, "The", LABELS_ONLY},
        {"token\nThe\n", HEADER_NO, "token|The", LABELS_ONLY},
        {",token\n0,The\n1,\",\"\n", HEADER_GUESSED, "The|,", LABELS_ONLY},
        {"\"\",\"x\"\n\"1\",\"The\"\n\"2\",\"cat\"\n", HEADER_GUESSED, "The|cat", LABELS_ONLY},
        {"0,The\n1,cat\n", HEADER_GUESSED, "The|cat", LABELS_HEADER_POSSIBLE},
        {"\"x\"\n\"The\"\n\"a \"\"b\"\"\"\n", HEADER_GUESSED, "x|The|a \"b\"", LABELS_HEADER_LIKELY},
        {"The\n,\n\"\n", HEADER_GUESSED, "The|,|\"", LABELS_HEADER_POSSIBLE},
        {"0,The\n2,cat\n", HEADER_GUESSED, "0,The|2,cat", LABELS_HEADER_POSSIBLE},
        {"5,The\n6,cat\n", HEADER_GUESSED, "5,The|6,cat", LABELS_HEADER_POSSIBLE},
        {"a,b\n,\n", HEADER_GUESSED, "a,b|,", LABELS_HEADER_POSSIBLE},
        {"", HEADER_YES, "", LABELS_ONLY},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct inputs inputs = {0};
        struct warnings warnings = {0};
        struct error error = {0};
        const struct read_target target = {
            .what = READ_TOKENS, .called = "tokens", .header = known[i].header};
        read_text(known[i].text, &target, &inputs, &warnings, &error);
        assert_int_equal(error.kind, ERROR_NONE);
        check_labels(known[i].text, &inputs.tokens, known[i].tokens);
        if ((int)inputs.tokens.header != known[i].may_have_header)
            fail_msg("%s: header %d, expected %d", known[i].text, inputs.tokens.header,
                     known[i].may_have_header);
        inputs_free(&inputs);
    }
}

static void check_error(const char *text, const char *message)
{
    struct inputs inputs = {0};
    struct warnings warnings = {0};
    struct error error = {0};
    read_text(text, &(struct read_target){.what = READ_ANY, .called = "input"}, &inputs, &warnings, &error);
    assert_string_equal(error.message, message);
    inputs_free(&inputs);
    warnings_free(&warnings);
}

/* A missing value is no reason to take a line for a header, nor a column for labels. */
static void refuses_missing_values(void **state)
{
    (void)state;
#define MISSING " is a missing value: expected a number, 0 for a pair that is masked (nan if it is to be nan)"
    check_error("1,NA\n3,4\n", "f.csv:1:3: \"NA\"" MISSING);
    check_error("The,NA,N/A\ncat,3,4\n", "f.csv:1:5: \"NA\"" MISSING);
    check_error("1,2\nNone,4\n", "f.csv:2:1: \"None\"" MISSING);
    check_error("-,2\n3,4\n", "f.csv:1:1: \"-\"" MISSING);
    check_error("1,2\n3, null \n", "f.csv:2:4: \"null\"" MISSING);
    check_error("1,2\n3,\"#N/A\"\n", "f.csv:2:3: \"#N/A\"" MISSING);
    check_error("query,key,weight\n0,0,NA\n", "f.csv:2:5: \"NA\"" MISSING);
    /* They are tokens too. */
    CHECK({.text = "-,1\nNone,2\n", .shape = "2×1", .tokens = "-|None"},
          {.text = ",-,the\n-,1,0\nthe,.5,.5\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "-|the",
           .key_tokens = "-|the"},
          {.text = "token,NA,the\nNA,1,0\nthe,.5,.5\n",
           INPUT_ATTENTION,
           .shape = "2×2",
           .tokens = "NA|the",
           .key_tokens = "NA|the"}, );
}

static void refuses_bad_long_tables(void **state)
{
    (void)state;
    check_error("query,key,weight\n0,0,1\nthe,cat,1\n",
                "f.csv:3:1: the query is \"the\": expected a whole number, "
                "counted from 0; tokens go into query_token");
    check_error(
        "query,key,weight\n0,0,1\n0,cat,1\n",
        "f.csv:3:3: the key is \"cat\": expected a whole number, counted from 0; tokens go into key_token");
    check_error(
        "from,to,weight\nthe,cat,1\nthe,cat,1\n",
        "f.csv:3:1: layer 0, head 0, query \"the\", key \"cat\" stands twice: expected every pair once; "
        "words that occur twice want columns query and key that count them");
    check_error("query,key,scaled_score\n0,0,1\n",
                "f.csv:1:1: this is a table of another stage than the weights: "
                "expected a column weight or score");
    check_error("query,feature,value\n0,0,1\n",
                "f.csv:1:1: this is a table of another stage than the weights: "
                "expected a column weight or score");
    check_error("query,key,weight,masked\n0,0,1,2\n",
                "f.csv:2:7: masked is \"2\": expected 0, 1, false or true");
    check_error("query,key,weight\n0,0,1\n0,0,2\n",
                "f.csv:3:1: layer 0, head 0, query 0, key 0 stands twice: expected every pair once");
}

/* Each of 9000 queries with a key of its own: 81 million pairs. */
static void pairs_are_bounded_by_rows(void **state)
{
    (void)state;
    enum { QUERIES = 9000, LINE = 24 };
    char *text = malloc((size_t)QUERIES * LINE + 20), *p = text;
    assert_non_null(text);
    p += sprintf(p, "query,key,weight\n");
    for (int i = 0; i < QUERIES; i++)
        p += sprintf(p, "%d,%d,1\n", i, i);
    check_error(text,
                "f.csv:9002:1: 9000 rows for 1 layers, 1 heads, 9000 queries and 9000 keys: expected a row "
                "for more of the pairs");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_commas),
        cmocka_unit_test(headers),
        cmocka_unit_test(headers_that_are_said),
        cmocka_unit_test(tokens_that_are_numbers),
        cmocka_unit_test(columns_that_count_the_rows),
        cmocka_unit_test(headers_that_count_from_one),
        cmocka_unit_test(tables_of_r),
        cmocka_unit_test(slices),
        cmocka_unit_test(misspelt_numbers),
        cmocka_unit_test(long_tables),
        cmocka_unit_test(long_tables_in_any_order),
        cmocka_unit_test(long_tables_with_other_names),
        cmocka_unit_test(long_tables_of_words),
        cmocka_unit_test(missing_pairs_are_masked),
        cmocka_unit_test(lists_of_tokens),
        cmocka_unit_test(refuses_missing_values),
        cmocka_unit_test(refuses_bad_long_tables),
        cmocka_unit_test(pairs_are_bounded_by_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
