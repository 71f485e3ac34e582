#include "compute/scaling.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/unroll.h"

/* Vectors that are turned towards the first eigenvectors together: the more, the faster two that are nearly alike come apart. */
enum { BLOCK_VECTORS = 8, AXES = 2, ROUNDS_MAX = 300, FILTER_DEGREE = 12 };

/* Subspace iteration with the projection of Rayleigh and Ritz (Saad, Numerical Methods for Large Eigenvalue Problems, 5.2); each
 * round multiplies by a polynomial of the matrix (Chebyshev filter, 5.3). */
struct iteration {
    const double *matrix; /* count×count, symmetric */
    size_t count, width;  /* of vectors that are used; the others are 0 */
    double (*vectors)[BLOCK_VECTORS], (*products)[BLOCK_VECTORS], (*before)[BLOCK_VECTORS]; /* count */
    double values[BLOCK_VECTORS]; /* of the vectors, falling */
};

/* -½·JDJ: `squared` without the means of its rows and columns. */
static void take_means(const double *squared, size_t count, double *matrix, double *means)
{
    double whole = 0;
    for (size_t i = 0; i < count; i++) {
        means[i] = 0;
        for (size_t j = 0; j < count; j++)
            means[i] += squared[i * count + j];
        means[i] /= (double)count;
        whole += means[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            matrix[i * count + j] = (means[i] + means[j] - squared[i * count + j] - whole) / 2;
}

/* Vector a of one list times vector b of another. */
static double dot(double (*list)[BLOCK_VECTORS], size_t a, double (*other)[BLOCK_VECTORS], size_t b,
                  size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += list[i][a] * other[i][b];
    return sum;
}

/* Makes the vectors orthogonal and of length 1; what depends on those before it becomes 0. Twice, for rounding. */
static void orthogonalize(struct iteration *it)
{
    for (size_t v = 0; v < it->width; v++) {
        const double before = sqrt(dot(it->vectors, v, it->vectors, v, it->count));
        for (size_t pass = 0; pass < 2; pass++)
            for (size_t u = 0; u < v; u++) {
                const double along = dot(it->vectors, v, it->vectors, u, it->count);
                for (size_t i = 0; i < it->count; i++)
                    it->vectors[i][v] -= along * it->vectors[i][u];
            }
        const double length = sqrt(dot(it->vectors, v, it->vectors, v, it->count));
        for (size_t i = 0; i < it->count; i++)
            it->vectors[i][v] = length > 1e-12 * before ? it->vectors[i][v] / length : 0;
    }
}

static void multiply(struct iteration *it)
{
    for (size_t i = 0; i < it->count; i++) {
        double sums[BLOCK_VECTORS] = {0};
        for (size_t j = 0; j < it->count; j++) {
            const double number = it->matrix[i * it->count + j], *vectors = it->vectors[j];
            /* Else the sums are in memory, and each waits for the one before. */
            UNROLL
            for (size_t v = 0; v < BLOCK_VECTORS; v++)
                sums[v] += number * vectors[v];
        }
        memcpy(it->products[i], sums, sizeof sums);
    }
}

/* One rotation of Jacobi's that makes small[p][q] 0; `turn` takes it along. */
static void rotate(double small[BLOCK_VECTORS][BLOCK_VECTORS], double turn[BLOCK_VECTORS][BLOCK_VECTORS],
                   size_t width, size_t p, size_t q)
{
    const double apart = (small[q][q] - small[p][p]) / (2 * small[p][q]),
                 t = (apart < 0 ? -1 : 1) / (fabs(apart) + sqrt(1 + apart * apart)), c = 1 / sqrt(1 + t * t),
                 s = t * c;
    for (size_t k = 0; k < width; k++) {
        const double a = small[k][p], b = small[k][q];
        small[k][p] = c * a - s * b;
        small[k][q] = s * a + c * b;
    }
    for (size_t k = 0; k < width; k++) {
        const double a = small[p][k], b = small[q][k], x = turn[k][p], y = turn[k][q];
        small[p][k] = c * a - s * b;
        small[q][k] = s * a + c * b;
        turn[k][p] = c * x - s * y;
        turn[k][q] = s * x + c * y;
    }
}

static void diagonalize(double small[BLOCK_VECTORS][BLOCK_VECTORS], double turn[BLOCK_VECTORS][BLOCK_VECTORS],
                        size_t width)
{
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < width; j++)
            turn[i][j] = i == j;
    for (size_t sweep = 0; sweep < 30; sweep++)
        for (size_t p = 0; p < width; p++)
            for (size_t q = p + 1; q < width; q++)
                if (fabs(small[p][q]) > 1e-17 * (fabs(small[p][p]) + fabs(small[q][q])))
                    rotate(small, turn, width, p, q);
}

/* The order of the values, the largest first. */
static void sort_values(double small[BLOCK_VECTORS][BLOCK_VECTORS], size_t width, size_t *order)
{
    for (size_t i = 0; i < width; i++) {
        size_t at = i;
        for (; at > 0 && small[order[at - 1]][order[at - 1]] < small[i][i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* `list` becomes itself times the columns of `turn`, in that order. */
static void turn_vectors(double (*list)[BLOCK_VECTORS], size_t count, size_t width,
                         double turn[BLOCK_VECTORS][BLOCK_VECTORS], const size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        double turned[BLOCK_VECTORS] = {0};
        for (size_t v = 0; v < width; v++)
            for (size_t u = 0; u < width; u++)
                turned[v] += list[i][u] * turn[u][order[v]];
        memcpy(list[i], turned, sizeof turned);
    }
}

/* The best eigenvectors that the space of the vectors has, and what the matrix makes of them. */
static void project(struct iteration *it)
{
    double small[BLOCK_VECTORS][BLOCK_VECTORS], turn[BLOCK_VECTORS][BLOCK_VECTORS];
    size_t order[BLOCK_VECTORS];
    multiply(it);
    for (size_t a = 0; a < it->width; a++)
        for (size_t b = a; b < it->width; b++)
            small[a][b] = small[b][a] = dot(it->vectors, a, it->products, b, it->count);
    diagonalize(small, turn, it->width);
    sort_values(small, it->width, order);
    turn_vectors(it->vectors, it->count, it->width, turn, order);
    turn_vectors(it->products, it->count, it->width, turn, order);
    for (size_t v = 0; v < it->width; v++)
        it->values[v] = small[order[v]][order[v]];
}

/* Whether the first two are eigenvectors, but for rounding. */
static bool are_found(const struct iteration *it)
{
    for (size_t v = 0; v < AXES && v < it->width; v++) {
        double left = 0;
        for (size_t i = 0; i < it->count; i++) {
            const double apart = it->products[i][v] - it->values[v] * it->vectors[i][v];
            left += apart * apart;
        }
        if (sqrt(left) > 1e-11 * fabs(it->values[0]))
            return false;
    }
    return true;
}

static void swap_lists(double (**a)[BLOCK_VECTORS], double (**b)[BLOCK_VECTORS])
{
    double(*const list)[BLOCK_VECTORS] = *a;
    *a = *b;
    *b = list;
}

/*
 * The vectors become T(matrix) times themselves, T being the polynomial of Chebyshev whose values are small from minus the largest
 * eigenvalue to the least of the vectors', and grow fast above. Of the vectors as they are, `products` has what the matrix makes.
 * T(k + 1) = 2·x·T(k) - T(k - 1), x being the matrix with that range at [-1, 1].
 */
static void filter(struct iteration *it)
{
    const double top = it->values[it->width - 1], bottom = -it->values[0], half = (top - bottom) / 2,
                 middle = (top + bottom) / 2;
    if (!(half > 1e-6 * it->values[0])) { /* powers of what lies above would overflow */
        swap_lists(&it->vectors, &it->products);
        return;
    }
    for (int degree = 1; degree <= FILTER_DEGREE; degree++) {
        if (degree > 1)
            multiply(it);
        for (size_t i = 0; i < it->count; i++)
            for (size_t v = 0; v < BLOCK_VECTORS; v++) {
                const double x = (it->products[i][v] - middle * it->vectors[i][v]) / half;
                it->products[i][v] = degree > 1 ? 2 * x - it->before[i][v] : x;
            }
        swap_lists(&it->before, &it->vectors);
        swap_lists(&it->vectors, &it->products);
    }
}

static void iterate(struct iteration *it)
{
    uint64_t random = 1; /* any start that is not orthogonal to what is sought; the same each time */
    for (size_t i = 0; i < it->count; i++)
        for (size_t v = 0; v < BLOCK_VECTORS; v++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            it->vectors[i][v] = v < it->width ? (double)(int64_t)random * 0x1p-63 : 0;
        }
    for (size_t round = 0; round < ROUNDS_MAX; round++) {
        orthogonalize(it);
        project(it);
        if (are_found(it))
            return;
        filter(it);
    }
}

/* An axis from an eigenvector; 0 everywhere where there is no spread. */
static void place_axis(const struct iteration *it, size_t axis, double *places)
{
    const double value = axis < it->width && it->values[axis] > 1e-14 * it->values[0] ? it->values[axis] : 0;
    size_t farthest = 0;
    for (size_t i = 1; i < it->count; i++)
        if (fabs(it->vectors[i][axis]) > fabs(it->vectors[farthest][axis]) + 1e-9)
            farthest = i;
    const double factor = it->vectors[farthest][axis] < 0 ? -sqrt(value) : sqrt(value);
    for (size_t i = 0; i < it->count; i++)
        places[i * AXES + axis] = value > 0 ? it->vectors[i][axis] * factor : 0;
}

bool classical_scaling(const double *squared, size_t count, double *places, double *share,
                       struct error *error)
{
    struct iteration it = {.count = count, .width = count < BLOCK_VECTORS ? count : BLOCK_VECTORS};
    double *matrix = memory_alloc(count * count, sizeof *matrix, error), spread = 0;
    it.matrix = matrix;
    it.vectors = matrix ? memory_alloc(count, sizeof *it.vectors, error) : NULL;
    it.products = it.vectors ? memory_alloc(count, sizeof *it.products, error) : NULL;
    it.before = it.products ? memory_alloc(count, sizeof *it.before, error) : NULL;
    const bool ok = it.before;
    if (ok) {
        take_means(squared, count, matrix, it.products[0]);
        for (size_t i = 0; i < count; i++)
            spread += matrix[i * count + i];
        iterate(&it);
        for (size_t axis = 0; axis < AXES; axis++)
            place_axis(&it, axis, places);
        *share = (double)NAN;
        if (spread > 0)
            *share = fmin(1, (it.values[0] + (it.width > 1 ? fmax(it.values[1], 0) : 0)) / spread);
    }
    free(it.before);
    free(it.products);
    free(it.vectors);
    free(matrix);
    return ok;
}
