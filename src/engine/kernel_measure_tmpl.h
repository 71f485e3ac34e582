/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): the sums of a row of weights that were given. Here lanes
 * are keys.
 */

/* Numbers whose sums are carried in float32: each lane of each vector adds up few. */
#define MEASURE_RUN ((size_t)16 * LANES)

/* The sums of a run, in vectors. */
struct measure_run {
    vec sum, log_sum, distance, largest, least;
};

INLINE void measure_add(struct measure_run *run, vec w, vec distance)
{
    /* Below the smallest normal number w·ln w is no part of any float. */
    const vec above = vec_choose(w > FLT_MIN, w, vec_all(1));
    run->sum += w;
    run->log_sum += above * vec_log(above);
    run->distance += w * (vec)((veci)distance & INT32_MAX);
    run->largest = VEC_MAX(w, run->largest);
    run->least = -VEC_MAX(-w, -run->least);
}

/* Adds numbers [from, end) of a row, whole vectors of them. */
INLINE void measure_run(const float *row, size_t from, size_t end, double position, struct measure_run *run)
{
    vec distance = {0};
    *run = (struct measure_run){.largest = vec_all(-INFINITY), .least = vec_all(INFINITY)};
    for (int l = 0; l < LANES; l++)
        distance[l] = (float)(position - (double)(from + (size_t)l));
    for (; from + LANES <= end; from += LANES, distance -= (float)LANES)
        measure_add(run, vec_get(row + from), distance);
}

/* The first number of [from, end) that is `largest`. */
static size_t measure_find(const float *row, size_t from, size_t end, float largest)
{
    while (from < end && row[from] != largest)
        from++;
    return from;
}

/* Adds one run to the sums of the row. */
INLINE void measure_flush(const struct measure_run *run, const float *row, size_t from, size_t end,
                          struct weight_sums *sums)
{
    float largest = -INFINITY;
    for (int l = 0; l < LANES; l++) {
        sums->sum += (double)run->sum[l];
        sums->entropy -= (double)run->log_sum[l];
        sums->distance += (double)run->distance[l];
        largest = run->largest[l] > largest ? run->largest[l] : largest;
        sums->least = run->least[l] < sums->least ? run->least[l] : sums->least;
    }
    if (largest > sums->largest) {
        sums->largest = largest;
        sums->argmax = measure_find(row, from, end, largest);
    }
}

static void kernel_measure(const float *row, size_t count, double position, struct weight_sums *sums)
{
    *sums = (struct weight_sums){.largest = -INFINITY, .least = INFINITY, .argmax = SIZE_MAX};
    const size_t whole = count / LANES * LANES;
    struct measure_run run;
    for (size_t from = 0, end; from < whole; from = end) {
        end = whole - from < MEASURE_RUN ? whole : from + MEASURE_RUN;
        measure_run(row, from, end, position, &run);
        measure_flush(&run, row, from, end, sums);
    }
    for (size_t j = whole; j < count; j++) {
        const float w = row[j];
        sums->sum += (double)w;
        sums->entropy -= w > FLT_MIN ? (double)w * log((double)w) : 0;
        sums->distance += (double)w * fabs(position - (double)j);
        sums->least = w < sums->least ? w : sums->least;
        if (w > sums->largest) {
            sums->largest = w;
            sums->argmax = j;
        }
    }
}
