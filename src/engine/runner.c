#include "engine/runner.h"

bool runner_run(const struct runner *const *chain, const struct engine_job *jobs, size_t count,
                const struct engine_options *options, struct error *error)
{
    while (!(*chain)->fits(jobs, count, options))
        chain++;
    return (*chain)->run(jobs, count, options, chain + 1, error);
}

const char *runner_name(const struct runner *const *chain, const struct engine_job *jobs, size_t count,
                        const struct engine_options *options)
{
    while (!(*chain)->name || !(*chain)->fits(jobs, count, options))
        chain++;
    return (*chain)->name();
}
