#include "cmd/computation_pick.h"

#include <stdlib.h>

#include "base/memory.h"

bool computation_take_heads(struct computation *computation, const size_t *layers,
                            const struct head_place *picked, const double *values, size_t count,
                            struct error *error)
{
    struct computation *c = computation;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct head_place *place = picked ? &picked[i] : NULL;
        const size_t layer = place ? place->layer : layers ? layers[i] : 0;
        size_t at = 0;
        while (!part_has_layer(&c->parts[at], layer))
            at++;
        if (at >= kept) {
            const struct part moved = c->parts[at];
            c->parts[at] = c->parts[kept];
            c->parts[kept] = moved;
            at = kept++;
        }
        if (!part_add(&c->parts[at], layer, place ? &place->head : NULL, values ? &values[i] : NULL, error))
            return false;
    }
    for (size_t i = kept; i < c->part_count; i++)
        part_free(&c->parts[i]);
    c->part_count = kept;
    return true;
}

/* How many heads each layer has; the caller frees the list. */
static size_t *heads_of_layers(const struct computation *c, struct error *error)
{
    const size_t layers = c->parts[0].problem.layers_in_all;
    size_t *heads = memory_zeroed(layers, sizeof *heads, error);
    for (size_t l = 0; heads && l < layers; l++)
        heads[l] = c->parts[0].problem.heads; /* also of a layer that was not read */
    for (size_t i = 0; heads && i < c->part_count; i++)
        for (size_t l = 0; l < c->parts[i].problem.layer_count; l++)
            heads[c->parts[i].problem.layer_first + l] = c->parts[i].problem.heads;
    return heads;
}

static bool pick_spans(struct head_place **list, size_t *count, const struct computation *c,
                       const struct pick_span *spans, size_t span_count, struct error *error)
{
    const struct problem *problem = &c->parts[0].problem;
    size_t *heads = heads_of_layers(c, error);
    const bool ok = heads && selection_pick(list, count, spans, span_count, heads, problem->layers_in_all,
                                            problem->numbering, error);
    free(heads);
    return ok;
}

bool computation_pick(struct head_place **list, size_t *count, const struct computation *computation,
                      const struct options *options, struct error *error)
{
    const struct pick_list *picks = &options->selection.picks;
    return pick_spans(list, count, computation, picks->span, picks->count, error);
}

/* --layer and --head where each layer has heads of other numbers: those heads are picked. */
static bool pick_crossed(struct head_place **list, size_t *count, const struct computation *c,
                         const struct selection_options *said, struct error *error)
{
    const size_t rows = said->layers.count > 0 ? said->layers.count : 1;
    struct pick_span *spans = memory_zeroed(rows * said->heads.count, sizeof *spans, error);
    for (size_t i = 0; spans && i < rows * said->heads.count; i++) {
        if (said->layers.count > 0)
            spans[i].layers = said->layers.span[i / said->heads.count];
        spans[i].heads = said->heads.span[i % said->heads.count];
    }
    const bool ok = spans && pick_spans(list, count, c, spans, rows * said->heads.count, error);
    free(spans);
    return ok;
}

bool computation_take_listed(struct computation *computation, const struct options *options,
                             struct error *error)
{
    struct computation *c = computation;
    const struct selection_options *said = &options->selection;
    const struct problem *first = &c->parts[0].problem;
    struct head_place *picked = NULL;
    size_t *chosen = NULL, count = 0;
    bool ok = false;
    if (said->picks.count > 0)
        ok = computation_pick(&picked, &count, c, options, error);
    else if (said->heads.count > 0 && !numbering_heads_agree(first->numbering))
        ok = pick_crossed(&picked, &count, c, said, error);
    else
        ok = selection_list(&chosen, &count, said->layers.span, said->layers.count,
                            first->numbering ? first->numbering->layers : NULL, first->layers_in_all, "layer",
                            error);
    ok = ok && (!(picked || chosen) || computation_take_heads(c, chosen, picked, NULL, count, error));
    free(picked);
    free(chosen);
    return ok;
}
