/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): how many numbers of a row, the heaviest first, make a share
 * of it, and its numbers in whole steps. Here lanes are keys.
 *
 * A threshold is looked for, below which numbers are not needed. Positive floats lie in the order of their bits, so that the
 * range of thresholds is halved, or cut in proportion to the sums at its ends, until few numbers lie in it. Each time the
 * numbers from the threshold on are added up in float32; at the end what is above the range is added up in whole steps, and the
 * few are looked at one by one. That is exact, or shows that float32 took a wrong turn, and then another way must be found.
 */

/* Numbers that are looked at one by one. */
enum { HEAVIEST_FEW = 16 };

/* A double of this size has a last bit of 2⁻⁴⁰: adding it, and taking it away, rounds to whole steps. Sums of such numbers are
 * exact up to twice STEPS_MOST. */
#define STEPS_SHIFT 6144.0
#define STEPS_MOST 2048.0

/* The sum of some numbers of a row, and how many they are. */
struct heaviest_sum {
    double sum;
    size_t count;
};

typedef int64_t veci_wide __attribute__((vector_size(LANES * 4)));
typedef int64_t veci_wide_anywhere __attribute__((vector_size(LANES * 4), aligned(8), may_alias));

/* Vectors whose sums are carried in float32. */
enum { HEAVIEST_RUN = 16 };

/* The numbers of a run that are `least` or more; found has -1 for each of a lane. */
INLINE vec heaviest_run(const float *row, vec least, veci *found)
{
    vec sums[4] = {{0}, {0}, {0}, {0}};
    veci counts[4] = {{0}, {0}, {0}, {0}};
    for (size_t j = 0; j < HEAVIEST_RUN; j += 4) {
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const vec x = vec_get(row + (j + i) * LANES);
            const veci has = x >= least;
            sums[i] += (vec)((veci)x & has);
            counts[i] += has;
        }
    }
    *found += (counts[0] + counts[1]) + (counts[2] + counts[3]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The numbers from `least` on, in float32 but for the sums of runs, which are added up in double precision. */
static struct heaviest_sum heaviest_about(const float *row, size_t count, float least)
{
    vec_wide sums[2] = {{0}, {0}}, halves[2];
    veci found = {0};
    struct heaviest_sum all = {0};
    size_t j = 0;
    for (; j + (size_t)HEAVIEST_RUN * LANES <= count; j += (size_t)HEAVIEST_RUN * LANES) {
        vec_halves(heaviest_run(row + j, vec_all(least), &found), halves);
        sums[0] += halves[0];
        sums[1] += halves[1];
    }
    vec rest = {0};
    for (; j + LANES <= count; j += LANES) {
        const vec x = vec_get(row + j);
        const veci has = x >= least;
        rest += (vec)((veci)x & has);
        found += has;
    }
    vec_halves(rest, halves);
    for (int l = 0; l < LANES; l++)
        all.count -= (size_t)(int64_t)found[l];
    all.sum = vec_wide_sum((sums[0] + sums[1]) + (halves[0] + halves[1]));
    for (; j < count; j++)
        if (row[j] >= least) {
            all.sum += (double)row[j];
            all.count++;
        }
    return all;
}

/* The sum of the numbers from `least` on, each rounded to a whole step. Of less than STEPS_MOST it is exact. */
static double heaviest_exact(const float *row, size_t count, float least)
{
    vec_wide sums[2] = {{0}, {0}}, halves[2];
    const vec bound = vec_all(least);
    double sum = 0;
    size_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        const vec x = vec_get(row + j);
        vec_halves((vec)((veci)x & (x >= bound)), halves);
        sums[0] += halves[0] + STEPS_SHIFT - STEPS_SHIFT;
        sums[1] += halves[1] + STEPS_SHIFT - STEPS_SHIFT;
    }
    for (; j < count; j++)
        sum += row[j] >= least ? (double)row[j] + STEPS_SHIFT - STEPS_SHIFT : 0;
    return sum + vec_wide_sum(sums[0] + sums[1]);
}

