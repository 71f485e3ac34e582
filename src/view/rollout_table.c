#include "view/rollout_table.h"

#include <math.h>

#include "base/label_text.h"
#include "view/table_number.h"
#include "view/table_text.h"

/* Tokens told of each of many queries, and of one; queries told of, the first and the last half of them. */
enum { TOLD_EACH = 3, TOLD_ONE = 16, TOLD_QUERIES = 40 };
/* Columns of a label, with its quotes. */
enum { LABEL_COLUMNS = 16 };

/* One of the heaviest tokens. */
struct told_token {
    double value;
    size_t token;
};

/* The `count` heaviest of a row, of equal ones the earlier; NaN comes first, and what is 0 not at all. Returns how many there are. */
static size_t find_heaviest(const struct rollout_told *told, size_t i, struct told_token *top, size_t count)
{
    size_t found = 0;
    for (size_t j = 0; j < told->rollout->rows.problem->n; j++) {
        const double value = rollout_shown(told, i, j), rank = isnan(value) ? INFINITY : value;
        if (rank == 0 || (found == count && !(rank > top[count - 1].value)))
            continue;
        size_t place = found < count ? found++ : count - 1;
        for (; place > 0 && rank > top[place - 1].value; place--)
            top[place] = top[place - 1];
        top[place] = (struct told_token){rank, j};
    }
    for (size_t t = 0; t < found; t++)
        top[t].value = rollout_shown(told, i, top[t].token);
    return found;
}

/* The label of a token, filled up to the columns of a label. */
static void put_token(struct out *out, const struct labels *labels, size_t token, bool pads)
{
    char label[128];
    label_text(labels_shown(labels)[token], label);
    table_text(out, label, pads ? LABEL_COLUMNS : 0, false);
}

static void put_heading(struct out *out, const struct rollout_told *told)
{
    const struct rollout *rollout = told->rollout;
    const struct problem *problem = rollout->rows.problem;
    const bool weighs = rollout->mix.contribution == CONTRIBUTION_WEIGHTS;
    const char *const combined[] = {"mean", "largest", "smallest"};
    const size_t first = problem_layer_number(problem, rollout->first),
                 last = problem_layer_number(problem, rollout->end - 1),
                 heads = layer_rows_heads(&rollout->rows);
    out_format(out, "%s of layer%s %zu", told->flow ? "flow" : "rollout", first == last ? "" : "s", first);
    if (last > first)
        out_format(out, " to %zu", last);
    if (weighs && heads > 1)
        out_format(out, ", the %s of %zu heads", combined[rollout->mix.combine], heads);
    if (!weighs)
        out_format(out, ", contributions by %s", contribution_names[rollout->mix.contribution]);
    if (!contribution_is_whole(rollout->mix.contribution))
        out_format(out, ", residual %.3g", rollout->mix.identity);
    if (rollout->mix.discard > 0)
        out_format(out, ", the smallest %.3g discarded", rollout->mix.discard);
    out_text(out, "\n\n");
}

static void put_query(struct out *out, const struct rollout_told *told, size_t i)
{
    const struct problem *problem = told->rollout->rows.problem;
    struct told_token top[TOLD_EACH];
    const size_t found = find_heaviest(told, i, top, TOLD_EACH);
    out_format(out, "%5zu  ", i);
    put_token(out, &problem->tokens, i, true);
    for (size_t t = 0; t < found; t++) {
        table_number(out, 7, 3, top[t].value);
        out_char(out, ' ');
        put_token(out, &problem->key_tokens, top[t].token, t + 1 < found);
    }
    out_text(out, found == 0 ? "  nothing\n" : "\n");
}

static void put_queries(struct out *out, const struct rollout_told *told)
{
    const size_t n = told->rollout->rows.problem->n;
    out_format(out, "query                     %s from\n", told->flow ? "can come" : "comes");
    for (size_t i = 0; i < n; i++)
        if (n <= TOLD_QUERIES || i < TOLD_QUERIES / 2 || i >= n - TOLD_QUERIES / 2)
            put_query(out, told, i);
        else if (i == TOLD_QUERIES / 2)
            out_format(out, "    …  (%zu more)\n", n - TOLD_QUERIES);
}

static void put_one_query(struct out *out, const struct rollout_told *told)
{
    const struct problem *problem = told->rollout->rows.problem;
    const size_t n = problem->n;
    struct told_token top[TOLD_ONE];
    const size_t found = find_heaviest(told, 0, top, TOLD_ONE);
    double sum = 0, shown = 0;
    out_format(out, "query %zu ", told->query);
    put_token(out, &problem->tokens, told->query, false);
    out_text(out, told->flow ? " can come from\n" : " comes from\n");
    for (size_t t = 0; t < found; t++) {
        out_format(out, "%5zu  ", top[t].token);
        put_token(out, &problem->key_tokens, top[t].token, true);
        table_number(out, 8, 4, top[t].value);
        out_char(out, '\n');
        shown += top[t].value;
    }
    for (size_t j = 0; j < n; j++)
        sum += rollout_shown(told, 0, j);
    if (found == 0)
        out_text(out, "  nothing\n");
    if (found == TOLD_ONE && n > TOLD_ONE && !told->flow) { /* flows to several tokens are no parts of one */
        out_format(out, "    …  %-*s", LABEL_COLUMNS, "others");
        table_number(out, 8, 4, sum - shown);
        out_char(out, '\n');
    }
}

void rollout_table(struct out *out, const struct rollout_told *told)
{
    put_heading(out, told);
    if (told->is_row)
        put_one_query(out, told);
    else
        put_queries(out, told);
}
