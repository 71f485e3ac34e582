#include "engine/report.h"

#include "attention/mask.h"
#include "base/workers.h"

/* What a row costs beside its keys, in keys. */
#define ROW_WORK ((size_t)16)

static size_t rows_work(const struct head *head, size_t first, size_t count)
{
    size_t work = 0;
    for (size_t i = first; i < first + count; i++) {
        size_t begin, end;
        mask_reach(head, i, &begin, &end);
        work += end - begin + ROW_WORK;
    }
    return work;
}

void report_begin(struct report *report, const struct engine_options *options, const struct engine_job *jobs,
                  size_t count)
{
    report->options = options;
    report->done = report->total = 0;
    for (size_t j = 0; options->progress && j < count; j++)
        report->total += rows_work(jobs[j].head, 0, jobs[j].head->n);
}

void report_rows(struct report *report, const struct head *head, size_t first, size_t count)
{
    const struct engine_options *options = report->options;
    if (!options->progress)
        return;
    const size_t work = rows_work(head, first, count);
    const size_t done = atomic_fetch_add(&report->done, work) + work;
    if (workers_self() == 0)
        options->progress(options->context, done, report->total);
}
