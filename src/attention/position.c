#include "attention/position.h"

#include <math.h>

struct position_list position_skip(struct position_list list, size_t rows)
{
    list.first += (int64_t)rows;
    if (list.given)
        list.given += rows;
    return list;
}

void position_sinusoidal(float *out, size_t rows, size_t d, const struct position_list *positions,
                         double base)
{
    for (size_t c = 0; c < d; c++) {
        const double turn = pow(base, -(double)(c / 2 * 2) / (double)d);
        for (size_t i = 0; i < rows; i++) {
            const double angle = position_at(positions, 0, i) * turn;
            out[i * d + c] = (float)(c % 2 == 0 ? sin(angle) : cos(angle));
        }
    }
}

/* The columns of pair t. */
static void rotation_pair(const struct rotation *rotation, size_t t, size_t *left, size_t *right)
{
    const size_t width = rotation->columns / rotation->parts, half = width / 2;
    const size_t begin = t / half * width, own = t % half;
    *left = begin + (rotation->layout == ROTARY_HALVES ? own : 2 * own);
    *right = begin + (rotation->layout == ROTARY_HALVES ? own + half : 2 * own + 1);
}

/* By how much pair t of row i is rotated. */
static double rotation_angle(const struct rotation *rotation, size_t t, const struct position_list *positions,
                             size_t i)
{
    return position_at(positions, rotation->axis ? rotation->axis[t] : 0, i) * rotation->turn[t];
}

void position_rotate(float *x, size_t rows, size_t row_step, size_t heads, size_t head_step,
                     const struct rotation *rotation, const struct position_list *positions)
{
    for (size_t t = 0; t < rotation->columns / 2; t++) {
        size_t left, right;
        rotation_pair(rotation, t, &left, &right);
        for (size_t i = 0; i < rows; i++) {
            const double angle = rotation_angle(rotation, t, positions, i);
            const double cosine = rotation->factor * cos(angle), sine = rotation->factor * sin(angle);
            for (size_t h = 0; h < heads; h++) {
                float *pair = x + i * row_step + h * head_step;
                const double a = (double)pair[left], b = (double)pair[right];
                pair[left] = (float)(a * cosine - b * sine);
                pair[right] = (float)(a * sine + b * cosine);
            }
        }
    }
}

void position_rotary_table(float *out, size_t rows, const struct rotation *rotation,
                           const struct position_list *positions)
{
    const size_t columns = rotation->columns, half = columns / 2;
    for (size_t t = 0; t < half; t++)
        for (size_t i = 0; i < rows; i++) {
            const double angle = rotation_angle(rotation, t, positions, i);
            out[i * columns + t] = (float)(rotation->factor * cos(angle));
            out[i * columns + half + t] = (float)(rotation->factor * sin(angle));
        }
}

double position_slope(size_t head, size_t heads)
{
    size_t power = 1;
    while (power <= heads / 2)
        power *= 2;
    if (head < power)
        return exp2(-8 * (double)(head + 1) / (double)power);
    return exp2(-4 * (double)(2 * (head - power) + 1) / (double)power);
}

size_t position_bucket(double ahead, bool both_sides, size_t buckets, size_t furthest)
{
    size_t begin = 0;
    double away = ahead < 0 ? -ahead : 0;
    if (both_sides) {
        buckets /= 2;
        begin = ahead > 0 ? buckets : 0;
        away = fabs(ahead);
    }
    const size_t exact = buckets / 2;
    if (away < (double)exact || buckets < 2)
        return begin + (buckets < 2 ? 0 : (size_t)away);
    /* Where the logarithms divide evenly rounding must not fall below. */
    double grown = log(away / (double)exact) / log((double)furthest / (double)exact) + 1e-12;
    double bucket = (double)exact + floor(grown * (double)(buckets - exact));
    return begin + (bucket < (double)(buckets - 1) ? (size_t)bucket : buckets - 1);
}
