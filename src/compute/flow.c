#include "compute/flow.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/engine.h"

/*
 * Token i above layer l is node (l + 1)·n + i, input token i is node i. Arcs of a node: arc j < n goes down to token j, arc n + j
 * back up to token j, whose flow down here it takes back. What is left of the arcs of one side of a node lies in one piece.
 */
struct flow_search {
    const struct flow_graph *graph;
    double *down; /* layers×n×n, from token above to token below: what is left */
    double *back; /* layers×n×n, from token below to token above: what has come down */
    uint32_t
        *level; /* of each node: how many arcs from the source; NOT_REACHED: it is not, or leads nowhere */
    uint32_t *queue; /* nodes, as they are reached */
    uint32_t *arc;   /* of each node: the next one to try */
    uint32_t *path;  /* nodes from the source on */
    uint8_t *on_way; /* of each node: bits of find_on_way */
    size_t source, sink;
};

#define NOT_REACHED UINT32_MAX

static size_t node_count(const struct flow_graph *graph)
{
    return (graph->layers + 1) * graph->n;
}

static void search_free(struct flow_search *search)
{
    free(search->down);
    free(search->back);
    free(search->level);
    free(search->queue);
    free(search->arc);
    free(search->path);
    free(search->on_way);
}

static bool search_make(struct flow_search *search, const struct flow_graph *graph, struct error *error)
{
    const size_t nodes = node_count(graph), edges = graph->layers * graph->n * graph->n;
    *search = (struct flow_search){.graph = graph};
    search->down = memory_alloc(edges, sizeof *search->down, error);
    search->back = search->down ? memory_alloc(edges, sizeof *search->back, error) : NULL;
    uint32_t **arrays[] = {&search->level, &search->queue, &search->arc, &search->path};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!(*arrays[i] = memory_alloc(nodes, sizeof **arrays[i], error)))
            return false;
    search->on_way = memory_alloc(nodes, 1, error);
    return search->back && search->on_way;
}

/* ---- arcs ---- */

/* The edge between token `above` over a layer and token `below` under it. */
static size_t edge_of(const struct flow_graph *graph, size_t layer, size_t above, size_t below)
{
    return (layer * graph->n + above) * graph->n + below;
}

static double capacity_of(const struct flow_graph *graph, size_t edge)
{
    const float capacity = graph->capacity[edge];
    return isfinite(capacity) ? (double)capacity : 0;
}

/* The arcs of one side of a node. */
struct flow_side {
    double *left; /* n; NULL: there is no layer on that side */
    size_t first; /* the node that arc 0 leads to */
};

static struct flow_side side_of(const struct flow_search *search, size_t node, bool is_down)
{
    const size_t n = search->graph->n, height = node / n, i = node % n;
    struct flow_side side = {.left = NULL};
    if (is_down && height > 0)
        side = (struct flow_side){search->down + ((height - 1) * n + i) * n, (height - 1) * n};
    else if (!is_down && height < search->graph->layers)
        side = (struct flow_side){search->back + (height * n + i) * n, (height + 1) * n};
    return side;
}

/* ---- one phase ---- */

/* Numbers the nodes by their distance from the source, as far as the sink. False: it is not reached. */
static bool find_levels(struct flow_search *search)
{
    const size_t n = search->graph->n;
    size_t taken = 0, reached = 0;
    memset(search->level, 0xff, node_count(search->graph) * sizeof *search->level);
    search->level[search->source] = 0;
    search->queue[reached++] = (uint32_t)search->source;
    while (taken < reached && search->level[search->sink] == NOT_REACHED) {
        const size_t node = search->queue[taken++];
        for (int is_down = 1; is_down >= 0; is_down--) {
            const struct flow_side side = side_of(search, node, is_down);
            uint32_t *level = search->level + side.first;
            for (size_t j = 0; side.left && j < n; j++)
                if (level[j] == NOT_REACHED && side.left[j] > FLOW_TOLERANCE) {
                    level[j] = search->level[node] + 1;
                    search->queue[reached++] = (uint32_t)(side.first + j);
                }
        }
    }
    return search->level[search->sink] != NOT_REACHED;
}

