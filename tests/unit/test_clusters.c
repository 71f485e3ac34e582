/* The order of clusters beside the plainest way to make them, and places on a plane beside those that the distances came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include <math.h>

#include "compute/clusters.h"
#include "compute/scaling.h"

enum { MOST = 24 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Symmetric, with 0 between a thing and itself; of `kinds` different numbers, so that few of them make ties. */
static void fill_distances(double *distance, size_t count, uint32_t kinds, uint32_t *random)
{
    for (size_t a = 0; a < count; a++) {
        distance[a * count + a] = 0;
        for (size_t b = a + 1; b < count; b++)
            distance[a * count + b] = distance[b * count + a] = (double)(1 + next_random(random) % kinds);
    }
}

struct members {
    size_t at[MOST], count;
};

/* The mean distance of two clusters, from all their members. */
static double mean_distance(const double *distance, size_t count, const struct members *a,
                            const struct members *b)
{
    double sum = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            sum += distance[a->at[i] * count + b->at[j]];
    return sum / (double)(a->count * b->count);
}

/* Joins the two nearest of all clusters, until one is left. */
static void order_plainly(const double *distance, size_t count, size_t *order)
{
    struct members clusters[MOST];
    for (size_t i = 0; i < count; i++)
        clusters[i] = (struct members){.at = {i}, .count = 1};
    for (size_t left = count; left > 1; left--) {
        size_t first = 0, second = 1;
        double least = INFINITY;
        for (size_t a = 0; a < left; a++)
            for (size_t b = a + 1; b < left; b++) {
                const double mean = mean_distance(distance, count, &clusters[a], &clusters[b]);
                if (mean < least - 1e-9) {
                    least = mean;
                    first = a;
                    second = b;
                }
            }
        struct members *into = &clusters[first];
        memcpy(into->at + into->count, clusters[second].at, clusters[second].count * sizeof *into->at);
        into->count += clusters[second].count;
        memmove(&clusters[second], &clusters[second + 1], (left - second - 1) * sizeof *clusters);
    }
    memcpy(order, clusters[0].at, count * sizeof *order);
}

static void clusters_are_those_of_the_definition(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t round = 0; round < 400; round++) {
        const size_t count = 1 + round % MOST;
        double distance[MOST * MOST];
        size_t order[MOST], expected[MOST];
        struct error error = {0};
        fill_distances(distance, count, 1 << 20, &random);
        assert_true(clusters_order(distance, count, order, &error));
        order_plainly(distance, count, expected);
        assert_memory_equal(order, expected, count * sizeof *order);
    }
}

static void of_equal_distances_the_first_things_join(void **state)
{
    (void)state;
    double distance[5 * 5];
    size_t order[5];
    struct error error = {0};
    for (size_t i = 0; i < 25; i++)
        distance[i] = i % 6 == 0 ? 0 : 1;
    distance[1 * 5 + 4] = distance[4 * 5 + 1] = 0.5;
    assert_true(clusters_order(distance, 5, order, &error));
    const size_t expected[] = {0, 1, 4, 2, 3};
    assert_memory_equal(order, expected, sizeof expected);
}

/* Squared distances of things at places, and the places that come back: the same distances. */
static void check_plane(const double (*places)[2], size_t count)
{
    double squared[MOST * MOST], found[MOST * 2], share;
    struct error error = {0};
    for (size_t i = 0; i < count * count; i++) {
        const double x = places[i / count][0] - places[i % count][0],
                     y = places[i / count][1] - places[i % count][1];
        squared[i] = x * x + y * y;
    }
    assert_true(classical_scaling(squared, count, found, &share, &error));
    double mean[2] = {0}, spread[2] = {0}, largest[2] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t axis = 0; axis < 2; axis++) {
            const double at = found[2 * i + axis];
            mean[axis] += at;
            spread[axis] += at * at;
            largest[axis] = fabs(at) > fabs(largest[axis]) + 1e-9 ? at : largest[axis];
        }
    for (size_t axis = 0; axis < 2; axis++) {
        assert_true(fabs(mean[axis]) < 1e-7);
        assert_true(largest[axis] >= 0);
    }
    assert_true(spread[0] >= spread[1]);
    for (size_t i = 0; i < count * count; i++) {
        const double x = found[2 * (i / count)] - found[2 * (i % count)],
                     y = found[2 * (i / count) + 1] - found[2 * (i % count) + 1];
        assert_true(fabs(x * x + y * y - squared[i]) < 1e-6);
    }
    assert_true(count == 1 ? isnan(share) : fabs(share - 1) < 1e-6);
}

/* What -½·JDJ makes of x, whose numbers are 0 in the mean: J times squared·x, halved. */
static void spread_of(const double *squared, size_t count, const double *x, double *product)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++) {
        product[i] = 0;
        for (size_t j = 0; j < count; j++)
            product[i] -= squared[i * count + j] * x[j] / 2;
        mean += product[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++)
        product[i] -= mean;
}

