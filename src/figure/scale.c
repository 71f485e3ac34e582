#include "figure/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUS "\u2212"

/* How far below the largest value a log scale reaches by default. */
#define LOG_REACH 1e-6

/* A rising function that is straight on the colour bar. */
static double curve(enum color_scale kind, double value)
{
    switch (kind) {
    case COLOR_LOG:
        return log10(value);
    case COLOR_SQRT:
        return copysign(sqrt(fabs(value)), value);
    default:
        return value;
    }
}

/* The range by default. */
static void range_default(struct scale *scale, const struct drawing *drawing, const struct extent *extent)
{
    scale->low = extent->any ? extent->low : 0;
    scale->high = extent->any ? extent->high : 1;
    if (drawing->is_weight) {
        scale->low = 0;
        scale->high = 1;
    }
    if (drawing->is_length)
        scale->low = fmin(scale->low, 0);
    if (scale->kind == COLOR_LOG) {
        if (!drawing->is_weight)
            scale->high = extent->positive > 0 ? extent->high : 1;
        scale->low = fmax(extent->positive, scale->high * LOG_REACH);
    }
}

/* Makes room around a single value; `low_fixed` and `high_fixed` are not moved. */
static void range_widen(struct scale *scale, bool low_fixed, bool high_fixed)
{
    if (scale->low < scale->high)
        return;
    if (scale->kind == COLOR_LOG) {
        if (low_fixed)
            scale->high = scale->low * 10;
        else
            scale->low = scale->high / 10;
        return;
    }
    double step = fmax(fabs(low_fixed ? scale->low : scale->high), 1e-30);
    if (scale->low == 0 && scale->high == 0)
        step = 1;
    if (low_fixed)
        scale->high = scale->low + step;
    else if (high_fixed)
        scale->low = scale->high - step;
    else if (scale->high > 0)
        scale->low = 0;
    else
        scale->high = scale->low < 0 ? 0 : 1;
}

static bool range_check(const struct scale *scale, const struct drawing *drawing, const struct extent *extent,
                        struct error *error)
{
    const struct drawing_style *style = &drawing->style;
    if ((style->has_vmin && !isfinite(style->vmin)) || (style->has_vmax && !isfinite(style->vmax)))
        return error_set(error, ERROR_USAGE, "the range of colours must be finite");
    /* Zeros are marked as what lies below a log scale; a sign would be lost. */
    double low = style->has_vmin ? (double)style->vmin : extent->low < 0 ? (double)extent->low : 1;
    double high = style->has_vmax ? (double)style->vmax : 1;
    if (scale->kind == COLOR_LOG && (low <= 0 || high <= 0))
        return error_set(error, ERROR_USAGE, "a log colour scale cannot reach %.3g; it needs a range above 0",
                         low <= 0 ? low : high);
    if (style->has_vmin && style->has_vmax && style->vmin >= style->vmax)
        return error_set(error, ERROR_USAGE, "the range of colours is empty: vmin %g is not below vmax %g",
                         (double)style->vmin, (double)style->vmax);
    return true;
}

bool scale_choose(struct scale *scale, const struct drawing *drawing, const struct extent *extent,
                  struct error *error)
{
    const struct drawing_style *style = &drawing->style;
    *scale =
        (struct scale){.kind = style->scale, .is_centered = drawing->is_signed && style->scale != COLOR_LOG};
    if (!range_check(scale, drawing, extent, error))
        return false;
    range_default(scale, drawing, extent);
    if (style->has_vmin)
        scale->low = style->vmin;
    if (style->has_vmax)
        scale->high = style->vmax;
    if (scale->low >= scale->high)
        range_widen(scale, style->has_vmin, style->has_vmax);
    if (scale->is_centered && !style->has_vmin && !style->has_vmax) {
        scale->high = fmax(fabs(scale->low), fabs(scale->high));
        scale->low = -scale->high;
    }
    scale->start = curve(scale->kind, scale->low);
    scale->span = curve(scale->kind, scale->high) - scale->start;
    scale->clamps_low = (extent->any && extent->low < scale->low) || extent->has_minus;
    scale->clamps_high = (extent->any && extent->high > scale->high) || extent->has_plus;
    return true;
}

double scale_position(const struct scale *scale, double value)
{
    if (value <= scale->low)
        return 0;
    if (value >= scale->high)
        return 1;
    return (curve(scale->kind, value) - scale->start) / scale->span;
}

double scale_value(const struct scale *scale, double position)
{
    const double place = scale->start + position * scale->span;
    switch (scale->kind) {
    case COLOR_LOG:
        return pow(10, place);
    case COLOR_SQRT:
        return copysign(place * place, place);
    default:
        return place;
    }
}

double scale_centered(const struct scale *scale, double position)
{
    double most = fmax(fabs(scale->low), fabs(scale->high));
    return 0.5 + 0.5 * (scale->start + position * scale->span) / curve(scale->kind, most);
}

