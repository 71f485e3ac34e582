/* Pickles by hand: every opcode that is known, and every way in which a pickle can be wrong. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/pickle.h"

static const struct pickle_name names[] = {
    {"m.named", 0, 0, 0, NULL},
    {"m.call", PICKLE_MAY_CALL, 0, 0, NULL},
    {"m.dict", PICKLE_MAY_CALL | PICKLE_MAY_FILL | PICKLE_MAY_STATE, 0, 0, NULL},
    {"m.sparse", 0, 0, 0, "a sparse thing: expected a dense one"},
};

static const struct pickle_name *find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static const struct pickle_rules rules = {.find = find, .expected = "plain values"};

/* ---- values as text ---- */

struct shown {
    char text[4096];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct shown *shown, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    shown->used +=
        (size_t)vsnprintf(shown->text + shown->used, sizeof shown->text - shown->used, format, arguments);
    va_end(arguments);
    assert_true(shown->used < sizeof shown->text);
}

static void show(struct shown *shown, const struct pickle *pickle, pickle_id id);

static void show_items(struct shown *shown, const struct pickle *pickle, pickle_id id, const char *around)
{
    put(shown, "%c", around[0]);
    for (uint32_t i = 0; i < pickle->values[id].count; i++) {
        put(shown, "%s", i > 0 ? " " : "");
        show(shown, pickle, pickle_item(pickle, id, i));
    }
    put(shown, "%c", around[1]);
}

/* Each kind in its own form: [list], (tuple), <set>, {dict}, name, name(arguments){items}=state, @persistent. */
static void show(struct shown *shown, const struct pickle *pickle, pickle_id id)
{
    const struct pickle_value *value = &pickle->values[id];
    switch (value->kind) {
    case PICKLE_NONE:
        put(shown, "none");
        break;
    case PICKLE_TRUTH:
        put(shown, value->integer ? "yes" : "no");
        break;
    case PICKLE_INTEGER:
        if (value->is_unsigned)
            put(shown, "%" PRIu64 "u", (uint64_t)value->integer);
        else
            put(shown, "%" PRId64, value->integer);
        break;
    case PICKLE_REAL:
        put(shown, "%.17gr", value->real);
        break;
    case PICKLE_LONG:
        put(shown, "long");
        /* fallthrough */
    case PICKLE_BYTES:
        for (size_t i = 0; i < value->size; i++)
            put(shown, ".%02x", (unsigned char)value->data[i]);
        break;
    case PICKLE_TEXT:
        put(shown, "'%.*s'", (int)value->size, value->data);
        break;
    case PICKLE_LIST:
        show_items(shown, pickle, id, "[]");
        break;
    case PICKLE_TUPLE:
        show_items(shown, pickle, id, "()");
        break;
    case PICKLE_SET:
        show_items(shown, pickle, id, "<>");
        break;
    case PICKLE_DICT:
        show_items(shown, pickle, id, "{}");
        break;
    case PICKLE_NAME:
        put(shown, "%s", value->name->name);
        break;
    case PICKLE_CALL:
        put(shown, "%s", value->name->name);
        show(shown, pickle, value->arguments);
        show_items(shown, pickle, id, "{}");
        put(shown, "=");
        show(shown, pickle, value->state);
        break;
    case PICKLE_PERSISTENT:
        put(shown, "@");
        show(shown, pickle, value->arguments);
    }
}

/* Bytes of a literal, in memory of exactly their size, so that the address sanitizer sees what reads behind them. */
struct given {
    const char *data;
    size_t size;
    const char *wanted;
};
#define GIVEN(bytes, wanted)                                                                                 \
    {                                                                                                        \
        bytes, sizeof(bytes) - 1, wanted                                                                     \
    }

static bool read_given(const struct given *given, struct shown *shown, struct error *error)
{
    struct pickle pickle = {0};
    char *data = malloc(given->size ? given->size : 1);
    memcpy(data, given->data, given->size);
    const bool ok = pickle_read(&pickle, data, given->size, 0, &rules, "FILE", error);
    *shown = (struct shown){.used = 0};
    if (ok) {
        assert_int_equal(pickle.end, given->size);
        show(shown, &pickle, pickle.root);
    }
    pickle_free(&pickle);
    free(data);
    return ok;
}

static void expect_shown(const struct given *given, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shown shown;
        struct error error = {0};
        if (!read_given(&given[i], &shown, &error))
            fail_msg("expected %s: %s", given[i].wanted, error.message);
        assert_string_equal(shown.text, given[i].wanted);
    }
}

