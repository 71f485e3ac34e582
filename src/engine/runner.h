/*
 * Runners: the ways to run jobs. They form a chain (the table in engine/engine.c), from the most special to
 * the most general; jobs go to the first runner that fits them. A runner either computes, or cuts the jobs
 * into smaller ones and passes these on to the runners behind it in the chain:
 *
 *   dilated   cuts a dilated head into heads without dilation          engine/dilated.c
 *   linear    linear attention and recurrences whose output alone is wanted, in time that grows with n
 *                                                                      engine/linear.c, linear_*.c
 *   keys      cuts the keys of heads with few queries over very many keys
 *                                                                      engine/keys.c, keys_merge.c
 *   fast      float32, by blocks of rows and vectors                   engine/fast.c, kernel_*.c
 *   plain     double precision, row by row; fits any jobs              engine/plain.c
 *
 * A new runner is a file and a row of the table: one that deals jobs out to several machines, say, would
 * stand before `fast`, cut each job with head_part at whole rows of its pool, and gather the results.
 */
#ifndef ATTN_ENGINE_RUNNER_H
#define ATTN_ENGINE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/job.h"

struct runner {
    /* The name of what computes, for `-v`. NULL: this runner only cuts, and a runner behind it computes. */
    const char *(*name)(void);
    /* Whether it can run these jobs, and the options allow it to. */
    bool (*fits)(const struct engine_job *jobs, size_t count, const struct engine_options *options);
    /* `next` is the chain behind this runner, for runner_run. */
    bool (*run)(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                const struct runner *const *next, struct error *error);
};

extern const struct runner runner_dilated, runner_linear, runner_keys, runner_fast, runner_plain;

/* Runs the jobs with the first runner of the chain that fits; the last one must fit any jobs. */
bool runner_run(const struct runner *const *chain, const struct engine_job *jobs, size_t count,
                const struct engine_options *options, struct error *error);

/* The name of the runner that computes these jobs. */
const char *runner_name(const struct runner *const *chain, const struct engine_job *jobs, size_t count,
                        const struct engine_options *options);

#endif
