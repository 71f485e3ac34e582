#include "cmd/token_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random_bits.h"
#include "compute/ordering.h"

bool token_order_is_asked(const struct options *options)
{
    return options->input.order || options->input.has_shuffle;
}

const char *token_order_option(const struct options *options)
{
    return options->input.order ? "--order" : "--shuffle";
}

bool token_order_check(const struct options *options, struct error *error)
{
    const struct selection_options *s = &options->selection;
    const char *const name = token_order_option(options);
    const struct {
        bool is_given;
        const char *name;
    } others[] = {
        {options->input.order && options->input.has_shuffle, "--shuffle"},
        {s->words == WORDS_PIECES, "--words"},
        {s->leave_out.count > 0, "--leave-out"},
    };
    for (size_t i = 0; token_order_is_asked(options) && i < sizeof others / sizeof *others; i++)
        if (others[i].is_given)
            return error_set(error, ERROR_USAGE, "%s and %s: expected one of them", name, others[i].name);
    return true;
}

/* ---- the order ---- */

/* The numbers of --order, `n` of them, each once. */
static bool order_parse(size_t *order, bool *has, size_t n, const char *text, struct error *error)
{
    const char *at = text;
    for (size_t i = 0;; i++) {
        char *end;
        errno = 0;
        const unsigned long long token = *at >= '0' && *at <= '9' ? strtoull(at, &end, 10) : 0;
        if (!(*at >= '0' && *at <= '9') || errno || (*end && *end != ','))
            return error_set(error, ERROR_USAGE,
                             "--order holds \"%.*s\": expected the numbers of all tokens with commas between "
                             "them, as 2,1,0",
                             (int)strcspn(at, ","), at);
        if (token >= n)
            return error_set(error, ERROR_USAGE,
                             "--order: there is no token %llu: expected 0 to %zu, each once", token, n - 1);
        if (has[token])
            return error_set(error, ERROR_USAGE,
                             "--order names token %llu twice: expected 0 to %zu, each once", token, n - 1);
        has[token] = true;
        order[i] = (size_t)token;
        if (!*end)
            break;
        at = end + 1;
    }
    size_t missing = 0;
    while (missing < n && has[missing])
        missing++;
    return missing == n || error_set(error, ERROR_USAGE,
                                     "--order lacks token %zu: expected 0 to %zu, each once", missing, n - 1);
}

/* Fisher and Yates, as Durstenfeld 1964 (doi:10.1145/364520.364540) has it. */
static void order_shuffle(size_t *order, size_t n, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t other = (size_t)random_below(&state, i), token = order[other];
        order[other] = order[i - 1];
        order[i - 1] = token;
    }
}

static bool order_find(size_t *order, size_t n, const struct options *options, struct error *error)
{
    if (!options->input.order) {
        order_shuffle(order, n, options->input.shuffle);
        return true;
    }
    bool *has = memory_zeroed(n, sizeof *has, error);
    const bool ok = has && order_parse(order, has, n, options->input.order, error);
    free(has);
    return ok;
}

/* ---- its problem ---- */

bool token_order_make(struct computation *computation, struct part *part, const struct options *options,
                      struct error *error)
{
    struct computation *c = computation;
    const char *const name = token_order_option(options);
    if (!token_order_is_asked(options))
        return true;
    if (c->part_count > 1)
        return error_set(error, ERROR_USAGE, "%s: the layers differ in size: expected layers of one", name);
    for (size_t l = 0; l < part->problem.layer_count; l++)
        if (part->problem.layers[l].attention)
            return error_set(error, ERROR_USAGE,
                             "%s: weights that were given do not change with the order: expected q, k and v, "
                             "or embeddings",
                             name);
    size_t *order = memory_alloc(part->problem.n, sizeof *order, error);
    if (!order || !order_find(order, part->problem.n, options, error)) {
        free(order);
        return false;
    }
    part->ordering = memory_zeroed(1, sizeof *part->ordering, error);
    if (!part->ordering) {
        free(order);
        return false;
    }
    return ordering_make(part->ordering, order, &part->problem, part->inputs, &options->input.settings,
                         &c->warnings, error);
}

bool token_order_compares(const struct computation *computation, struct error *error)
{
    const struct part *part = &computation->parts[0];
    if (!part->ordering)
        return true;
    if (part->problem.d_out == 0)
        return error_set(error, ERROR_USAGE,
                         "--order and --shuffle compare the outputs of tokens: expected v beside q and k");
    if (part->joining.are_joined)
        return error_set(
            error, ERROR_USAGE,
            "--order and --shuffle move tokens, and here they are joined to words: add --words=no");
    return true;
}
