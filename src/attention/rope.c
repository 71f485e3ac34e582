#include "attention/rope.h"

#include <math.h>
#include <stdbool.h>

static double first_given(double a, double b)
{
    return a > 0 ? a : b;
}

double rope_trained_length(const struct rope_scaling *scaling)
{
    const double first = scaling->original_max_position_embeddings, now = scaling->max_position_embeddings;
    return scaling->type == ROPE_DYNAMIC ? first_given(now, first) : first_given(first, now);
}

double rope_stretch(const struct rope_scaling *scaling)
{
    const bool by_ratio = scaling->type == ROPE_YARN || scaling->type == ROPE_LONGROPE;
    if (scaling->factor > 0 || !by_ratio || !(scaling->original_max_position_embeddings > 0))
        return scaling->factor;
    return scaling->max_position_embeddings / scaling->original_max_position_embeddings;
}

/* Without any scaling. */
static void turns_plain(double *turn, size_t width, double base)
{
    for (size_t t = 0; t < width / 2; t++)
        turn[t] = pow(base, -2.0 * (double)t / (double)width);
}

/* Beyond the trained length the base grows, so that the slowest pair turns as far as it did there. */
static void turns_dynamic(double *turn, size_t width, double base, const struct rope_scaling *scaling,
                          double length)
{
    const double trained = rope_trained_length(scaling), factor = scaling->factor;
    const double longer = factor * fmax(length, trained) / trained - (factor - 1);
    /* A single pair turns by 1 whatever the base is, and has no exponent. */
    const double grown = width > 2 ? base * pow(longer, (double)width / (double)(width - 2)) : base;
    turns_plain(turn, width, grown);
}

/* The pair, counted with fractions, that turns `rotations` times in the trained length. */
static double yarn_pair(double rotations, size_t width, double base, double trained)
{
    return (double)width * log(trained / (rotations * 2 * M_PI)) / (2 * log(base));
}

/* Fast pairs keep their frequency, slow ones are divided by the factor, and there is a ramp between them. */
static void turns_yarn(double *turn, size_t width, double base, const struct rope_scaling *scaling)
{
    const double trained = rope_trained_length(scaling), stretch = rope_stretch(scaling);
    double low = yarn_pair(first_given(scaling->beta_fast, 32), width, base, trained);
    double high = yarn_pair(first_given(scaling->beta_slow, 1), width, base, trained);
    low = fmax(scaling->untruncated ? low : floor(low), 0);
    high = fmin(scaling->untruncated ? high : ceil(high), (double)width - 1);
    if (low == high)
        high += 0.001;
    for (size_t t = 0; t < width / 2; t++) {
        const double slow = fmin(fmax(((double)t - low) / (high - low), 0), 1);
        turn[t] *= slow / stretch + (1 - slow);
    }
}

/* The same with a ramp over wavelengths, as parts of the trained length. */
static void turns_llama3(double *turn, size_t width, const struct rope_scaling *scaling)
{
    const double low = scaling->low_freq_factor, high = scaling->high_freq_factor;
    for (size_t t = 0; t < width / 2; t++) {
        const double waves = rope_trained_length(scaling) * turn[t] / (2 * M_PI); /* in the trained length */
        const double fast = fmin(fmax((waves - low) / (high - low), 0), 1);
        turn[t] *= (1 - fast) / scaling->factor + fast;
    }
}

void rope_turns(double *turn, size_t width, double base, const struct rope_scaling *scaling, double length)
{
    turns_plain(turn, width, base);
    const double *divisors =
        length > rope_trained_length(scaling) ? scaling->long_factor : scaling->short_factor;
    switch (scaling->type) {
    case ROPE_LINEAR:
        for (size_t t = 0; t < width / 2; t++)
            turn[t] /= scaling->factor;
        break;
    case ROPE_DYNAMIC:
        turns_dynamic(turn, width, base, scaling, length);
        break;
    case ROPE_YARN:
        turns_yarn(turn, width, base, scaling);
        break;
    case ROPE_LLAMA3:
        turns_llama3(turn, width, scaling);
        break;
    case ROPE_LONGROPE:
        for (size_t t = 0; t < width / 2; t++)
            turn[t] /= divisors[t];
        break;
    default:
        break;
    }
}

/* YaRN's 0.1·mscale·ln(stretch) + 1. */
static double yarn_magnitude(double stretch, double mscale)
{
    return stretch <= 1 ? 1 : 0.1 * mscale * log(stretch) + 1;
}

double rope_attention_factor(const struct rope_scaling *scaling)
{
    const bool has_factor = scaling->type == ROPE_YARN || scaling->type == ROPE_LONGROPE;
    const double stretch = rope_stretch(scaling);
    if (!has_factor)
        return 1;
    if (scaling->attention_factor > 0)
        return scaling->attention_factor;
    if (scaling->type == ROPE_LONGROPE)
        return stretch <= 1 ? 1 : sqrt(1 + log(stretch) / log(rope_trained_length(scaling)));
    if (scaling->mscale > 0 && scaling->mscale_all_dim > 0)
        return yarn_magnitude(stretch, scaling->mscale) / yarn_magnitude(stretch, scaling->mscale_all_dim);
    return yarn_magnitude(stretch, 1);
}
