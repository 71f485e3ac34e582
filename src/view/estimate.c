#include "view/estimate.h"

#include <stdio.h>
#include <string.h>

/* A run of less is nothing to warn of. */
#define LONG_SECONDS 60.0

/* By then every thread has done something, and the clock of a processor that slept is up. */
#define READY_SECONDS 1.0

struct measure {
    double size;
    const char *name;
};

/* A duration, rounded to the largest unit of which there is more than one and a half. */
static void duration_write(char text[40], double seconds)
{
    static const struct measure units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
    size_t u = 0;
    while (u < 2 && seconds < 1.5 * units[u].size)
        u++;
    const double count = seconds / units[u].size;
    snprintf(text, 40, "%.0f %s%s", count, units[u].name, count < 1.5 ? "" : "s");
}

static void pairs_write(char text[40], double pairs)
{
    static const struct measure units[] = {
        {1e15, " quadrillion"}, {1e12, " trillion"}, {1e9, " billion"}, {1e6, " million"}, {1, ""}};
    size_t u = 0;
    while (u < 4 && pairs < units[u].size)
        u++;
    snprintf(text, 40, u == 4 ? "%.0f%s" : "%.3g%s", pairs / units[u].size, units[u].name);
}

bool estimate_is_ready(const struct estimate *estimate)
{
    return estimate->share > estimate->first_share &&
           estimate->seconds >= estimate->first_seconds + READY_SECONDS;
}

bool estimate_write(char text[ESTIMATE_SIZE], const struct estimate *estimate)
{
    const struct estimate *e = estimate;
    const double rate = (e->share - e->first_share) / (e->seconds - e->first_seconds);
    const double whole = e->seconds + (1 - e->share) / rate;
    char duration[40], pairs[40];
    if (whole <= LONG_SECONDS)
        return false;
    duration_write(duration, whole);
    pairs_write(pairs, estimate->pairs);
    const char *plain = strcmp(estimate->engine, "plain") == 0 ? ", row by row in double precision" : "";
    snprintf(text, ESTIMATE_SIZE, "this will take about %s: %s pairs of query and key, engine %s%s", duration,
             pairs, estimate->engine, plain);
    return true;
}
