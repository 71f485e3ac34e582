/* Patterns of names, configs of models, and the tables of profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "base/words.h"
#include "problem/setting_kinds.h"
#include "problem/settings.h"
#include "problem/settings_parse.h"
#include "read/config.h"
#include "read/model.h"
#include "read/model_profile.h"
#include "read/name_pattern.h"
#include "read/profiles.h"

/* ---- patterns ---- */

static void fits(const char *pattern, const char *name, size_t layer, size_t start)
{
    struct name_numbers numbers;
    if (!name_pattern_fits(pattern, name, &numbers))
        fail_msg("%s does not fit %s", pattern, name);
    assert_int_equal(numbers.layer, layer);
    assert_int_equal(numbers.start, start);
}

static void misses(const char *pattern, const char *name)
{
    struct name_numbers numbers;
    if (name_pattern_fits(pattern, name, &numbers))
        fail_msg("%s fits %s", pattern, name);
}

static void patterns(void **state)
{
    (void)state;
    fits("*.h.%d.attn.weight", "h.12.attn.weight", 12, 0);
    fits("*.h.%d.attn.weight", "transformer.h.0.attn.weight", 0, 12);
    fits("*.h.%d.attn.weight", "a.b.H.999999999.attn.weight", 999999999, 4);
    fits("*.in_proj_weight", "in_proj_weight", SIZE_MAX, 0);
    fits("blk.%d.attn_q.weight", "blk.3.attn_q.weight", 3, 0);
    misses("blk.%d.attn_q.weight", "model.blk.3.attn_q.weight");
    misses("*.h.%d.attn.weight", "xh.0.attn.weight");
    misses("*.h.%d.attn.weight", "h.0.attn.weights");
    misses("*.h.%d.attn.weight", "h.1000000000.attn.weight");
    misses("*.h.%d.attn.weight", "h..attn.weight");
    misses("*.h.%d.attn.weight", "h.-1.attn.weight");
    misses("*.h.%d.attn.weight", "");
}

/* ---- configs ---- */

static struct config read(const char *text, struct error *error)
{
    char name[] = "c.json";
    char *copy = strdup(text);
    const struct source source = {.name = name, .data = copy, .size = strlen(text)};
    struct config config = {0};
    *error = (struct error){0};
    if (!config_read(&config, &source, error))
        assert_int_equal(error->kind, ERROR_INPUT);
    free(copy);
    return config;
}

static void has(const char *json, const char *keys, const char *text)
{
    struct error error;
    struct config config = read(json, &error);
    assert_string_equal(error.message, "");
    const char *found = config_text(&config, keys);
    if (!text != !found || (text && strcmp(text, found) != 0))
        fail_msg("%s: %s is %s, not %s", json, keys, found ? found : "nothing", text ? text : "nothing");
    config_free(&config);
}

static void refuses(const char *json, const char *message)
{
    struct error error;
    struct config config = read(json, &error);
    assert_string_equal(error.message, message);
    config_free(&config);
}

static void values(void **state)
{
    (void)state;
    has("{\"n_head\": 12}", "num_attention_heads n_head", "12");
    has("{\"a\": 1, \"b\": 2}", "b a", "2");
    has("{\"a\": 1.0, \"b\": 1e-05}", "b", "1e-05");
    has("{\"a\": \"x y\"}", "a", "x y");
    has("{\"a\": true}", "a", "true");
    has("{\"a\": [1, 2.5]}", "a", "1,2.5");
    has("{\"a\": [\"full_attention\", \"sliding_attention\"]}", "a", "full_attention,sliding_attention");
    has("{\"a\": []}", "a", "");
    has("{\"a\": {\"b\": {\"c\": 3}}}", "a.b.c", "3");
    has("{\"a\": 1, \"text_config\": {\"a\": 2}}", "a", "2");
    has("{\"a\": 1, \"text_config\": {\"b\": 2}}", "a", "1");
    has("{\"a\": [[1, 2], [3, 4]], \"b\": [[[\"global\"], 3]], \"c\": 5}", "c", "5");
    has("{\"a\": [[[\"global\", \"local\"], 12]]}", "a", NULL);
    has("{\"a\": 1}", "b", NULL);
    has("{\"general.architecture\": \"llama\", \"llama.block_count\": 5}", ".block_count", "5");
    has("{\"llama.block_count\": 5}", ".block_count", NULL);
    has("{}", "a", NULL);
}

static void null_is_said(void **state)
{
    (void)state;
    struct error error;
    struct config config = read("{\"a\": null}", &error);
    assert_non_null(config_find(&config, "a"));
    assert_null(config_text(&config, "a"));
    assert_null(config_find(&config, "b"));
    assert_false(config_is_true(&config, "a"));
    config_free(&config);
    has("{\"a\": null, \"b\": 1}", "a b", NULL);
}

static void refused(void **state)
{
    (void)state;
    refuses("[1]", "c.json:1:1: expected an object, such as {\"model_type\": \"llama\", …}");
    refuses("{\"a\": 1, \"a\": 2}",
            "c.json:1:15: the key \"a\" stands twice in one object: expected it once");
    refuses("{\"a\": {\"b\": 1, \"b\": 1}}",
            "c.json:1:21: the key \"a.b\" stands twice in one object: expected it once");
    refuses("{\"a\": }", "c.json:1:7: expected a value, found '}'");
}

