/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): the sums of a row of weights that were given. Here lanes
 * are keys.
 */

/* Numbers whose sums are carried in float32: each lane of each vector adds up few. */
#define MEASURE_RUN ((size_t)16 * LANES)

/* The sums of a run, in vectors. */
struct measure_run {
    vec sum, log_sum, distance, squares, largest, least;
};

INLINE void measure_add(struct measure_run *run, vec w, vec distance)
{
    const vec above = VEC_MAX(w, vec_all(0));
    run->sum += w;
    run->log_sum += above * vec_log2(VEC_MAX(w, vec_all(FLT_MIN)));
    run->distance += w * (vec)((veci)distance & INT32_MAX);
    run->squares += w * w;
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

/* The first number of [from, end), whole vectors, that is `largest`. */
INLINE size_t measure_find(const float *row, size_t from, size_t end, float largest)
{
    for (; from < end; from += LANES) {
        const unsigned bits = vec_bits(vec_get(row + from) == largest);
        if (bits != 0)
            return from + (size_t)__builtin_ctz(bits);
    }
    return end;
}

/* Sums of runs, in double precision. */
struct measure_sums {
    vec_wide sum, log_sum, distance, squares;
    vec least;
};

INLINE vec_wide measure_wide(vec x)
{
    vec_wide halves[2];
    vec_halves(x, halves);
    return halves[0] + halves[1];
}

/* Adds one run to them; a number that is larger than all before goes to the sums of the row. */
INLINE void measure_flush(const struct measure_run *run, const float *row, size_t from, size_t end,
                          struct measure_sums *all, struct weight_sums *sums)
{
    all->sum += measure_wide(run->sum);
    all->log_sum += measure_wide(run->log_sum);
    all->distance += measure_wide(run->distance);
    all->squares += measure_wide(run->squares);
    all->least = -VEC_MAX(-run->least, -all->least);
    if (vec_bits(run->largest > sums->largest) == 0)
        return;
    float largest = sums->largest;
    for (int l = 0; l < LANES; l++)
        largest = run->largest[l] > largest ? run->largest[l] : largest;
    sums->largest = largest;
    sums->argmax = measure_find(row, from, end, largest);
}

static void kernel_measure(const float *row, size_t count, double position, struct weight_sums *sums)
{
    const size_t whole = count / LANES * LANES;
    struct measure_sums all = {.least = vec_all(INFINITY)};
    struct measure_run run;
    *sums = (struct weight_sums){.largest = -INFINITY, .least = INFINITY, .argmax = SIZE_MAX};
    for (size_t from = 0, end; from < whole; from = end) {
        end = whole - from < MEASURE_RUN ? whole : from + MEASURE_RUN;
        measure_run(row, from, end, position, &run);
        measure_flush(&run, row, from, end, &all, sums);
    }
    sums->sum = vec_wide_sum(all.sum);
    sums->entropy = -M_LN2 * vec_wide_sum(all.log_sum);
    sums->distance = vec_wide_sum(all.distance);
    sums->squares = vec_wide_sum(all.squares);
    for (int l = 0; l < LANES; l++)
        sums->least = all.least[l] < sums->least ? all.least[l] : sums->least;
    for (size_t j = whole; j < count; j++) {
        const float w = row[j];
        sums->sum += (double)w;
        sums->entropy -= w > FLT_MIN ? (double)w * log((double)w) : 0;
        sums->distance += (double)w * fabs(position - (double)j);
        sums->squares += (double)w * (double)w;
        sums->least = w < sums->least ? w : sums->least;
        if (w > sums->largest) {
            sums->largest = w;
            sums->argmax = j;
        }
    }
}
