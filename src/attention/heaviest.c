#include "attention/heaviest.h"

#include <math.h>
#include <string.h>

static int64_t middle_of(int64_t a, int64_t b, int64_t c)
{
    if (a > b) {
        const int64_t swap = a;
        a = b;
        b = swap;
    }
    return c < a ? a : c > b ? b : c;
}

/* Puts numbers above the pivot first and those below it last. *above: how many come first, *sum theirs; *end: where those
 * below begin. */
static void split(int64_t *numbers, size_t count, int64_t pivot, size_t *above, int64_t *sum, size_t *end)
{
    size_t i = 0;
    *above = 0;
    *sum = 0;
    *end = count;
    while (i < *end) {
        const int64_t number = numbers[i];
        if (number > pivot) {
            numbers[i++] = numbers[*above];
            numbers[(*above)++] = number;
            *sum += number;
        } else if (number < pivot) {
            numbers[i] = numbers[--*end];
            numbers[*end] = number;
        } else {
            i++;
        }
    }
}

/* The fewest of count > 0 numbers above 0 whose sum is at least `target`, which is above 0 and at most the sum of all. They are put
 * into another order: quickselect (Hoare 1961), by sums instead of places. */
static size_t select_count(int64_t *numbers, size_t count, int64_t target)
{
    size_t taken = 0;
    for (;;) {
        const int64_t pivot = middle_of(numbers[0], numbers[count / 2], numbers[count - 1]);
        size_t above, end;
        int64_t sum;
        split(numbers, count, pivot, &above, &sum, &end);
        if (sum >= target) {
            count = above;
            continue;
        }
        target -= sum;
        taken += above;
        const size_t same = end - above, needed = (size_t)((target - 1) / pivot) + 1;
        if (needed <= same)
            return taken + needed;
        target -= (int64_t)same * pivot;
        taken += same;
        numbers += end;
        count -= end;
    }
}

/* Numbers of one exponent and the first four digits behind it lie in one bucket, counted from that of the largest; the last has all
 * that are 2⁻³¹ of it and less. */
enum { BUCKETS = 512, BUCKET_SHIFT = 19 };

static uint32_t float_bits(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static size_t bucket_of(float number, uint32_t top)
{
    const uint32_t down = top - (float_bits(number) >> BUCKET_SHIFT);
    return down < BUCKETS ? down : BUCKETS - 1;
}

/* In steps of 2⁻⁴⁰, to the nearest. */
static int64_t whole(float number)
{
    return llrint((double)number * 0x1p40);
}

size_t heaviest_count(const float *numbers, size_t count, float largest, double share, int64_t *room)
{
    int64_t sums[BUCKETS] = {0}, total = 0;
    size_t counts[BUCKETS] = {0}, taken = 0, b = 0, some = 0;
    const uint32_t top = float_bits(largest) >> BUCKET_SHIFT;
    for (size_t i = 0; i < count; i++) {
        const int64_t number = numbers[i] > 0 ? whole(numbers[i]) : 0;
        if (number == 0)
            continue;
        const size_t bucket = bucket_of(numbers[i], top);
        sums[bucket] += number;
        counts[bucket]++;
        total += number;
    }
    if (total == 0)
        return 0;
    int64_t target = (int64_t)((double)total * (share - 1e-6));
    target = target > 0 ? target : 1;
    for (; sums[b] < target; b++) {
        target -= sums[b];
        taken += counts[b];
    }
    for (size_t i = 0; i < count; i++)
        if (numbers[i] > 0 && bucket_of(numbers[i], top) == b && whole(numbers[i]) > 0)
            room[some++] = whole(numbers[i]);
    return taken + select_count(room, some, target);
}
