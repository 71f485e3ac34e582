#include "view/picture_jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"
#include "figure/layout.h"

/* The jobs, as the threads share them. */
struct picture_queue {
    const struct picture_job *jobs;
    size_t count;
    const struct painter *painter;
    const struct drawing_style *style;
    struct paint_kit kits[WORKERS_MAX]; /* one a thread, opened with its first job */
    pthread_mutex_t lock;               /* of `dim`, `failed` and `error` */
    double dim;                         /* the largest of all figures */
    size_t failed;                      /* the first job that failed; count: none */
    struct error *error;                /* of that job */
};

static bool picture_job_draw(struct picture *pictures, const struct drawing **drawings,
                             const struct picture_queue *queue, const struct picture_job *job,
                             struct paint_kit *kit, double *dim, struct error *error)
{
    struct figure figure = {0};
    bool ok = kit->font || paint_kit_open(kit, queue->style->font, error);
    for (size_t i = 0; ok && i < job->count; i++) {
        const struct picture_matrices shown = {&job->panels[i], job->all, job->matrix};
        ok = picture_make(&pictures[i], &shown, queue->style, job->patches[i], error);
        drawings[i] = &pictures[i].drawing;
    }
    ok = ok && layout_figures(&figure, drawings, job->count, kit->font, error) &&
         queue->painter->paint(kit, &figure, job->out, error);
    *dim = figure.dim;
    figure_free(&figure);
    return ok;
}

static bool picture_job_run(const struct picture_queue *queue, const struct picture_job *job,
                            struct paint_kit *kit, double *dim, struct error *error)
{
    struct picture *pictures = memory_zeroed(job->count, sizeof *pictures, error);
    const struct drawing **drawings = pictures ? memory_zeroed(job->count, sizeof *drawings, error) : NULL;
    bool ok = drawings && picture_job_draw(pictures, drawings, queue, job, kit, dim, error);
    for (size_t i = 0; pictures && i < job->count; i++)
        picture_free(&pictures[i]);
    free(drawings);
    free(pictures);
    return ok;
}

/* The last picture first: that of all heads, the largest, stands behind those of the heads. */
static void picture_queue_work(void *context, int worker, size_t job)
{
    struct picture_queue *queue = context;
    size_t at = queue->count - 1 - job;
    struct error error = {0};
    double dim = 0;
    const bool ok = picture_job_run(queue, &queue->jobs[at], &queue->kits[worker], &dim, &error);
    pthread_mutex_lock(&queue->lock);
    queue->dim = dim > queue->dim ? dim : queue->dim;
    if (!ok && at < queue->failed) {
        queue->failed = at;
        *queue->error = error;
    }
    pthread_mutex_unlock(&queue->lock);
}

bool picture_jobs_run(const struct picture_job *jobs, size_t count, const struct painter *painter,
                      const struct drawing_style *style, double *dim, struct error *error)
{
    struct picture_queue queue = {.jobs = jobs,
                                  .count = count,
                                  .painter = painter,
                                  .style = style,
                                  .lock = PTHREAD_MUTEX_INITIALIZER,
                                  .failed = count,
                                  .error = error};
    workers_run(count, picture_queue_work, &queue);
    for (int i = 0; i < WORKERS_MAX; i++)
        paint_kit_free(&queue.kits[i]);
    *dim = queue.dim;
    return queue.failed == count;
}
