/* Small problems with several layers and heads, their results, and excerpts of these. Shared by the tests of what is
 * computed, written and said of results. */
#ifndef ATTN_TEST_SCENES_H
#define ATTN_TEST_SCENES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "compute/excerpt.h"
#include "problem/settings_parse.h"

enum { LAYERS = 2, HEADS = 4, KV_HEADS = 2, N = 5, M = 6, D_K = 3, D_V = 2 };
enum { MANY = 1 << 20 };

/* A tensor of that shape (0 ends it) of numbers that look random and are not. */
static inline struct tensor numbers(uint32_t seed, size_t a, size_t b, size_t c, size_t d)
{
    struct tensor t = {.shape = {a, b, c, d}, .holds = TENSOR_NUMBERS};
    while (t.rank < TENSOR_RANK_MAX && t.shape[t.rank])
        t.rank++;
    size_t count = tensor_count(&t);
    t.data = malloc(count * sizeof *t.data);
    assert_non_null(t.data);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        t.data[i] = (float)(seed >> 8) / (1 << 23) - 1;
    }
    return t;
}

/* Of a rank-4 mask: ones and zeros, other ones in every head, but for key 0, which all see. */
static inline struct tensor mask_numbers(uint32_t seed, size_t layers, size_t heads, size_t n, size_t m)
{
    struct tensor t = numbers(seed, layers, heads, n, m);
    for (size_t i = 0; i < tensor_count(&t); i++)
        t.data[i] = i % m == 0 || t.data[i] > 0;
    return t;
}

/* All that a result needs to live. */
struct scene {
    struct inputs inputs;
    struct problem problem;
    struct warnings warnings;
    struct result result;
};

static inline void set(struct scene *scene, enum setting which, const char *text)
{
    struct error error = {0};
    assert_true(settings_parse(&scene->inputs.all.settings, which, text, "it", ERROR_USAGE, &error));
}

/* Queries, keys and values of LAYERS layers, four heads over two. */
static inline void scene_begin(struct scene *scene)
{
    struct tensor *tensor = scene->inputs.all.tensor;
    tensor[INPUT_Q] = numbers(1, LAYERS, HEADS, N, D_K);
    tensor[INPUT_K] = numbers(2, LAYERS, KV_HEADS, M, D_K);
    tensor[INPUT_V] = numbers(3, LAYERS, KV_HEADS, M, D_V);
}

static inline void scene_compute(struct scene *scene, struct request request, struct selection selection)
{
    static const struct settings nothing;
    struct error error = {0};
    request.selection = &selection;
    request.max_weights = request.max_weights ? request.max_weights : MANY;
    if (!problem_prepare(&scene->inputs, &nothing, &scene->warnings, &error) ||
        !problem_make(&scene->problem, &scene->inputs, &nothing, &scene->warnings, &error) ||
        !selection_check(&selection, &scene->problem, &error) ||
        !result_compute(&scene->result, &scene->problem, &request, &scene->warnings, &error))
        fail_msg("%s", error.message);
}

static inline void scene_free(struct scene *scene)
{
    result_free(&scene->result);
    problem_free(&scene->problem);
    inputs_free(&scene->inputs);
    warnings_free(&scene->warnings);
}

static inline struct excerpt excerpt_of(const struct result *result, struct selection selection)
{
    struct excerpt excerpt = {0};
    struct error error = {0};
    if (!selection_check(&selection, result->problem, &error) ||
        !excerpt_make(&excerpt, result, &selection, &error))
        fail_msg("%s", error.message);
    return excerpt;
}

#endif
