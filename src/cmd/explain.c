/* attn explain: one query of one head, step by step, with the real numbers. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "base/text.h"
#include "base/workers.h"
#include "cmd/load.h"
#include "cmd/options.h"
#include "compute/explain.h"
#include "engine/kernel.h"
#include "view/explain_text.h"
#include "write/write.h"

/* The one number of a list, 0 where there is no list. */
static bool choose(size_t *chosen, const struct index_list *list, size_t count, const char *what,
                   struct error *error)
{
    *chosen = list->count > 0 ? list->index[0] : 0;
    if (list->count > 1)
        return error_set(error, ERROR_USAGE, "explain takes one %s; see attn run --stage for several", what);
    if (*chosen >= count)
        return error_set(error, ERROR_USAGE, "there is no %s %zu: the input has %zu, counted from 0", what,
                         *chosen, count);
    return true;
}

/* A query by its number, or else by its token, of which it is the first. */
static bool choose_query(size_t *chosen, const char *text, const struct problem *problem, struct error *error)
{
    int64_t number;
    *chosen = problem->n - 1;
    if (!text)
        return true;
    if (text_to_integer(text, &number) && number >= 0 && (uint64_t)number < problem->n) {
        *chosen = (size_t)number;
        return true;
    }
    for (*chosen = 0; *chosen < problem->n; ++*chosen)
        if (strcmp(problem->tokens.text[*chosen], text) == 0)
            return true;
    return error_set(error, ERROR_USAGE,
                     "--query is \"%s\": expected a number below %zu, or a token of the input", text,
                     problem->n);
}

static bool write_all(const struct explanation *explanation, size_t head, const struct options *options,
                      struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    bool ok = true;
    if (options->as_json)
        write_explanation(explanation, head, &out);
    else
        ok = explain_text(explanation, head, options->rows, &out, error);
    ok = ok && out_finish(&out, error);
    out_free(&out);
    return ok;
}

static bool run(const struct options *options, struct error *error)
{
    struct inputs inputs = {0};
    struct problem problem = {0};
    struct explanation explanation = {0};
    struct warnings warnings = {0};
    struct engine_options engine = {.threads = options->threads};
    size_t layer, head, query;
    workers_limit(engine_threads(options->threads));
    bool ok = load_cpu(options, &engine.plain, error) &&
              load_inputs(&inputs, options, "explain", &warnings, error) &&
              problem_make(&problem, &inputs, &options->settings, &warnings, error) &&
              choose(&layer, &options->layers, problem.layer_count, "layer", error) &&
              choose(&head, &options->heads, problem.heads, "head", error) &&
              choose_query(&query, options->query, &problem, error);
    load_warn(&warnings, 0, options);
    if (ok && options->verbose)
        load_say(&inputs, &problem);
    if (ok && options->verbose && layer > 0)
        fprintf(stderr, "attn: layers below by engine=%s, this row in double precision\n",
                engine.plain ? "plain" : kernel_name());
    ok = ok && explanation_make(&explanation, &problem, layer, head, query, &engine, error) &&
         write_all(&explanation, head, options, error);
    explanation_free(&explanation);
    problem_free(&problem);
    inputs_free(&inputs);
    warnings_free(&warnings);
    return ok;
}

const struct command command_explain = {
    .name = "explain",
    .operands = "INPUT…",
    .summary = "one query of one head, step by step, with the real numbers",
    .example = "  attn explain x.json                       the last query of the first head\n"
               "  attn explain x.json --query cat --head 1\n"
               "  attn explain x.json --format json | jq .denominator\n",
    .mark = FOR_EXPLAIN,
    .run = run,
};