void number_text(char text[NUMBER_TEXT], double value, int decimals)
{
    char raw[NUMBER_TEXT];
    if (isinf(value)) {
        snprintf(text, NUMBER_TEXT, "%s\u221E", value < 0 ? MINUS : "");
        return;
    }
    if (decimals >= 0)
        snprintf(raw, sizeof raw, "%.*f", decimals, value);
    else
        snprintf(raw, sizeof raw, "%.*g", -decimals, value);
    char *exponent = strchr(raw, 'e');
    if (exponent) { /* e-07 is written e-7, and e+07 is e7 */
        char *digits = exponent + 2 + strspn(exponent + 2, "0");
        char *to = exponent + 1 + (exponent[1] == '-');
        memmove(to, digits, strlen(digits) + 1);
    }
    bool is_zero = strspn(raw, "-0.") == strlen(raw);
    bool negative = raw[0] == '-' && !is_zero;
    snprintf(text, NUMBER_TEXT, "%s%.44s", negative ? MINUS : "", raw + (raw[0] == '-'));
}

/* Where ticks are collected. */
struct collection {
    const struct scale *scale;
    double spacing;
    struct tick *ticks;
    size_t count;
};

static void tick_offer(struct collection *collection, double value, int decimals)
{
    const struct scale *scale = collection->scale;
    double slack = (scale->high - scale->low) * 1e-9;
    if (collection->count == SCALE_TICKS || value < scale->low - slack || value > scale->high + slack)
        return;
    double position = scale_position(scale, value);
    for (size_t i = 0; i < collection->count; i++)
        if (fabs(collection->ticks[i].position - position) < collection->spacing * (1 - 1e-9))
            return;
    struct tick *tick = &collection->ticks[collection->count++];
    tick->position = position;
    number_text(tick->text, value, decimals);
}

/* Decimals that a round step needs, or significant digits, negated, if numbers are very large or small. */
static int step_decimals(double step, double largest)
{
    if (largest >= 1e6 || largest < 1e-3)
        return -(int)fmin(fmax(ceil(log10(largest / step) - 1e-9) + 1, 3), 12);
    return (int)fmin(fmax(ceil(-log10(step) - 1e-9), 0), 12);
}

/* The ends, where values lie beyond them. */
static void ticks_clamped(struct collection *collection)
{
    const struct scale *scale = collection->scale;
    for (int end = 0; end < 2; end++) {
        if (!(end ? scale->clamps_high : scale->clamps_low))
            continue;
        struct tick *tick = &collection->ticks[collection->count++];
        char number[NUMBER_TEXT];
        number_text(number, end ? scale->high : scale->low, -3);
        tick->position = end;
        snprintf(tick->text, NUMBER_TEXT, "%s %.30s", end ? "\u2265" : "\u2264", number);
    }
}

static void ticks_linear(struct collection *collection)
{
    const struct scale *scale = collection->scale;
    double range = scale->high - scale->low;
    double decade = pow(10, floor(log10(range * collection->spacing)));
    static const double factors[] = {1, 2, 5, 10, 20};
    double step = decade * 50;
    for (size_t i = sizeof factors / sizeof *factors; i-- > 0;)
        if (decade * factors[i] >= range * collection->spacing)
            step = decade * factors[i];
    int decimals = step_decimals(step, fmax(fabs(scale->low), fabs(scale->high)));
    double first = ceil(scale->low / step - 1e-9);
    for (int i = 0; i < SCALE_TICKS; i++)
        tick_offer(collection, (first + i) * step, decimals);
}

/* Powers of ten first, then numbers between them, as far as there is room. */
static void ticks_curved(struct collection *collection)
{
    const struct scale *scale = collection->scale;
    static const double digits[] = {1, 5, 2};
    double most = fmax(fabs(scale->low), fabs(scale->high));
    int top = (int)floor(log10(most) + 1e-9);
    int reach = scale->kind == COLOR_LOG ? (int)ceil(log10(most / scale->low)) + 1 : 4;
    tick_offer(collection, 0, 0);
    for (size_t d = 0; d < sizeof digits / sizeof *digits; d++) {
        if (d == 1 && scale->kind == COLOR_LOG && collection->count > 3)
            return;
        for (int power = top; power >= top - reach; power--) {
            double value = digits[d] * pow(10, power);
            int decimals = power < -4 || power > 5 ? -3 : power < 0 ? -power : 0;
            tick_offer(collection, value, decimals);
            tick_offer(collection, -value, decimals);
        }
    }
}

size_t scale_ticks(const struct scale *scale, double spacing, struct tick ticks[SCALE_TICKS])
{
    struct collection collection = {scale, fmax(spacing, 1.0 / (SCALE_TICKS - 2)), ticks, 0};
    ticks_clamped(&collection);
    size_t ends = collection.count;
    if (scale->kind != COLOR_LINEAR)
        ticks_curved(&collection);
    if (scale->kind == COLOR_LINEAR || collection.count < ends + 2)
        ticks_linear(&collection);
    return collection.count;
}
