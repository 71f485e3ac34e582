#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/clock.h"

static const double patience = 0.5, interval = 0.1;

void progress_begin(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.on = !quiet && isatty(STDERR_FILENO), .started = clock_seconds()};
}

void progress_rows(void *context, size_t done, size_t total)
{
    struct progress *progress = context;
    double now = clock_seconds(), passed = now - progress->started;
    if (!progress->on || passed < patience || now - progress->shown < interval || done == 0)
        return;
    double left = passed / (double)done * (double)(total - done);
    fprintf(stderr, "\rattn: %zu of %zu rows, %.0f s left \033[K", done, total, left);
    progress->shown = now;
    progress->visible = true;
}

void progress_end(struct progress *progress)
{
    if (progress->visible)
        fputs("\r\033[K", stderr);
    progress->visible = false;
}