static void expect_errors(const struct given *given, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shown shown;
        struct error error = {0};
        if (read_given(&given[i], &shown, &error))
            fail_msg("expected an error: %s: %s", given[i].wanted, shown.text);
        assert_int_equal(error.kind, ERROR_INPUT);
        assert_string_equal(error.message, given[i].wanted);
    }
}

#define EXPECT(expect, given) expect(given, sizeof(given) / sizeof *(given))

/* ---- tests ---- */

static void test_values(void **state)
{
    (void)state;
    static const struct given given[] = {
        GIVEN("\x80\2N.", "none"),
        GIVEN("\x80\3\x88.", "yes"),
        GIVEN("\x80\4\x95\1\0\0\0\0\0\0\0\x89.", "no"),
        GIVEN("\x80\5K\xff.", "255"),
        GIVEN("M\xff\xfe.", "65279"),
        GIVEN("J\xfe\xff\xff\xff.", "-2"),
        GIVEN("J\xff\xff\xff\x7f.", "2147483647"),
        GIVEN("\x8a\0.", "0"),
        GIVEN("\x8a\1\x80.", "-128"),
        GIVEN("\x8a\2\x80\0.", "128"),
        GIVEN("\x8b\3\0\0\0\1\2\xff.", "-65023"),
        GIVEN("\x8a\10\0\0\0\0\0\0\0\x80.", "-9223372036854775808"),
        GIVEN("\x8a\11\1\0\0\0\0\0\0\x80\0.", "9223372036854775809u"),
        GIVEN("\x8a\11\1\0\0\0\0\0\0\x80\1.", "long.01.00.00.00.00.00.00.80.01"),
        GIVEN("G\x3f\xb9\x99\x99\x99\x99\x99\x9a.", "0.10000000000000001r"),
        GIVEN("X\2\0\0\0ab.", "'ab'"),
        GIVEN("\x8c\2\xc3\xbc.", "'\xc3\xbc'"),
        GIVEN("\x8d\1\0\0\0\0\0\0\0z.", "'z'"),
        GIVEN("U\1q.", "'q'"),
        GIVEN("T\1\0\0\0q.", "'q'"),
        GIVEN("X\1\0\0\0\xff.", ".ff"),
        GIVEN("C\2\0\1.", ".00.01"),
        GIVEN("B\1\0\0\0\2.", ".02"),
        GIVEN("\x8e\1\0\0\0\0\0\0\0\3.", ".03"),
        GIVEN("\x96\1\0\0\0\0\0\0\0\4.", ".04"),
    };
    EXPECT(expect_shown, given);
}

static void test_containers(void **state)
{
    (void)state;
    static const struct given given[] = {
        GIVEN("].", "[]"),
        GIVEN("]K\1a.", "[1]"),
        GIVEN("](K\1K\2e.", "[1 2]"),
        GIVEN("](e.", "[]"),
        GIVEN(").", "()"),
        GIVEN("K\1\x85.", "(1)"),
        GIVEN("K\1K\2\x86.", "(1 2)"),
        GIVEN("K\1K\2K\3\x87.", "(1 2 3)"),
        GIVEN("(K\1K\2K\3K\4t.", "(1 2 3 4)"),
        GIVEN("(t.", "()"),
        GIVEN("}K\1Ns.", "{1 none}"),
        GIVEN("}(K\1K\2K\3K\4u.", "{1 2 3 4}"),
        GIVEN("\x8f(K\1K\2\x90.", "<1 2>"),
        GIVEN("(K\1\x91.", "<1>"),
        GIVEN("](](K\1e}K\2K\3se.", "[[1] {2 3}]"),
        GIVEN("K\1K\2"
              "0.",
              "1"),
        GIVEN("K\1(K\2K\3"
              "1.",
              "1"),
        GIVEN("K\1Q.", "@1"),
    };
    EXPECT(expect_shown, given);
}

static void test_memo(void **state)
{
    (void)state;
    static const struct given given[] = {
        GIVEN("](K\1q\0h\0h\0e.", "[1 1 1]"),
        GIVEN("](K\1\x94K\2\x94h\1h\0e.", "[1 2 2 1]"),
        GIVEN("](K\7r\3\0\0\0j\3\0\0\0e.", "[7 7]"),
        /* A list that is filled after it was recalled. */
        GIVEN("](]q\0h\0eh\0K\5a0.", "[[5] [5]]"),
        GIVEN("]\x94]h\0a0K\1a.", "[1]"),
    };
    EXPECT(expect_shown, given);
    static const struct given wrong[] = {
        GIVEN("h\0.",
              "FILE: a pickle that recalls what it has not memoized at byte 0: expected one that is whole"),
        GIVEN("K\1q\3h\2.",
              "FILE: a pickle that recalls what it has not memoized at byte 4: expected one that is whole"),
        GIVEN("K\1r\xff\xff\xff\x7f.",
              "FILE: a pickle that memoizes out of order at byte 2: expected one that Python wrote"),
        GIVEN("q\0.", "FILE: a pickle that takes what is not there at byte 0: expected one that is whole"),
    };
    EXPECT(expect_errors, wrong);
}

