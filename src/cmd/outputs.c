#include "cmd/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "view/order_picture.h"
#include "view/picture_jobs.h"
#include "view/steps.h"
#include "view/summary.h"

/* Draws pictures, and keeps how dim the dimmest is. */
static bool draw_pictures(struct outputs *outputs, const struct picture_job *jobs, size_t count,
                          const struct painter *painter, const struct drawing_style *style,
                          struct error *error)
{
    double start = clock_seconds(), dim = 0;
    bool ok = picture_jobs_run(jobs, count, painter, style, &dim, error);
    outputs->draw_seconds += clock_seconds() - start;
    outputs->dim = dim > outputs->dim ? dim : outputs->dim;
    return ok;
}

/* Remembers a name for the summary; without memory it is only missing there. */
static void remember(struct outputs *outputs, const char *name)
{
    struct error ignored = {0};
    char *copy = text_copy(name);
    if (copy && memory_resize(&outputs->names, outputs->name_count + 1, sizeof *outputs->names, &ignored))
        outputs->names[outputs->name_count++] = copy;
    else
        free(copy);
}

static bool write_numbers(struct outputs *outputs, const char *path, const struct writer *writer,
                          bool make_folders, const struct excerpts *excerpts, struct error *error)
{
    struct out out;
    double start = clock_seconds();
    bool ok = file_stage(path, make_folders, &out, error) &&
              writer->write(excerpts, &outputs->content, &out, error);
    ok = file_stage_end(&out, error) && ok;
    outputs->write_seconds += clock_seconds() - start;
    if (ok)
        remember(outputs, path);
    return ok;
}

/* Stages a picture, which `bytes` holds and which is freed. */
static bool write_picture(struct outputs *outputs, const char *path, bool make_folders, struct out *bytes,
                          struct error *error)
{
    struct out out;
    double start = clock_seconds();
    bool ok = out_finish(bytes, error);
    if (ok) {
        ok = file_stage(path, make_folders, &out, error);
        if (ok)
            out_bytes(&out, bytes->data, bytes->size);
        ok = file_stage_end(&out, error) && ok;
    }
    out_free(bytes);
    outputs->write_seconds += clock_seconds() - start;
    if (ok)
        remember(outputs, path);
    return ok;
}

static bool write_figure(struct outputs *outputs, const char *path, const struct painter *painter,
                         const struct patch_view *const *patches, struct error *error)
{
    struct out bytes;
    out_begin(&bytes, -1, path);
    struct picture_job job = {.panels = outputs->panels[0],
                              .patches = patches,
                              .count = outputs->panel_count,
                              .all = true,
                              .out = &bytes};
    bool ok = draw_pictures(outputs, &job, 1, painter, &outputs->style, error);
    ok = ok && write_picture(outputs, path, false, &bytes, error);
    out_free(&bytes);
    return ok;
}

/* Both orders of the tokens of the only excerpt, as one figure. */
static bool write_orders(struct outputs *outputs, const char *path, bool make_folders,
                         const struct painter *painter, const struct excerpts *excerpts, struct error *error)
{
    struct out bytes;
    double start = clock_seconds();
    out_begin(&bytes, -1, path);
    bool ok = order_picture(&bytes, &excerpts->list[0], excerpts->ordering, painter, &outputs->style, error);
    outputs->draw_seconds += clock_seconds() - start;
    ok = ok && write_picture(outputs, path, make_folders, &bytes, error);
    out_free(&bytes);
    return ok;
}

/* The figure of several stages of the only excerpt. */
static bool write_steps(struct outputs *outputs, const char *path, bool make_folders,
                        const struct painter *painter, const struct excerpts *excerpts, struct error *error)
{
    struct out bytes;
    double start = clock_seconds();
    out_begin(&bytes, -1, path);
    bool ok = steps_picture(&bytes, &excerpts->list[0], outputs->figure, outputs->steps, painter,
                            &outputs->style, error);
    outputs->draw_seconds += clock_seconds() - start;
    ok = ok && write_picture(outputs, path, make_folders, &bytes, error);
    out_free(&bytes);
    return ok;
}

/* Pictures that are drawn together, and then written in order. */
enum { BATCH = 64 };
struct picture_batch {
    struct outputs *outputs;
    const char *folder;
    const struct drawing_style *style;
    enum stage stages[STAGE_COUNT]; /* in the order of the steps */
    size_t stage_count;
    struct picture_job jobs[BATCH];
    struct out bytes[BATCH];
    size_t count;
};

/* The file of a picture in a folder; the caller frees it. Of several stages the names begin with the place of their stage
 * among the steps, so that they sort in that order: "2-scores-heads.png". NULL without memory. */
