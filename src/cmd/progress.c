#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "view/estimate.h"

static const double patience = 0.5, interval = 0.1;

void progress_begin(struct progress *progress, bool quiet, double pairs)
{
    *progress = (struct progress){
        .on = !quiet && isatty(STDERR_FILENO), .is_told = quiet, .started = clock_seconds(), .pairs = pairs};
}

void progress_part(struct progress *progress, double pairs, const char *const *engine)
{
    progress->before += progress->part;
    progress->part = pairs;
    progress->engine = engine;
}

/* Warns, once, of a run that will take long. */
static void progress_tell(struct progress *progress, double passed, double share)
{
    const struct estimate estimate = {.first_seconds = progress->first_seconds,
                                      .first_share = progress->first_share,
                                      .seconds = passed,
                                      .share = share,
                                      .pairs = progress->pairs,
                                      .engine = *progress->engine};
    char text[ESTIMATE_SIZE];
    if (progress->is_told || !estimate_is_ready(&estimate))
        return;
    progress->is_told = true;
    if (!estimate_write(text, &estimate))
        return;
    progress_end(progress);
    fprintf(stderr, "attn: warning: %s\n", text);
}

void progress_share(void *context, size_t done, size_t total)
{
    struct progress *progress = context;
    const double now = clock_seconds(), passed = now - progress->started;
    const double of_part = (double)done / (double)total,
                 share = (progress->before + of_part * progress->part) / progress->pairs;
    if (!(progress->first_share > 0)) {
        progress->first_seconds = passed;
        progress->first_share = share;
    }
    progress_tell(progress, passed, share);
    if (!progress->on || passed < patience || now - progress->shown < interval || !(share > 0))
        return;
    fprintf(stderr, "\rattn: %.0f %% done, %.0f s left \033[K", 100 * share, passed / share * (1 - share));
    progress->shown = now;
    progress->visible = true;
}

void progress_end(struct progress *progress)
{
    if (progress->visible)
        fputs("\r\033[K", stderr);
    progress->visible = false;
}
