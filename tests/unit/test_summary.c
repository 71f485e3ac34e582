/* The table that a person reads after a run (view/summary.h). */
#include "scenes.h"

#include "base/text.h"
#include "view/summary.h"

static void assert_summary(const struct result *result, struct selection selection, const char *const *names,
                           size_t count, const char *wanted)
{
    struct excerpt excerpt = excerpt_of(result, selection);
    struct out out;
    out_begin(&out, -1, "memory");
    const struct excerpts all = {.list = &excerpt, .count = 1};
    summary_write((const char *const *)names, count, &all, &out);
    out_char(&out, 0);
    assert_string_equal(out.data, wanted);
    out_free(&out);
    excerpt_free(&excerpt);
}

/* Weights of one layer, three heads, two queries and two keys; the last head attends to nothing. */
static void scene_of_weights(struct scene *scene)
{
    static const float weights[] = {1, 0, 0.25f, 0.75f, 0, 1, 0.5f, 0.5f, 0, 0, 0, 0};
    static const char *const tokens[] = {"a", "long token"};
    struct tensor *attention = &scene->inputs.all.tensor[INPUT_ATTENTION];
    *attention = numbers(1, 3, 2, 2, 0);
    memcpy(attention->data, weights, sizeof weights);
    scene->inputs.all.tensor[INPUT_MASK] = numbers(2, 3, 2, 2, 0);
    for (size_t i = 0; i < 12; i++)
        scene->inputs.all.tensor[INPUT_MASK].data[i] = i < 8;
    struct labels *labels = &scene->inputs.tokens;
    labels->text = malloc(2 * sizeof *labels->text);
    assert_non_null(labels->text);
    for (; labels->count < 2; labels->count++)
        labels->text[labels->count] = text_copy(tokens[labels->count]);
    labels->given = true;
    scene_compute(scene, (struct request){0}, (struct selection){0});
}

static void a_line_a_head(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_of_weights(&scene);
    assert_summary(&scene.result, (struct selection){0}, NULL, 0,
                   "layer  head  entropy  distance   first  largest  from → to\n"
                   "    0     0    0.281      0.12   0.625    1.000  \"a\"  → \"a\"\n"
                   "    0     1    0.347      0.75   0.250    1.000  \"a\"  → \"long token\"\n"
                   "    0     2        -         -       -        -  no row to measure\n");
    static const size_t second[] = {1};
    assert_summary(&scene.result, (struct selection){.heads = second, .head_count = 1, .query_first = 1},
                   NULL, 0,
                   "(of whole heads)\n"
                   "layer  head  entropy  distance   first  largest  from → to\n"
                   "    0     1    0.347      0.75   0.250    1.000  \"a\"  → \"long token\"\n");
    scene_free(&scene);
}

/* Of many weights, only the chosen queries are computed and measured. */
static void chosen_queries_are_measured_alone(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct selection last = {.query_first = 2};
    scene.inputs.all.tensor[INPUT_Q] = numbers(7, 3, 2, 0, 0);
    scene.inputs.all.tensor[INPUT_K] = numbers(8, 3, 2, 0, 0);
    memset(scene.inputs.all.tensor[INPUT_Q].data, 0, 6 * sizeof(float));
    set(&scene, SETTING_CAUSAL, "start");
    scene_compute(&scene, (struct request){.max_weights = 3}, last);
    assert_summary(&scene.result, last, NULL, 0,
                   "(of the 1 chosen query)\n"
                   "layer  head  entropy  distance   first  largest  from → to\n"
                   "    0     0    1.099      1.00   0.333    0.333  \"2\"  → \"0\"\n");
    scene_free(&scene);
}

/* A mean is called so, not by the number of its first head; it is measured as the one head that it is. */
static void a_mean_is_called_mean(void **state)
{
    (void)state;
    struct scene scene = {0};
    static const size_t two[] = {1, 0};
    scene_of_weights(&scene);
    assert_summary(&scene.result,
                   (struct selection){.heads = two, .head_count = 2, .key_end = 1, .average_heads = true},
                   NULL, 0,
                   "(of whole heads)\n"
                   "layer  head  entropy  distance   first  largest  from         → to\n"
                   "    0  mean    0.677      0.44   0.438    0.625  \"long token\" → \"long token\"\n");
    scene_free(&scene);
}

/* Far beyond the columns of the table: keys that lie 200,000 tokens behind. */
static void a_large_measure_stays_in_its_column(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene.inputs.all.tensor[INPUT_ATTENTION] = numbers(1, 1, 1, 0, 0);
    scene.inputs.all.tensor[INPUT_ATTENTION].data[0] = 1;
    set(&scene, SETTING_CAUSAL, "200000");
    scene_compute(&scene, (struct request){0}, (struct selection){0});
    assert_summary(&scene.result, (struct selection){0}, NULL, 0,
                   "layer  head  entropy  distance   first  largest  from → to\n"
                   "    0     0    0.000     2e+05   1.000    1.000  \"0\"  → \"0\"\n");
    scene_free(&scene);
}

static void many_files_are_counted(void **state)
{
    (void)state;
    static const char *const names[] = {"f/1", "f/2\n", "f/3", "f/4", "f/5", "f/6", "f/7"};
    static const size_t third[] = {2};
    static const char table[] = "\nlayer  head  entropy  distance   first  largest  from → to\n"
                                "    0     2        -         -       -        -  no row to measure\n";
    struct scene scene = {0};
    char wanted[500];
    scene_of_weights(&scene);
    snprintf(wanted, sizeof wanted, "wrote 7 files: f/1 … f/6 f/7\n%s", table);
    assert_summary(&scene.result, (struct selection){.heads = third, .head_count = 1}, names, 7, wanted);
    snprintf(wanted, sizeof wanted,
             "wrote f/1\nwrote f/2\\x0A\nwrote f/3\nwrote f/4\nwrote f/5\nwrote f/6\n%s", table);
    assert_summary(&scene.result, (struct selection){.heads = third, .head_count = 1}, names, 6, wanted);
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_a_head),          cmocka_unit_test(chosen_queries_are_measured_alone),
        cmocka_unit_test(a_mean_is_called_mean),  cmocka_unit_test(a_large_measure_stays_in_its_column),
        cmocka_unit_test(many_files_are_counted),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