static char *picture_path(const struct picture_batch *batch, const struct picture_job *job,
                          struct error *error)
{
    const struct panels *panels = job->panels;
    const char *stage = stage_names[panels->stage];
    const bool is_bare = panels->stage == STAGE_WEIGHTS;
    const int digits = batch->stage_count < 10 ? 1 : 2;
    size_t place = 0;
    char name[PANEL_NAME] = "heads";
    while (batch->stages[place] != panels->stage)
        place++;
    if (!job->all)
        panels_file(panels, job->matrix / panels->count, job->matrix % panels->count, name);
    char *path = batch->stage_count > 1 ? text_format("%s%0*zu-%s-%s%s", batch->folder, digits, place + 1,
                                                      stage, name, output_png.ending)
                                        : text_format("%s%s%s%s%s", batch->folder, name, is_bare ? "" : "-",
                                                      is_bare ? "" : stage, output_png.ending);
    if (!path)
        error_memory(error, strlen(batch->folder) + sizeof name);
    return path;
}

/* Whether a file of a folder has a name of its own, and is no output as well. */
static bool check_own_name(const struct outputs *outputs, const char *folder, const char *path,
                           struct error *error)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *other = &outputs->list[i];
        if (other->kind == OUTPUT_FILE && file_is_same(other->path, path))
            return error_set(error, ERROR_USAGE, "-o %s and %s %s would both write %s", folder, other->option,
                             other->path, path);
    }
    return true;
}

/* Draws and writes what is in the batch, and empties it. */
static bool batch_write(struct picture_batch *batch, struct error *error)
{
    struct outputs *outputs = batch->outputs;
    for (size_t i = 0; i < batch->count; i++) {
        out_begin(&batch->bytes[i], -1, batch->folder);
        batch->jobs[i].out = &batch->bytes[i];
    }
    bool ok = draw_pictures(outputs, batch->jobs, batch->count, output_png.painter, batch->style, error);
    for (size_t i = 0; i < batch->count; i++) {
        char *path = ok ? picture_path(batch, &batch->jobs[i], error) : NULL;
        ok = path && check_own_name(outputs, batch->folder, path, error) &&
             write_picture(outputs, path, true, &batch->bytes[i], error);
        out_free(&batch->bytes[i]);
        free(path);
    }
    batch->count = 0;
    return ok;
}

static bool batch_add(struct picture_batch *batch, struct picture_job job, struct error *error)
{
    batch->jobs[batch->count++] = job;
    return batch->count < BATCH || batch_write(batch, error);
}

/* Of one stage a picture of every head, then one of all heads. */
static bool batch_add_stage(struct picture_batch *batch, const struct panels *panels,
                            const struct patch_view *const *patches, struct error *error)
{
    const size_t count = batch->outputs->panel_count;
    bool ok = true;
    struct picture_job job = {.panels = panels, .patches = patches, .count = 1};
    for (size_t p = 0; ok && p < count; p++, job.panels++, job.patches++) {
        const size_t matrices = job.panels->excerpt->layer_count * job.panels->count;
        for (job.matrix = 0; ok && job.matrix < matrices; job.matrix++)
            ok = batch_add(batch, job, error);
    }
    job = (struct picture_job){.panels = panels, .patches = patches, .count = count, .all = true};
    return ok && batch_add(batch, job, error);
}

/* The pictures of all stages, in the order of the steps. */
static bool write_pictures(struct outputs *outputs, const char *folder,
                           const struct patch_view *const *patches, struct error *error)
{
    const struct content *content = &outputs->content;
    struct picture_batch batch = {.outputs = outputs, .folder = folder, .style = &outputs->style};
    unsigned bits = 0;
    bool ok = true;
    for (size_t s = 0; s < content->stage_count; s++)
        bits |= 1u << content->stages[s];
    batch.stage_count =
        steps_in_order(batch.stages, bits, outputs->panels[0]->excerpt->shape[STAGE_ENCODING].is_pairs);
    for (size_t i = 0; ok && i < batch.stage_count; i++)
        for (size_t s = 0; ok && s < content->stage_count; s++)
            if (content->stages[s] == batch.stages[i])
                ok = batch_add_stage(&batch, outputs->panels[s], patches, error);
    return ok && batch_write(&batch, error);
}

/* A figure of the only excerpt beside the pictures of a folder: steps.png, order.png. */
static bool write_folder_figure(struct outputs *outputs, const char *folder, bool is_order,
                                const struct excerpts *excerpts, struct error *error)
{
    char *path = text_format("%s%s%s", folder, is_order ? "order" : "steps", output_png.ending);
    bool ok = path || error_memory(error, strlen(folder) + 16);
    ok = ok && check_own_name(outputs, folder, path, error) &&
         (is_order ? write_orders : write_steps)(outputs, path, true, output_png.painter, excerpts, error);
    free(path);
    return ok;
}

static bool write_folder(struct outputs *outputs, const char *path, const struct patch_view *const *patches,
                         const struct excerpts *excerpts, struct error *error)
{
    char *folder = text_format("%s%s", path, text_ends(path, "/") ? "" : "/");
    char *json = folder ? text_format("%sattention%s", folder, output_json.ending) : NULL;
    bool ok = json || error_memory(error, strlen(path) + 64);
    ok = ok && write_pictures(outputs, folder, patches, error) &&
         (!outputs->steps || write_folder_figure(outputs, folder, false, excerpts, error)) &&
         (!excerpts->ordering || write_folder_figure(outputs, folder, true, excerpts, error)) &&
         check_own_name(outputs, folder, json, error) &&
         write_numbers(outputs, json, output_json.writer, true, excerpts, error);
    free(json);
    free(folder);
    return ok;
}