/* Moves the node's next arc to one that leads a level on, from where it is; false: there is none. */
static bool find_arc(struct flow_search *search, size_t node, size_t *to)
{
    const size_t n = search->graph->n;
    const uint32_t next = search->level[node] + 1;
    for (int is_down = search->arc[node] < n; is_down >= 0; is_down--) {
        const struct flow_side side = side_of(search, node, is_down);
        const size_t before = is_down ? 0 : n;
        size_t j = search->arc[node] - before;
        while (side.left && j < n &&
               !(search->level[side.first + j] == next && side.left[j] > FLOW_TOLERANCE))
            j++;
        *to = side.first + j;
        search->arc[node] = (uint32_t)(before + (side.left ? j : n));
        if (search->arc[node] < before + n)
            return true;
    }
    return false;
}

/* What is left of the node's next arc; *opposite: what it takes back when it is used. */
static double *arc_of(const struct flow_search *search, size_t node, double **opposite)
{
    const size_t n = search->graph->n, i = node % n;
    const bool is_down = search->arc[node] < n;
    const size_t j = search->arc[node] - (is_down ? 0 : n);
    const struct flow_side side = side_of(search, node, is_down);
    *opposite = side_of(search, side.first + j, !is_down).left + i;
    return side.left + j;
}

/* Sends along the path, whose nodes' next arcs it goes by, what its narrowest arc lets through. Returns that; *length becomes
 * that of the path as far as it is still open. */
static double send(struct flow_search *search, size_t *length)
{
    const size_t arcs = *length - 1;
    double most = INFINITY, *opposite;
    for (size_t p = 0; p < arcs; p++)
        most = fmin(most, *arc_of(search, search->path[p], &opposite));
    for (size_t p = arcs; p-- > 0;) {
        double *left = arc_of(search, search->path[p], &opposite);
        *left -= most;
        *opposite += most;
        if (!(*left > FLOW_TOLERANCE))
            *length = p + 1;
    }
    return most;
}

/* Sends what goes along shortest ways, until none is left. */
static double send_level(struct flow_search *search)
{
    double sent = 0;
    size_t length = 1;
    memset(search->arc, 0, node_count(search->graph) * sizeof *search->arc);
    search->path[0] = (uint32_t)search->source;
    while (length > 0) {
        const size_t node = search->path[length - 1];
        size_t to;
        if (node == search->sink) {
            sent += send(search, &length);
        } else if (find_arc(search, node, &to)) {
            search->path[length++] = (uint32_t)to;
        } else {
            search->level[node] = NOT_REACHED;
            length--;
        }
    }
    return sent;
}

/* What can leave the source, or enter the sink, at most. */
static double flow_limit(const struct flow_search *search)
{
    const struct flow_graph *graph = search->graph;
    double out = 0, in = 0;
    for (size_t j = 0; j < graph->n; j++) {
        out += capacity_of(graph, edge_of(graph, graph->layers - 1, search->source % graph->n, j));
        in += capacity_of(graph, edge_of(graph, 0, j, search->sink));
    }
    return fmin(out, in);
}

static double flow_of_pair(struct flow_search *search)
{
    const struct flow_graph *graph = search->graph;
    const size_t edges = graph->layers * graph->n * graph->n;
    const double limit = flow_limit(search);
    double flow = 0;
    for (size_t e = 0; e < edges; e++)
        search->down[e] = capacity_of(graph, e);
    memset(search->back, 0, edges * sizeof *search->back);
    while (limit - flow > FLOW_TOLERANCE && find_levels(search))
        flow += send_level(search);
    return flow;
}

/* ---- NaN ---- */

enum { FROM_SOURCE = 1, TO_SINK = 2 };