enum { CLOUD = 90, CLOUD_DIRECTIONS = 70 };

/* Makes x 0 in the mean, without its part along the axes, and of length 1. */
static void leave_axes(double *x, const double *places, const double *lengths)
{
    double mean = 0, length = 0;
    for (size_t i = 0; i < CLOUD; i++)
        mean += x[i] / CLOUD;
    for (size_t i = 0; i < CLOUD; i++)
        x[i] -= mean;
    for (size_t axis = 0; axis < 2; axis++) {
        double along = 0;
        for (size_t i = 0; i < CLOUD; i++)
            along += x[i] * places[2 * i + axis] / lengths[axis];
        for (size_t i = 0; i < CLOUD; i++)
            x[i] -= along * places[2 * i + axis];
    }
    for (size_t i = 0; i < CLOUD; i++)
        length += x[i] * x[i];
    for (size_t i = 0; i < CLOUD; i++)
        x[i] /= sqrt(length);
}

/* Things that lie as far apart in many directions, which is what takes longest: both axes are eigenvectors, and no direction that they
 * leave out is wider. */
static void the_widest_axes_of_a_cloud_are_found(void **state)
{
    (void)state;
    static double at[CLOUD][CLOUD_DIRECTIONS], squared[CLOUD * CLOUD];
    double places[2 * CLOUD], share, x[CLOUD], product[CLOUD], lengths[2] = {0}, widest = 0;
    struct error error = {0};
    uint32_t random = 11;
    for (size_t i = 0; i < CLOUD; i++)
        for (size_t k = 0; k < CLOUD_DIRECTIONS; k++)
            at[i][k] = (double)(next_random(&random) % 2000) / 1000 - 1;
    for (size_t i = 0; i < CLOUD * CLOUD; i++)
        for (size_t k = 0; k < CLOUD_DIRECTIONS; k++)
            squared[i] += pow(at[i / CLOUD][k] - at[i % CLOUD][k], 2);
    assert_true(classical_scaling(squared, CLOUD, places, &share, &error));
    for (size_t axis = 0; axis < 2; axis++) {
        for (size_t i = 0; i < CLOUD; i++) {
            x[i] = places[2 * i + axis];
            lengths[axis] += x[i] * x[i];
        }
        spread_of(squared, CLOUD, x, product);
        for (size_t i = 0; i < CLOUD; i++)
            assert_true(fabs(product[i] - lengths[axis] * x[i]) < 1e-6 * lengths[axis]);
    }
    for (size_t i = 0; i < CLOUD; i++)
        x[i] = (double)(next_random(&random) % 2000) / 1000 - 1;
    for (size_t round = 0; round < 3000; round++) {
        leave_axes(x, places, lengths);
        spread_of(squared, CLOUD, x, product);
        widest = 0;
        for (size_t i = 0; i < CLOUD; i++)
            widest += x[i] * product[i];
        memcpy(x, product, sizeof x);
    }
    assert_true(lengths[0] > lengths[1] && lengths[1] > widest && widest > lengths[1] / 2);
}

static void a_plane_comes_back(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (size_t count = 1; count <= MOST; count++) {
        double places[MOST][2];
        for (size_t i = 0; i < count; i++)
            for (size_t axis = 0; axis < 2; axis++)
                places[i][axis] = (double)(next_random(&random) % 1000) / 100 * (axis ? 0.3 : 1);
        check_plane((const double(*)[2])places, count);
    }
}

static void things_at_one_place_stay_there(void **state)
{
    (void)state;
    const double squared[9] = {0};
    double places[6], share = 0;
    struct error error = {0};
    assert_true(classical_scaling(squared, 3, places, &share, &error));
    for (size_t i = 0; i < 6; i++)
        assert_true(places[i] == 0);
    assert_true(isnan(share));
}

/* Corners of a tetrahedron are alike in three directions: two of them have two thirds. */
static void the_share_of_a_plane_is_less_in_space(void **state)
{
    (void)state;
    double squared[16], places[8], share = 0;
    struct error error = {0};
    for (size_t i = 0; i < 16; i++)
        squared[i] = i % 5 == 0 ? 0 : 1;
    assert_true(classical_scaling(squared, 4, places, &share, &error));
    assert_true(fabs(share - 2.0 / 3) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_are_those_of_the_definition),
        cmocka_unit_test(of_equal_distances_the_first_things_join),
        cmocka_unit_test(a_plane_comes_back),
        cmocka_unit_test(the_widest_axes_of_a_cloud_are_found),
        cmocka_unit_test(things_at_one_place_stay_there),
        cmocka_unit_test(the_share_of_a_plane_is_less_in_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