static bool write_standard(struct outputs *outputs, const struct output_format *format,
                           const struct excerpts *excerpts, struct error *error)
{
    struct out out;
    double start = clock_seconds();
    out_begin(&out, STDOUT_FILENO, "standard output");
    out.terminal = isatty(STDOUT_FILENO);
    bool ok = true;
    if (format)
        ok = format->writer->write(excerpts, &outputs->content, &out, error);
    else
        summary_write((const char *const *)outputs->names, outputs->name_count, excerpts, &out);
    ok = out_finish(&out, error) && ok;
    out_free(&out);
    outputs->write_seconds += clock_seconds() - start;
    return ok;
}

bool outputs_draw(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (!outputs->list[i].format || outputs->list[i].format->painter)
            return true;
    return false;
}

bool outputs_draw_glyphs(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output_format *format = outputs->list[i].format ? outputs->list[i].format : &output_png;
        if (format->painter && format->painter->has_glyphs)
            return true;
    }
    return false;
}

bool outputs_figure(const struct outputs *outputs)
{
    bool has = outputs->steps;
    for (size_t i = 0; i < outputs->count; i++)
        has = has || (outputs->figure && outputs->list[i].format && outputs->list[i].format->painter);
    return has;
}

bool outputs_whole(const struct outputs *outputs)
{
    bool whole = outputs->standard && output_format_holds(outputs->standard) == HOLDS_ALL;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output_format *format = outputs->list[i].format;
        whole = whole || !format || output_format_holds(format) == HOLDS_ALL;
    }
    return whole;
}

/* Whether a writer asks which pairs are masked. */
static bool writer_masks(const struct writer *writer, const struct content *content)
{
    return writer->masks == MASKS_ALWAYS || (writer->masks == MASKS_FOR_NAN && content->masked_nan);
}

bool outputs_masks(const struct outputs *outputs)
{
    bool masks = outputs_draw(outputs) ||
                 (outputs->standard && writer_masks(outputs->standard->writer, &outputs->content));
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output_format *format = outputs->list[i].format;
        masks = masks || (format && format->writer && writer_masks(format->writer, &outputs->content));
    }
    return masks;
}

/* The panels of all stages, of each excerpt. */
static bool find_panels(struct outputs *outputs, const struct excerpts *excerpts, struct error *error)
{
    outputs->panel_count = excerpts->count;
    for (size_t s = 0; s < outputs->content.stage_count; s++) {
        outputs->panels[s] = memory_zeroed(excerpts->count, sizeof *outputs->panels[s], error);
        for (size_t i = 0; i < excerpts->count; i++)
            if (!outputs->panels[s] ||
                !panels_find(&outputs->panels[s][i], &excerpts->list[i], outputs->content.stages[s], error))
                return false;
    }
    return true;
}

bool outputs_write(struct outputs *outputs, const struct patch_view *const *patches,
                   const struct excerpts *excerpts, struct error *error)
{
    if (!find_panels(outputs, excerpts, error))
        return false;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->list[i];
        bool ok = true;
        if (output->kind == OUTPUT_FOLDER)
            ok = write_folder(outputs, output->path, patches, excerpts, error);
        else if (output->kind == OUTPUT_FILE && output->format->painter && excerpts->ordering)
            ok = write_orders(outputs, output->path, false, output->format->painter, excerpts, error);
        else if (output->kind == OUTPUT_FILE && output->format->painter && outputs->figure)
            ok = write_steps(outputs, output->path, false, output->format->painter, excerpts, error);
        else if (output->kind == OUTPUT_FILE && output->format->painter)
            ok = write_figure(outputs, output->path, output->format->painter, patches, error);
        else if (output->kind == OUTPUT_FILE)
            ok = write_numbers(outputs, output->path, output->format->writer, false, excerpts, error);
        if (!ok)
            return false;
    }
    /* Standard output cannot be taken back, so it comes before the files get their names; if its reader went
     * away, they get them all the same. */
    struct error standard = {0};
    bool written = (!outputs->standard || write_standard(outputs, outputs->standard, excerpts, &standard)) &&
                   (!outputs->table || write_standard(outputs, NULL, excerpts, &standard));
    if ((written || standard.kind == ERROR_PIPE) && !file_commit(error))
        return false;
    return written || error_set(error, standard.kind, "%s", standard.message);
}

void outputs_free(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->name_count; i++)
        free(outputs->names[i]);
    for (size_t s = 0; s < outputs->content.stage_count; s++) {
        for (size_t i = 0; outputs->panels[s] && i < outputs->panel_count; i++)
            panels_free(&outputs->panels[s][i]);
        free(outputs->panels[s]);
    }
    free(outputs->names);
    free(outputs->list);
    *outputs = (struct outputs){0};
}
