/* Large tables, which are read in parts: the same numbers and the same messages as without parts, for any
 * number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "base/source.h"
#include "base/workers.h"
#include "read/csv_private.h"
#include "read/read.h"

enum { ROWS = 20000, COLUMNS = 11 };

/* A table of ROWS×COLUMNS numbers, 0, 1, 2, …, that is being made. One row may be another one. */
struct text {
    char *data;
    size_t size;
};

struct form {
    const char *head, *delimiter, *line_end, *tail;
    size_t odd_row; /* from 0 */
    const char *odd;
};

static struct text make(const struct form *form)
{
    size_t room = (size_t)ROWS * COLUMNS * 12 + 4096;
    struct text text = {.data = malloc(room)};
    assert_non_null(text.data);
    char *p = stpcpy(text.data, form->head ? form->head : "");
    for (size_t i = 0; i < ROWS; i++) {
        if (form->odd && i == form->odd_row)
            p = stpcpy(p, form->odd);
        else
            for (size_t j = 0; j < COLUMNS; j++)
                p += sprintf(p, "%s%zu.0", j ? form->delimiter : "", i * COLUMNS + j);
        if (i + 1 < ROWS)
            p = stpcpy(p, form->line_end);
    }
    p = stpcpy(p, form->tail ? form->tail : form->line_end);
    text.size = (size_t)(p - text.data);
    assert_true(text.size < room && text.size > 1 << 20);
    return text;
}

struct outcome {
    struct inputs inputs;
    struct warnings warnings;
    struct error error;
    bool ok;
};

static void read_text(struct outcome *outcome, const struct text *text)
{
    static char name[] = "f.csv";
    static const struct read_target any = {.what = READ_ANY, .called = "input"};
    struct source source = {.name = name, .data = malloc(text->size + 1), .size = text->size};
    assert_non_null(source.data);
    memcpy(source.data, text->data, text->size);
    source.data[text->size] = 0;
    *outcome = (struct outcome){.ok = false};
    outcome->ok = reader_csv.read(&outcome->inputs, &source, &any, &outcome->warnings, &outcome->error);
    free(source.data);
}

static void finish(struct outcome *outcome)
{
    inputs_free(&outcome->inputs);
    warnings_free(&outcome->warnings);
}

/* Whether parts were made of the text, which has no head. */
static bool in_parts(const struct text *text, char delimiter)
{
    struct error error = {0};
    struct source source = {.data = text->data, .size = text->size};
    struct csv csv = {.source = &source,
                      .at = text->data,
                      .end = text->data + text->size,
                      .delimiter = delimiter,
                      .mark = '.',
                      .error = &error};
    struct csv_numbers numbers;
    bool done = csv_read_parts(&csv, &numbers);
    assert_ptr_equal(csv.at, done ? csv.end : text->data);
    assert_int_equal(error.kind, ERROR_NONE);
    if (done)
        free(numbers.data);
    return done;
}

static const int crews[] = {1, 2, 5};

static void check_numbers(const struct form *form, bool parts)
{
    struct text text = make(form);
    for (size_t c = 0; c < sizeof crews / sizeof *crews; c++) {
        struct outcome o;
        workers_limit(crews[c]);
        if (!form->head)
            assert_int_equal(in_parts(&text, form->delimiter[0]), parts);
        read_text(&o, &text);
        if (!o.ok)
            fail_msg("%s", o.error.message);
        const struct tensor *tensor = &o.inputs.all.tensor[INPUT_EMBEDDINGS];
        assert_int_equal(tensor->rank, 2);
        assert_int_equal(tensor->shape[0], ROWS);
        assert_int_equal(tensor->shape[1], COLUMNS);
        assert_int_equal(tensor->holds, TENSOR_NUMBERS);
        for (size_t i = 0; i < ROWS * COLUMNS; i++)
            assert_true(tensor->data[i] == (float)i);
        assert_int_equal(o.warnings.count, 0);
        finish(&o);
    }
    free(text.data);
}

static void reads_the_same_in_parts(void **state)
{
    (void)state;
    check_numbers(&(struct form){.delimiter = ",", .line_end = "\n"}, true);
    check_numbers(&(struct form){.delimiter = ";", .line_end = "\r\n"}, true);
    check_numbers(&(struct form){.delimiter = "\t", .line_end = "\n", .tail = ""}, true);
    check_numbers(&(struct form){.delimiter = "  ", .line_end = " \n"}, true);
    check_numbers(&(struct form){.delimiter = ", ", .line_end = "\n", .tail = "\n \n\r\n  \n"}, true);
    check_numbers(&(struct form){.delimiter = ",", .line_end = "\r\n", .tail = "\r"}, true);
    check_numbers(&(struct form){.delimiter = ",", .line_end = "\r"}, false);
    check_numbers(
        &(struct form){.head = "# note\n\na,b,c,d,e,f,g,h,i,j,k\n", .delimiter = ",", .line_end = "\n"},
        true);
    char quoted[256], *p = quoted;
    for (size_t j = 0; j < COLUMNS; j++)
        p += sprintf(p, "%s\"%zu\"", j ? "," : "", (size_t)777 * COLUMNS + j);
    check_numbers(&(struct form){.delimiter = ",", .line_end = "\n", .odd_row = 777, .odd = quoted}, true);
}