/* Marks the nodes that ways from the source lead to, and those from which ways lead to the sink, by edges that are not 0. */
static void find_on_way(struct flow_search *search)
{
    const struct flow_graph *graph = search->graph;
    memset(search->on_way, 0, node_count(graph));
    search->on_way[search->source] = FROM_SOURCE;
    search->on_way[search->sink] |= TO_SINK;
    for (size_t turn = 0; turn < graph->layers; turn++) {
        const size_t down = graph->layers - 1 - turn;
        for (size_t i = 0; i < graph->n; i++)
            for (size_t j = 0; j < graph->n; j++) {
                uint8_t *above = &search->on_way[(down + 1) * graph->n + i],
                        *below = &search->on_way[down * graph->n + j];
                if (*above & FROM_SOURCE && graph->capacity[edge_of(graph, down, i, j)] != 0)
                    *below |= FROM_SOURCE;
                above = &search->on_way[(turn + 1) * graph->n + i];
                below = &search->on_way[turn * graph->n + j];
                if (*below & TO_SINK && graph->capacity[edge_of(graph, turn, i, j)] != 0)
                    *above |= TO_SINK;
            }
    }
}

/* Whether an edge that is NaN or infinite lies on a way. */
static bool is_spoiled(struct flow_search *search)
{
    const struct flow_graph *graph = search->graph;
    find_on_way(search);
    for (size_t l = 0; l < graph->layers; l++)
        for (size_t i = 0; i < graph->n; i++)
            for (size_t j = 0; search->on_way[(l + 1) * graph->n + i] & FROM_SOURCE && j < graph->n; j++)
                if (search->on_way[l * graph->n + j] & TO_SINK &&
                    !isfinite(graph->capacity[edge_of(graph, l, i, j)]))
                    return true;
    return false;
}

static bool all_finite(const struct flow_graph *graph)
{
    const size_t edges = graph->layers * graph->n * graph->n;
    bool finite = true;
    for (size_t e = 0; e < edges; e++)
        finite = finite && isfinite(graph->capacity[e]);
    return finite;
}

/* ---- all pairs ---- */

/* What the threads share. */
struct flow_work {
    const struct flow_graph *graph;
    struct flow_search *searches; /* one a worker */
    size_t first;
    double *flow;
    bool is_finite;
};

static void flow_work_pair(void *context, int worker, size_t job)
{
    const struct flow_work *work = context;
    const struct flow_graph *graph = work->graph;
    struct flow_search *search = &work->searches[worker];
    search->source = graph->layers * graph->n + work->first + job / graph->n;
    search->sink = job % graph->n;
    work->flow[job] = work->is_finite || !is_spoiled(search) ? flow_of_pair(search) : (double)NAN;
}

/* As many threads as half of the machine's memory has room for; 0 and an error where it has none for one. */
static size_t flow_workers(const struct flow_graph *graph, size_t most, struct error *error)
{
    size_t cells, bytes;
    if (!size_multiply(graph->n, graph->n, &cells) || !size_multiply(cells, graph->layers, &cells) ||
        !size_multiply(cells, 2 * sizeof(double), &bytes))
        bytes = SIZE_MAX;
    const size_t room = memory_half() / bytes;
    if (room == 0)
        error_set(
            error, ERROR_SYSTEM,
            "the flow through %zu layers of %zu×%zu holds more than half of the machine's memory: choose "
            "fewer layers, or a shorter text",
            graph->layers, graph->n, graph->n);
    return most < room ? most : room;
}

bool flow_compute(const struct flow_graph *graph, size_t first, size_t count, double *flow, int threads,
                  struct error *error)
{
    const size_t workers = flow_workers(graph, (size_t)engine_threads(threads), error);
    if (workers == 0)
        return false;
    struct flow_work work = {.graph = graph,
                             .searches = memory_zeroed(workers, sizeof *work.searches, error),
                             .first = first,
                             .flow = flow,
                             .is_finite = all_finite(graph)};
    bool ok = work.searches;
    for (size_t w = 0; ok && w < workers; w++)
        ok = search_make(&work.searches[w], graph, error);
    if (ok)
        workers_run_on((int)workers, count * graph->n, flow_work_pair, &work);
    for (size_t w = 0; work.searches && w < workers; w++)
        search_free(&work.searches[w]);
    free(work.searches);
    return ok;
}
