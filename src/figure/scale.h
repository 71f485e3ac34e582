/*
 * From values to places on the colour bar, and the round numbers that are written beside it.
 */
#ifndef ATTN_FIGURE_SCALE_H
#define ATTN_FIGURE_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "figure/heatmap.h"

/* The range of the values that are shown, without masked cells, NaN and infinities. */
struct extent {
    bool any;
    float low, high;
    float positive; /* the smallest above 0; 0: none */
    bool has_masked, has_nan;
    bool has_plus, has_minus; /* infinities */
    bool is_whole;            /* known to be of whole numbers alone, which are written so */
};

struct scale {
    enum color_scale kind;
    double low, high;             /* low < high; log: 0 < low */
    double start, span;           /* of the curve: position = (curve(value) - start) / span */
    bool is_centered;             /* colours are to lie symmetrically around 0 */
    bool clamps_low, clamps_high; /* values lie beyond low, beyond high */
};

/* Chooses the range as heatmap.h says. Errors: ERROR_USAGE for a range that is empty or not finite; for a log
 * scale also for a range that is not above 0, and for values below 0 without a given vmin. */
bool scale_choose(struct scale *scale, const struct drawing *drawing, const struct extent *extent,
                  struct error *error);

/* 0 at low, 1 at high, values beyond are clamped. Not for NaN. */
double scale_position(const struct scale *scale, double value);

/* The value at a position of 0…1. */
double scale_value(const struct scale *scale, double position);

/* The place of a position of 0…1 among colours that are symmetric around 0, again 0…1. */
double scale_centered(const struct scale *scale, double position);

enum { SCALE_TICKS = 24, NUMBER_TEXT = 48 };

struct tick {
    double position; /* 0…1 */
    char text[NUMBER_TEXT];
};

/* Round numbers of the range that are at least `spacing` of the bar's length apart, an end that clamps among
 * them, as "≥ 5". Returns how many, at most SCALE_TICKS. */
size_t scale_ticks(const struct scale *scale, double spacing, struct tick ticks[SCALE_TICKS]);

/* The number with so many decimals, or with -decimals significant digits, 1.2e-5; with a true minus sign. */
void number_text(char text[NUMBER_TEXT], double value, int decimals);

#endif