INLINE uint32_t heaviest_bits(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

INLINE float heaviest_number(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Thresholds [low, high): the numbers from the lowest on make the target, those from the highest on do not. */
struct heaviest_range {
    uint32_t low, high;
    struct heaviest_sum at_low, at_high;
};

/* Whether few numbers lie in it, or none but equal ones. */
INLINE bool heaviest_is_narrow(const struct heaviest_range *range)
{
    return range->high - range->low <= 1 || range->at_low.count - range->at_high.count <= HEAVIEST_FEW;
}

/* Cuts the range at a threshold inside; whether the numbers from there on make the target. */
INLINE bool heaviest_cut(const float *row, size_t count, double target, struct heaviest_range *range,
                         uint32_t threshold)
{
    const struct heaviest_sum sum = heaviest_about(row, count, heaviest_number(threshold));
    if (sum.sum >= target) {
        range->low = threshold;
        range->at_low = sum;
        return true;
    }
    range->high = threshold;
    range->at_high = sum;
    return false;
}

/* The threshold inside the range that is nearest to a place. */
INLINE uint32_t heaviest_inside(const struct heaviest_range *range, double place)
{
    const double low = range->low + 1.0, high = range->high - 1.0;
    return (uint32_t)(place < low ? low : place > high ? high : place);
}

/* Narrows the range about the threshold of a row before, which is mostly like this one. The sum from there on says how many
 * numbers of that size are too many or too few, and so how far the threshold moves: it is looked for on both sides of that place. */
static void heaviest_near(const float *row, size_t count, double target, struct heaviest_range *range,
                          struct heaviest_guess *guess)
{
    if (!(guess->density > 0) || heaviest_is_narrow(range))
        return;
    const uint32_t first = heaviest_inside(range, guess->threshold);
    const bool is_low = heaviest_cut(row, count, target, range, first);
    const struct heaviest_sum at = is_low ? range->at_low : range->at_high;
    const double numbers = (at.sum - target) / (double)heaviest_number(first),
                 doubt = 1.5 * sqrt(fabs(numbers)) + 3;
    for (int side = is_low ? 1 : -1, i = 0; i < 2 && !heaviest_is_narrow(range); i++, side = -side)
        heaviest_cut(row, count, target, range,
                     heaviest_inside(range, first + (numbers + side * doubt) / guess->density));
}

/* What the range says of the next row. Of few numbers it says little. */
static void heaviest_learn(const struct heaviest_range *range, struct heaviest_guess *guess)
{
    const double inside = (double)(range->at_low.count - range->at_high.count),
                 density = inside / (double)(range->high - range->low);
    if (!(guess->density > 0))
        guess->density = density;
    else if (inside >= 4)
        guess->density += (density - guess->density) / 8;
    guess->threshold = range->low + (range->high - range->low) / 2;
}

/* Narrows the range until few numbers lie in it, or all are alike: by regula falsi over the bits, where an end that stays counts
 * half each time (the Illinois form: Dowell and Jarratt 1971), and by halves every eighth time. */
static void heaviest_narrow(const float *row, size_t count, double target, struct heaviest_range *range)
{
    double over = range->at_low.sum - target, under = target - range->at_high.sum;
    for (int turn = 1, moved = 0; !heaviest_is_narrow(range); turn++) {
        const uint32_t wide = range->high - range->low;
        uint32_t step = wide / 2;
        if (turn % 8 != 0 && over > 0 && under > 0)
            step = (uint32_t)(over / (over + under) * wide);
        step = step < 1 ? 1 : step < wide ? step : wide - 1;
        const int side = heaviest_cut(row, count, target, range, range->low + step) ? -1 : 1;
        if (side < 0) {
            over = range->at_low.sum - target;
            under *= moved == side ? 0.5 : 1;
        } else {
            under = target - range->at_high.sum;
            over *= moved == side ? 0.5 : 1;
        }
        moved = side;
    }
}

/* Puts a number into its place among few, the largest first. */
INLINE void heaviest_insert(float *few, size_t *found, float number)
{
    if (*found == HEAVIEST_FEW)
        return;
    size_t place = (*found)++;
    for (; place > 0 && number > few[place - 1]; place--)
        few[place] = few[place - 1];
    few[place] = number;
}

/* Puts the numbers of a range, few of them, into order, the largest first; their count. */
static size_t heaviest_sort(const float *row, size_t count, const struct heaviest_range *range, float *few)
{
    const float low = heaviest_number(range->low), high = heaviest_number(range->high);
    size_t found = 0, j = 0;
    for (; j + LANES <= count; j += LANES) {
        const vec x = vec_get(row + j);
        for (unsigned bits = vec_bits((x >= low) & (x < high)); bits != 0; bits &= bits - 1)
            heaviest_insert(few, &found, row[j + (size_t)__builtin_ctz(bits)]);
    }
    for (; j < count; j++)
        if (row[j] >= low && row[j] < high)
            heaviest_insert(few, &found, row[j]);
    return found;
}

/* How many of the numbers of a range bring the sum from `above` to the target; SIZE_MAX if all are not enough. */
static size_t heaviest_last(const float *row, size_t count, const struct heaviest_range *range, double above,
                            double target)
{
    float few[HEAVIEST_FEW];
    const size_t inside = range->at_low.count - range->at_high.count;
    if (range->high - range->low == 1) {
        const double number = (double)heaviest_number(range->low) + STEPS_SHIFT - STEPS_SHIFT;
        const double needed = number > 0 ? ceil((target - above) / number) : INFINITY;
        return needed <= (double)inside ? (size_t)needed : SIZE_MAX;
    }
    const size_t found = heaviest_sort(row, count, range, few);
    for (size_t i = 0; i < found; i++) {
        above += (double)few[i] + STEPS_SHIFT - STEPS_SHIFT;
        if (above >= target)
            return i + 1;
    }
    return SIZE_MAX;
}

static size_t kernel_heaviest(const float *row, size_t count, float largest, double share,
                              struct heaviest_guess *guess)
{
    if (!(largest > 0 && (double)largest < STEPS_MOST))
        return SIZE_MAX;
    const double total = heaviest_exact(row, count, FLT_MIN);
    if (!(total > 0 && total < STEPS_MOST))
        return SIZE_MAX;
    const double steps = trunc(total * 0x1p40 * (share - 1e-6)), target = fmax(steps, 1) * 0x1p-40;
    /* What is left out is numbers of this size at least, or there would be too many. */
    const double least = (total - target) / (double)count / 2;
    struct heaviest_range range = {
        .low = heaviest_bits((float)least), .high = heaviest_bits(largest) + 1, .at_low = {total, count}};
    if (!(least > (double)FLT_MIN) || range.low >= range.high)
        return SIZE_MAX;
    heaviest_near(row, count, target, &range, guess);
    heaviest_narrow(row, count, target, &range);
    heaviest_learn(&range, guess);
    const double above = heaviest_exact(row, count, heaviest_number(range.high));
    if (above >= target)
        return SIZE_MAX;
    const size_t last = heaviest_last(row, count, &range, above, target);
    return last == SIZE_MAX ? SIZE_MAX : range.at_high.count + last;
}

/* sums[j] += row[j] in whole steps, by the bits of doubles whose last is one. */
static void kernel_add_steps(const float *row, size_t count, int64_t *sums)
{
    const vec_wide shift = (vec_wide){0} + STEPS_SHIFT;
    vec_wide halves[2];
    size_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        vec_halves(vec_get(row + j), halves);
        UNROLL
        for (size_t i = 0; i < 2; i++) {
            veci_wide_anywhere *place = (veci_wide_anywhere *)(void *)(sums + j + i * (LANES / 2));
            *place += (veci_wide)(halves[i] + shift) - (veci_wide)shift;
        }
    }
    for (; j < count; j++)
        sums[j] += (int64_t)(((double)row[j] + STEPS_SHIFT - STEPS_SHIFT) * 0x1p40);
}