static void elements(void **state)
{
    (void)state;
    char out[CONFIG_ELEMENT];
    assert_true(config_element(out, "7", 5));
    assert_string_equal(out, "7");
    assert_true(config_element(out, "1,2,3", 2));
    assert_string_equal(out, "3");
    assert_true(config_element(out, "1,2,3", 0));
    assert_string_equal(out, "1");
    assert_false(config_element(out, "", 0));
    assert_false(config_element(out, "1,,3", 1));
    assert_false(config_element(out, "0123456789012345678901234567890123456789012345678901234567890123", 0));
}

/* A list that is shorter than the layers has no element for the last: the one number stands for all only alone. */
static void elements_beyond(void **state)
{
    (void)state;
    char out[CONFIG_ELEMENT];
    assert_false(config_element(out, "1,2,3", 3));
}

static void metadata(void **state)
{
    (void)state;
    struct error error = {0};
    char file[] = "m.gguf";
    struct source source = {.name = file};
    struct archive archive = {.sources = &source, .source_count = 1};
    static const uint32_t counts[] = {8, 4};
    struct config config = {0};
    struct metadatum *m = archive_add_metadatum(&archive, "general.architecture", 20, &error);
    m->kind = METADATUM_TEXT;
    m->data = "gemma2";
    m->size = m->bytes = 6;
    m = archive_add_metadatum(&archive, "gemma2.attention.head_count_kv", 30, &error);
    m->kind = METADATUM_LIST;
    m->dtype = DTYPE_U32;
    m->data = (const char *)counts;
    m->size = 2;
    m->bytes = 8;
    m = archive_add_metadatum(&archive, "gemma2.attn_logit_softcapping", 29, &error);
    m->kind = METADATUM_REAL;
    m->real = 0.5;
    m = archive_add_metadatum(&archive, "tokenizer.ggml.tokens", 21, &error);
    m->kind = METADATUM_LIST;
    m->dtype = DTYPE_UNKNOWN;
    m->size = 1;
    assert_true(config_take_metadata(&config, &archive, &error));
    assert_int_equal(config.count, 3);
    assert_string_equal(config_text(&config, ".attention.head_count_kv"), "8,4");
    assert_string_equal(config_text(&config, ".attn_logit_softcapping"), "0.5");
    config_free(&config);
    archive.sources = NULL;
    archive.source_count = 0;
    archive_free(&archive);
}

/* ---- tables ---- */

/* Settings in the tables are ones that there are, names differ, and no model type has two profiles. */
static void tables(void **state)
{
    (void)state;
    for (const struct profile *p = profiles; p->name; p++) {
        assert_ptr_equal(profile_named(p->name), p);
        for (int part = 0; part < PART_COUNT; part++) {
            for (const char *at = p->fixed[part]; at && *at; at += strspn(at, " ")) {
                char word[64];
                struct settings settings = {0};
                struct error error = {0};
                const size_t length = strcspn(at, " "), name = strcspn(at, "=");
                snprintf(word, sizeof word, "%.*s", (int)length, at);
                word[name] = 0;
                if (setting_named(word) == SETTING_COUNT ||
                    !settings_parse(&settings, setting_named(word), word + name + 1, p->name, ERROR_INPUT,
                                    &error))
                    fail_msg("%s: %s=%s: %s", p->name, word, word + name + 1, error.message);
                at += length;
            }
        }
        for (const char *type = p->model_types; type && *type; type += strspn(type, " ")) {
            char word[64];
            const size_t length = strcspn(type, " ");
            snprintf(word, sizeof word, "%.*s", (int)length, type);
            assert_ptr_equal(profile_for(word, false), p);
            type += length;
        }
        size_t rows = 0;
        while (p->rows[rows].pattern)
            rows++;
        assert_in_range(rows, 1, 62);
    }
    assert_null(profile_named("lama"));
    assert_null(profile_for("newest", false));
    assert_null(profile_for("gpt", false));
    assert_string_equal(profile_for("llama", true)->name, "gguf-llama");
}

static void missing_inputs(void **state)
{
    (void)state;
    const uint64_t q = UINT64_C(1) << INPUT_W_Q, k = UINT64_C(1) << INPUT_W_K, v = UINT64_C(1) << INPUT_W_V,
                   o = UINT64_C(1) << INPUT_W_O, qkv = UINT64_C(1) << INPUT_W_QKV;
    const struct profile *llama = profile_named("llama"), *gguf = profile_named("gguf-llama");
    assert_int_equal(model_missing(llama, PART_ONLY, q | k | v | o), 0);
    assert_int_equal(model_missing(llama, PART_ONLY, q | k | o), v);
    assert_int_equal(model_missing(gguf, PART_ONLY, q | k | v | o), 0);
    assert_int_equal(model_missing(gguf, PART_ONLY, qkv | o), 0);
    assert_int_equal(model_missing(gguf, PART_ONLY, qkv), o);
    assert_int_equal(model_missing(gguf, PART_ONLY, q | k | o), v);
    assert_int_equal(model_missing(gguf, PART_ONLY, o), qkv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns), cmocka_unit_test(values),   cmocka_unit_test(null_is_said),
        cmocka_unit_test(refused),  cmocka_unit_test(elements), cmocka_unit_test(elements_beyond),
        cmocka_unit_test(metadata), cmocka_unit_test(tables),   cmocka_unit_test(missing_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