/* What is wrong in a part is said of the line where it stands. */
static void check_message(size_t row, const char *odd, const char *format, ...)
{
    struct form form = {.delimiter = ",", .line_end = "\n", .odd_row = row, .odd = odd};
    struct text text = make(&form);
    char wanted[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    for (size_t c = 0; c < sizeof crews / sizeof *crews; c++) {
        struct outcome o;
        workers_limit(crews[c]);
        assert_false(in_parts(&text, ','));
        read_text(&o, &text);
        assert_false(o.ok);
        assert_int_equal(o.error.kind, ERROR_INPUT);
        assert_string_equal(o.error.message, wanted);
        finish(&o);
    }
    free(text.data);
}

static void says_the_line_in_every_part(void **state)
{
    (void)state;
    static const size_t rows[] = {1, 4000, 9000, 13000, ROWS - 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t row = rows[i], line = row + 1;
        check_message(row, "0,1,2,3,4,five,6,7,8,9,10", "f.csv:%zu:11: expected a number, found \"five\"",
                      line);
        check_message(row, "0,1,2,,4,5,6,7,8,9,10", "f.csv:%zu:7: an empty cell: expected a number", line);
        check_message(
            row, "0,1,2,3,4,5,6,7,8,9",
            "f.csv:%zu:1: this row has 10 cells, the rows before it have 11: expected rows of one length",
            line);
        check_message(
            row, "0,1,2,3,4,5,6,7,8,9,10,11",
            "f.csv:%zu:1: this row has 12 cells, the rows before it have 11: expected rows of one length",
            line);
        check_message(row, "0,1,2,3,4,5,6,7,8,9,\"10",
                      "f.csv:%zu:21: a quoted cell has no end: expected a closing '\"'", line);
        if (row < ROWS - 1) {
            check_message(
                row, "",
                "f.csv:%zu:1: an empty line among the rows: expected one matrix, or slices of one length "
                "(the first has %zu rows, this one %zu)",
                line, row, (size_t)ROWS - 1 - row);
            check_message(
                row, "0,1,2,3,4\n5,6,7,8,9,10",
                "f.csv:%zu:1: this row has 5 cells, the rows before it have 11: expected rows of one length",
                line);
        }
    }
}

/* The first of several mistakes is the one that is named, whichever part is read first. */
static void names_the_first_mistake(void **state)
{
    (void)state;
    struct text text = make(&(struct form){.delimiter = ",",
                                           .line_end = "\n",
                                           .tail = ",x\n",
                                           .odd_row = 15000,
                                           .odd = "0,1,2,3,4,y,6,7,8,9,10"});
    for (size_t c = 0; c < sizeof crews / sizeof *crews; c++) {
        struct outcome o;
        workers_limit(crews[c]);
        read_text(&o, &text);
        assert_string_equal(o.error.message, "f.csv:15001:11: expected a number, found \"y\"");
        finish(&o);
    }
    free(text.data);
}

/* Behind the rows may stand blank lines, but no lone CR. */
static void blank_lines_at_the_end_are_read_alike(void **state)
{
    (void)state;
    struct text text = make(&(struct form){.delimiter = ",", .line_end = "\n", .tail = "\n\r\r\n"});
    assert_false(in_parts(&text, ','));
    free(text.data);
}

/* A word in the first column makes labels of it, late as it may come. */
static void a_late_word_makes_labels(void **state)
{
    (void)state;
    struct text text = make(&(struct form){
        .delimiter = ",", .line_end = "\n", .odd_row = 17000, .odd = "word,1,2,3,4,5,6,7,8,9,10"});
    for (size_t c = 0; c < sizeof crews / sizeof *crews; c++) {
        struct outcome o;
        workers_limit(crews[c]);
        read_text(&o, &text);
        assert_true(o.ok);
        assert_int_equal(o.inputs.all.tensor[INPUT_EMBEDDINGS].shape[1], COLUMNS - 1);
        assert_int_equal(o.inputs.tokens.count, ROWS);
        assert_string_equal(o.inputs.tokens.text[17000], "word");
        assert_int_equal(o.warnings.count, 1);
        assert_string_equal(o.warnings.text[0],
                            "f.csv:17001: not a number in the first column, which is taken for labels");
        finish(&o);
    }
    free(text.data);
}

/* A first row that is long, and millions of short ones: what the table would take is not taken. */
static void memory_is_not_promised_to_short_lines(void **state)
{
    (void)state;
    enum { LONG = 50000, SHORT = 2000000 };
    struct text text = {.data = malloc(2 * (LONG + SHORT)), .size = 2 * (LONG + SHORT)};
    assert_non_null(text.data);
    for (size_t i = 0; i < LONG + SHORT; i++)
        memcpy(text.data + 2 * i, i < LONG - 1 ? "1," : "1\n", 2);
    struct outcome o;
    workers_limit(2);
    assert_false(in_parts(&text, ','));
    read_text(&o, &text);
    assert_string_equal(
        o.error.message,
        "f.csv:2:1: this row has 1 cell, the rows before it have 50000: expected rows of one length");
    finish(&o);
    free(text.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_same_in_parts),  cmocka_unit_test(says_the_line_in_every_part),
        cmocka_unit_test(names_the_first_mistake),  cmocka_unit_test(blank_lines_at_the_end_are_read_alike),
        cmocka_unit_test(a_late_word_makes_labels), cmocka_unit_test(memory_is_not_promised_to_short_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