static void test_calls(void **state)
{
    (void)state;
    static const struct given given[] = {
        GIVEN("cm\nnamed\n.", "m.named"),
        GIVEN("\x8c\1m\x8c\5named\x93.", "m.named"),
        GIVEN("cm\ncall\nK\1\x85R.", "m.call(1){}=none"),
        GIVEN("cm\ncall\n)\x81.", "m.call(){}=none"),
        GIVEN("cm\ndict\n)R(K\1K\2uK\3K\4s}b.", "m.dict(){1 2 3 4}={}"),
    };
    EXPECT(expect_shown, given);
    static const struct given wrong[] = {
        GIVEN("cbuiltins\nprint\n(X\1\0\0\0xtR.",
              "FILE: a pickle that names builtins.print, which is not run, at byte 0: expected plain values"),
        GIVEN("]\x8c\2no\x8c\5where\x93.",
              "FILE: a pickle that names no.where, which is not run, at byte 12: expected plain values"),
        /* Only whole names are known: not their beginning, and not with more behind them. */
        GIVEN("cm\ncal\n.",
              "FILE: a pickle that names m.cal, which is not run, at byte 0: expected plain values"),
        GIVEN("cm\ncall.x\n.",
              "FILE: a pickle that names m.call.x, which is not run, at byte 0: expected plain values"),
        GIVEN("\x8c\1m\x8c\6call\0x\x93.",
              "FILE: a pickle that names m.call, which is not run, at byte 11: expected plain values"),
        GIVEN("cm\nsparse\n.",
              "FILE: a pickle that names m.sparse at byte 0, a sparse thing: expected a dense one"),
        GIVEN("cm\nnamed\n)R.",
              "FILE: a pickle that calls what is no function at byte 10: expected plain values"),
        GIVEN("cm\ncall\nK\1R.",
              "FILE: a pickle that calls what is no function at byte 10: expected plain values"),
        GIVEN("cm\ncall\n)R)R.",
              "FILE: a pickle that calls what is no function at byte 11: expected plain values"),
        GIVEN("cm\nnamed\n)\x81.",
              "FILE: a pickle that calls what is no function at byte 10: expected plain values"),
        GIVEN("cm\ncall\n)R}b.",
              "FILE: a pickle that gives a state to what has none at byte 11: expected plain values"),
        GIVEN("}}b.", "FILE: a pickle that gives a state to what has none at byte 2: expected plain values"),
        GIVEN("cm\ncall\n)RK\1K\2s.",
              "FILE: a pickle that puts items into what has none at byte 14: expected a list, set or dict"),
        GIVEN("K\1K\2\x93.", "FILE: a pickle that names what is no text at byte 4: expected two texts"),
        GIVEN("cm\ncall", "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
    };
    EXPECT(expect_errors, wrong);
}

static void test_long_name(void **state)
{
    (void)state;
    char bytes[700];
    memset(bytes, 'n', sizeof bytes);
    memcpy(bytes, "cm\n", 3);
    bytes[sizeof bytes - 1] = '\n';
    const struct given given = {bytes, sizeof bytes, NULL};
    struct shown shown;
    struct error error = {0};
    assert_false(read_given(&given, &shown, &error));
    assert_non_null(strstr(error.message, "nnn…, which is not run, at byte 0: expected plain values"));
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct given wrong[] = {
        GIVEN("", "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
        GIVEN("K\1", "FILE: a pickle that ends early at byte 2: expected a file that was copied whole"),
        GIVEN("J\1\2\3", "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
        GIVEN("X\xff\xff\xff\xff"
              "abc.",
              "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
        GIVEN("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
              "abc.",
              "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
        GIVEN("\x8b\xff\xff\xff\xff.",
              "FILE: a pickle that ends early at byte 0: expected a file that was copied whole"),
        GIVEN("\x80\1N.", "FILE: a pickle that has an unknown protocol at byte 0: expected protocol 2 to 5"),
        GIVEN("\x80\6N.", "FILE: a pickle that has an unknown protocol at byte 0: expected protocol 2 to 5"),
        GIVEN(
            "I1\n.",
            "FILE: a pickle that has opcode 0x49 at byte 0: expected what Python writes by protocol 2 to 5"),
        GIVEN(
            "(ios\nsystem\n.",
            "FILE: a pickle that has opcode 0x69 at byte 1: expected what Python writes by protocol 2 to 5"),
        GIVEN(
            "\x82\1.",
            "FILE: a pickle that has opcode 0x82 at byte 0: expected what Python writes by protocol 2 to 5"),
        GIVEN(".", "FILE: a pickle that ends with more or less than one value at byte 0: expected one that "
                   "is whole"),
        GIVEN("NN.", "FILE: a pickle that ends with more or less than one value at byte 2: expected one that "
                     "is whole"),
        GIVEN("N(.", "FILE: a pickle that ends with more or less than one value at byte 2: expected one that "
                     "is whole"),
        GIVEN("0.", "FILE: a pickle that takes what is not there at byte 0: expected one that is whole"),
        GIVEN("N(0.", "FILE: a pickle that takes what is not there at byte 2: expected one that is whole"),
        GIVEN("N(\x85.", "FILE: a pickle that takes what is not there at byte 2: expected one that is whole"),
        GIVEN("K\1K\2\x87.",
              "FILE: a pickle that takes what is not there at byte 4: expected one that is whole"),
        GIVEN("t.", "FILE: a pickle that misses a mark at byte 0: expected one that is whole"),
        GIVEN("N1.", "FILE: a pickle that misses a mark at byte 1: expected one that is whole"),
        GIVEN("(K\1e.", "FILE: a pickle that takes what is not there at byte 3: expected one that is whole"),
        GIVEN("NNa.",
              "FILE: a pickle that puts items into what has none at byte 2: expected a list, set or dict"),
        GIVEN("](NNu.",
              "FILE: a pickle that puts items into what has none at byte 4: expected a list, set or dict"),
        GIVEN("}Na.",
              "FILE: a pickle that puts items into what has none at byte 2: expected a list, set or dict"),
        GIVEN(")Na.",
              "FILE: a pickle that puts items into what has none at byte 2: expected a list, set or dict"),
        GIVEN("}(Nu.", "FILE: a pickle that puts a key without a value at byte 3: expected pairs"),
        GIVEN("Q.", "FILE: a pickle that takes what is not there at byte 0: expected one that is whole"),
        GIVEN("R.", "FILE: a pickle that takes what is not there at byte 0: expected one that is whole"),
        GIVEN("b.", "FILE: a pickle that takes what is not there at byte 0: expected one that is whole"),
        GIVEN("N\x93.", "FILE: a pickle that takes what is not there at byte 1: expected one that is whole"),
    };
    EXPECT(expect_errors, wrong);
}

/* A pickle within a file: the offset counts from the beginning of the file, and the end is told. */
static void test_start(void **state)
{
    (void)state;
    static const char two[] = "K\1.K\2.\x80\7N.";
    struct pickle pickle = {0};
    struct error error = {0};
    assert_true(pickle_read(&pickle, two, sizeof two - 1, 0, &rules, "F", &error));
    assert_int_equal(pickle.end, 3);
    pickle_free(&pickle);
    assert_true(pickle_read(&pickle, two, sizeof two - 1, 3, &rules, "F", &error));
    assert_int_equal(pickle.end, 6);
    assert_int_equal(pickle.values[pickle.root].integer, 2);
    pickle_free(&pickle);
    assert_false(pickle_read(&pickle, two, sizeof two - 1, 6, &rules, "F", &error));
    assert_string_equal(error.message,
                        "F: a pickle that has an unknown protocol at byte 6: expected protocol 2 to 5");
    pickle_free(&pickle);
    error = (struct error){0};
    assert_false(pickle_read(&pickle, two, sizeof two - 1, 100, &rules, "F", &error));
    pickle_free(&pickle);
}

/* A stack and a memo of a million, and as many lists in one another: memory in proportion, and no recursion. */
static void test_large(void **state)
{
    (void)state;
    enum { MANY = 1000000 };
    char *data = malloc(2 * MANY + 1);
    struct pickle pickle = {0};
    struct error error = {0};
    for (int i = 0; i < MANY; i++) {
        data[i] = ']';
        data[MANY + i] = 'a';
    }
    data[2 * MANY - 1] = '.';
    assert_true(pickle_read(&pickle, data, 2 * MANY, 0, &rules, "F", &error));
    assert_int_equal(pickle.count, MANY + 1);
    assert_int_equal(pickle.cell_count, MANY - 1);
    pickle_free(&pickle);
    memset(data, '(', MANY);
    memset(data + MANY, '\x94', MANY);
    assert_false(pickle_read(&pickle, data, 2 * MANY, 0, &rules, "F", &error));
    pickle_free(&pickle);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_containers), cmocka_unit_test(test_memo),
        cmocka_unit_test(test_calls),  cmocka_unit_test(test_long_name),  cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_start),  cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
