/* attn explain: one query of one head, step by step, with the real numbers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "base/text.h"
#include "cmd/computation.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "compute/explain.h"
#include "engine/kernel.h"
#include "view/explain_text.h"
#include "write/explanation.h"

/* The options of explain alone. */
struct explain_options {
    const char *query; /* a number or a token; NULL: the last query */
    size_t rows;       /* keys shown */
    int as_json;       /* a truth value */
};

/* The one number of a list, 0 where there is no list. */
static bool explain_choose(size_t *chosen, const struct span_list *list, const size_t *numbers, size_t limit,
                           const char *what, struct error *error)
{
    size_t *places, count;
    bool ok = selection_list(&places, &count, list->span, list->count, numbers, limit, what, error);
    *chosen = ok && places ? places[0] : 0;
    free(places);
    if (ok && count > 1)
        return error_set(error, ERROR_USAGE, "explain takes one %s; see attn run --stage for several", what);
    return ok;
}

static bool explain_write(const struct explanation *explanation, size_t head,
                          const struct explain_options *own, struct error *error)
{
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    bool ok = true;
    if (own->as_json)
        write_explanation(explanation, head, &out);
    else
        ok = explain_text(explanation, head, own->rows, &out, error);
    ok = ok && out_finish(&out, error);
    out_free(&out);
    return ok;
}

/* The one head of --pick, or the one layer of --layer, whose head is then still to be chosen. */
static bool explain_pick(struct head_place *place, const struct computation *c, const struct options *options,
                         struct error *error)
{
    struct head_place *picked = NULL;
    const struct numbering *numbering = c->parts[0].problem.numbering;
    const size_t *layer_numbers = numbering ? numbering->layers : NULL;
    size_t count = 0;
    *place = (struct head_place){0};
    if (options->selection.picks.count == 0)
        return explain_choose(&place->layer, &options->selection.layers, layer_numbers,
                              c->parts[0].problem.layers_in_all, "layer", error);
    const bool ok = computation_pick(&picked, &count, c, options, error);
    if (ok)
        *place = picked[0];
    free(picked);
    if (ok && count > 1)
        return error_set(error, ERROR_USAGE, "explain takes one head; see attn run --stage for several");
    return ok;
}

/* The part, the layer in it, the head and the query that are asked for. */
static bool explain_find(struct computation *c, const struct part **part, size_t chosen[3],
                         const struct options *options, struct error *error)
{
    const struct explain_options *own = options->own;
    struct head_place place;
    if (!explain_pick(&place, c, options, error))
        return false;
    const struct problem *problem = &(*part = computation_part(c, place.layer))->problem;
    chosen[0] = place.layer - problem->layer_first;
    chosen[1] = place.head;
    chosen[2] = problem->n - 1;
    return (options->selection.picks.count > 0 ||
            explain_choose(&chosen[1], &options->selection.heads,
                           numbering_heads(problem->numbering, place.layer), problem->heads, "head",
                           error)) &&
           (!own->query ||
            selection_token(&chosen[2], "--query", own->query, "", &problem->tokens, &c->warnings, error));
}

static bool explain_all(struct computation *c, struct explanation *explanation, const struct options *options,
                        struct error *error)
{
    const struct part *part = NULL;
    size_t chosen[3] = {0}; /* layer, head, query */
    c->one_layer = true;
    bool ok = computation_begin(c, options, error) && computation_read(c, options, &command_explain, error) &&
              computation_check(c, options, error) && explain_find(c, &part, chosen, options, error);
    computation_warn(c);
    if (!ok)
        return false;
    const struct engine_options engine = {.plain = c->request.engine.plain,
                                          .threads = (int)options->engine.threads};
    if (options->verbose)
        computation_say(c);
    if (options->verbose && chosen[0] > 0)
        fprintf(stderr, "attn: layers below by engine=%s, this row in double precision\n",
                engine.plain ? "plain" : kernel_name());
    return explanation_make(explanation, &part->problem, chosen[0], chosen[1], chosen[2], &engine, error) &&
           explain_write(explanation, chosen[1], options->own, error);
}

static bool explain_run(const struct options *options, struct error *error)
{
    struct computation computation = {0};
    struct explanation explanation = {0};
    bool ok = explain_all(&computation, &explanation, options, error);
    explanation_free(&explanation);
    computation_free(&computation);
    return ok;
}

static const struct option_row explain_rows[] = {
    {.name = "query",
     .argument = "N|TOKEN",
     .help = "the query, counted from 0, or its token (default: the last)",
     .parse = value_string,
     OPTION_OWN(struct explain_options, query)},
    {.name = "layer",
     .argument = "N",
     .help = "its layer (default: 0); -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.layers)},
    {.name = "head",
     .argument = "N",
     .help = "its head (default: 0); -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.heads)},
    {.name = "pick",
     .argument = "L.H",
     .help = "its layer and head in one, as 5.1",
     .parse = value_picks,
     OPTION_AT(selection.picks)},
    {.name = "rows",
     .argument = "N",
     .help = "most keys shown, the heaviest (default: 16); JSON has all",
     .parse = value_count,
     .least = 1,
     .most = 1000000,
     OPTION_OWN(struct explain_options, rows)},
    {.name = "format",
     .argument = "FORMAT",
     .words = "text json",
     .help = "text (default) or json",
     .parse = value_word,
     OPTION_OWN(struct explain_options, as_json)},
};
static const struct option_group group_explain = OPTION_GROUP("Explain", explain_rows);

const struct command command_explain = {
    .name = "explain",
    .operands = "INPUT…",
    .summary = "one query of one head, step by step, with the real numbers",
    .example = "  attn explain x.json                       the last query of the first head\n"
               "  attn explain x.json --query cat --head 1\n"
               "  attn explain x.json --format json | jq .denominator\n",
    .groups = (const struct option_group *const[]){&group_explain, &group_masks, &group_attention,
                                                   &group_forms, &group_input, &group_general, &group_help,
                                                   &group_input_files, NULL},
    .own_size = sizeof(struct explain_options),
    .own_defaults = &(const struct explain_options){.rows = 16},
    .run = explain_run,
};
