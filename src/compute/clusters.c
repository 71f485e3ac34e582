#include "compute/clusters.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A cluster is called by its first thing. */
struct cluster {
    size_t size;    /* 0: it has become part of another */
    size_t last;    /* its last leaf */
    size_t next;    /* the leaf behind the leaf of this number, in its cluster */
    size_t nearest; /* of the clusters behind it the one that is nearest; SIZE_MAX: there is none */
};

struct clustering {
    struct cluster *clusters;
    double *distance; /* mean distances of clusters, count×count */
    size_t count;
};

static double *between(const struct clustering *c, size_t a, size_t b)
{
    return &c->distance[a * c->count + b];
}

static void nearest_behind(struct clustering *c, size_t a)
{
    size_t nearest = SIZE_MAX;
    for (size_t b = a + 1; b < c->count; b++)
        if (c->clusters[b].size > 0 && (nearest == SIZE_MAX || *between(c, a, b) < *between(c, a, nearest)))
            nearest = b;
    c->clusters[a].nearest = nearest;
}

/* The cluster whose nearest one is nearest of all. */
static size_t nearest_pair(const struct clustering *c)
{
    size_t found = SIZE_MAX;
    double least = INFINITY;
    for (size_t a = 0; a < c->count; a++) {
        const size_t b = c->clusters[a].nearest;
        if (c->clusters[a].size > 0 && b != SIZE_MAX && (found == SIZE_MAX || *between(c, a, b) < least)) {
            found = a;
            least = *between(c, a, b);
        }
    }
    return found;
}

/* Cluster b becomes part of cluster a, which is before it. */
static void cluster_join(struct clustering *c, size_t a, size_t b)
{
    struct cluster *one = &c->clusters[a], *other = &c->clusters[b];
    const double whole = (double)(one->size + other->size), share = (double)one->size / whole,
                 rest = (double)other->size / whole;
    c->clusters[one->last].next = b;
    one->last = other->last;
    one->size += other->size;
    other->size = 0;
    for (size_t k = 0; k < c->count; k++)
        if (c->clusters[k].size > 0 && k != a)
            *between(c, a, k) = *between(c, k, a) = share * *between(c, a, k) + rest * *between(c, b, k);
}

/* Mends what is nearest after that: distances from a have changed, and b is gone. */
static void mend_nearest(struct clustering *c, size_t a, size_t b)
{
    nearest_behind(c, a);
    for (size_t k = 0; k < b; k++) {
        struct cluster *cluster = &c->clusters[k];
        if (cluster->size == 0 || k == a)
            continue;
        if (cluster->nearest == a || cluster->nearest == b)
            nearest_behind(c, k);
        else if (k < a && *between(c, k, a) < *between(c, k, cluster->nearest))
            cluster->nearest = a;
    }
}

bool clusters_order(const double *distance, size_t count, size_t *order, struct error *error)
{
    struct clustering c = {.count = count};
    c.clusters = memory_zeroed(count, sizeof *c.clusters, error);
    c.distance = c.clusters ? memory_alloc(count * count, sizeof *c.distance, error) : NULL;
    if (c.distance) {
        memcpy(c.distance, distance, count * count * sizeof *distance);
        for (size_t a = 0; a < count; a++)
            c.clusters[a] = (struct cluster){.size = 1, .last = a, .next = SIZE_MAX};
        for (size_t a = 0; a < count; a++)
            nearest_behind(&c, a);
        for (size_t a; (a = nearest_pair(&c)) != SIZE_MAX;) {
            const size_t b = c.clusters[a].nearest;
            cluster_join(&c, a, b);
            mend_nearest(&c, a, b);
        }
        for (size_t at = 0, leaf = 0; at < count; at++, leaf = c.clusters[leaf].next)
            order[at] = leaf;
    }
    const bool ok = c.distance;
    free(c.distance);
    free(c.clusters);
    return ok;
}
