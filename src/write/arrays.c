/*
 * Results as files of named arrays: each stage that there is as layers×heads×rows×columns of float32 (the output as
 * layers×rows×columns) under its name, the mask as true and false, and the measures as stats.entropy, … of layers×heads.
 * Where layers differ in size, an array a layer: layers.0.weights, …. What the JSON has beside its arrays (tokens, config, …)
 * is the metadatum attn_json, or an array of its bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "read/dump_names.h"
#include "tensor/format.h"
#include "write/json_head.h"
#include "write/write.h"

/* The results of one size on their way into an archive, or those of one layer of it. */
struct results {
    const struct excerpt *excerpt;
    const struct content *content;
    struct archive *archive;
    char before[32];               /* of names: "layers.3." or nothing */
    size_t layer_first, layer_end; /* of the excerpt */
    struct error *error;
};

/* An array of that name and shape, with room for its numbers. The first of the axes is left out if it is that of one layer
 * with a name of its own. */
static void *results_add(const struct results *r, const char *name, enum dtype dtype, const size_t *axes,
                         int rank)
{
    char whole[64];
    size_t count, bytes;
    const int skip = r->before[0] ? 1 : 0;
    snprintf(whole, sizeof whole, "%s%s", r->before, name);
    struct array *array = archive_add(r->archive, whole, strlen(whole), r->error);
    if (!array)
        return NULL;
    array->dtype = dtype;
    array->type = dtype_kind(dtype)->name;
    array->rank = rank - skip;
    memcpy(array->shape, axes + skip, (size_t)array->rank * sizeof *axes);
    if (!array_pack(array) || !array_count(array, &count) ||
        !size_multiply(count, dtype_kind(dtype)->bytes, &bytes)) {
        error_memory(r->error, SIZE_MAX);
        return NULL;
    }
    array->bytes = bytes;
    void *room = archive_alloc(r->archive, bytes, 1, r->error);
    array->data = room;
    return room;
}

static bool put_stage(const struct results *r, enum stage stage)
{
    const struct excerpt *e = r->excerpt;
    const struct stage_shape *shape = &e->shape[stage];
    const bool is_output = stage == STAGE_OUTPUT, marks = r->content->masked_nan && shape->is_pairs;
    const size_t layers = r->layer_end - r->layer_first,
                 axes[] = {layers, shape->heads, shape->rows, shape->columns},
                 output[] = {layers, shape->rows, shape->columns};
    float *to = results_add(r, stage_names[stage], DTYPE_F32, is_output ? output : axes, is_output ? 3 : 4);
    unsigned char *flags = marks ? memory_alloc(shape->columns, 1, r->error) : NULL;
    const bool ok = to && (flags || !marks);
    for (size_t l = r->layer_first; ok && l < r->layer_end; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows; i++, to += shape->columns) {
                const bool any = marks && excerpt_mask_row(e, l, h, i, flags);
                const float *row = content_row(r->content, e, stage, l, h, i, any ? flags : NULL, to);
                if (row != to)
                    memcpy(to, row, shape->columns * sizeof *to);
            }
    free(flags);
    return ok;
}

/* Which pairs attend, as true and false, if any is masked. */
static bool put_pairs(const struct results *r)
{
    const struct excerpt *e = r->excerpt;
    const struct stage_shape *shape = &e->shape[STAGE_WEIGHTS];
    const size_t axes[] = {r->layer_end - r->layer_first, shape->heads, shape->rows, shape->columns};
    bool any = false;
    for (size_t l = r->layer_first; l < r->layer_end; l++)
        for (size_t h = 0; h < shape->heads; h++)
            any = any || excerpt_may_be_masked(e, l, h);
    unsigned char *to = any ? results_add(r, "mask", DTYPE_BOOL, axes, 4) : NULL;
    for (size_t l = r->layer_first; to && l < r->layer_end; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows; i++, to += shape->columns) {
                excerpt_mask_row(e, l, h, i, to);
                for (size_t j = 0; j < shape->columns; j++)
                    to[j] = !to[j];
            }
    return to || !any;
}

/* The measures of the heads, layers×heads each. */
static bool put_measures(const struct results *r)
{
    static const char *const names[] = {"stats.entropy", "stats.max_weight", "stats.mean_distance",
                                        "stats.first_token"};
    enum { MEASURES = sizeof names / sizeof *names };
    const struct excerpt *e = r->excerpt;
    const size_t axes[] = {r->layer_end - r->layer_first, e->head_count};
    for (int m = 0; m < MEASURES; m++) {
        float *to = results_add(r, names[m], DTYPE_F32, axes, 2);
        for (size_t l = r->layer_first; to && l < r->layer_end; l++)
            for (size_t h = 0; h < e->head_count; h++) {
                const struct measures *of = excerpt_measures(e, l, h);
                const float values[MEASURES] = {(float)of->entropy, of->largest, (float)of->distance,
                                                (float)of->first};
                *to++ = values[m];
            }
        if (!to)
            return false;
    }
    return true;
}

static bool put_results(const struct results *r)
{
    const struct result *result = r->excerpt->result;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (excerpt_has(r->excerpt, s) && s != STAGE_MASK && !put_stage(r, s))
            return false;
    if (result->kept == KEPT_NOTHING)
        return true;
    return put_pairs(r) && put_measures(r);
}

/* What is no array, as JSON: in the metadata, and as an array of its bytes where a format has none. */
static bool put_head(struct archive *archive, const struct excerpts *excerpts, struct error *error)
{
    static const char key[] = DUMP_ABOUT;
    struct out out;
    out_begin(&out, -1, "");
    json_write_head(excerpts, &out);
    out_char(&out, '}');
    struct metadatum *head = archive_add_metadatum(archive, key, sizeof key - 1, error);
    char *text = head ? archive_alloc(archive, out.size, 1, error) : NULL;
    const bool ok = text && (out.trouble == 0 || error_memory(error, out.size));
    if (ok) {
        memcpy(text, out.data, out.size);
        head->kind = METADATUM_TEXT;
        head->data = text;
        head->size = head->bytes = out.size;
    }
    out_free(&out);
    return ok;
}

/* The metadatum as an array of bytes. */
static bool put_head_array(struct archive *archive, struct error *error)
{
    const struct metadatum *head = &archive->metadata[0];
    struct array *array = archive_add(archive, head->key, strlen(head->key), error);
    if (!array)
        return false;
    array_of_bytes(array, array->name, head->data, head->size);
    return true;
}

/* All layers of an excerpt in one array, or an array a layer where others have another size: by its number, or where heads are
 * picked, of which several may be of one layer, by its place behind the `before` of other excerpts. */
static bool put_excerpt(struct archive *archive, const struct excerpt *excerpt, size_t before, bool by_layer,
                        const struct content *content, struct error *error)
{
    struct results r = {.excerpt = excerpt, .content = content, .archive = archive, .error = error};
    for (; r.layer_first < excerpt->layer_count; r.layer_first = r.layer_end) {
        r.layer_end = by_layer ? r.layer_first + 1 : excerpt->layer_count;
        if (by_layer)
            snprintf(r.before, sizeof r.before, "layers.%zu.",
                     excerpt->is_picked ? before + r.layer_first : excerpt_layer(excerpt, r.layer_first));
        if (!put_results(&r))
            return false;
    }
    return true;
}

static bool arrays_write(const struct format *format, const struct excerpts *excerpts,
                         const struct content *content, struct out *out, struct error *error)
{
    struct archive archive = {0};
    bool ok = put_head(&archive, excerpts, error) && (format->keeps || put_head_array(&archive, error));
    for (size_t i = 0, before = 0; ok && i < excerpts->count; before += excerpts->list[i++].layer_count)
        ok = put_excerpt(&archive, &excerpts->list[i], before, excerpts->count > 1, content, error);
    ok = ok &&
         format->write(archive.arrays, archive.count, archive.metadata, archive.metadata_count, out, error);
    archive_free(&archive);
    return ok;
}

static bool npz_write_results(const struct excerpts *excerpts, const struct content *content, struct out *out,
                              struct error *error)
{
    return arrays_write(&format_npz, excerpts, content, out, error);
}

static bool safetensors_write_results(const struct excerpts *excerpts, const struct content *content,
                                      struct out *out, struct error *error)
{
    return arrays_write(&format_safetensors, excerpts, content, out, error);
}

static bool pt_write_results(const struct excerpts *excerpts, const struct content *content, struct out *out,
                             struct error *error)
{
    return arrays_write(&format_torch, excerpts, content, out, error);
}

const struct writer writer_npz = {HOLDS_ALL, DETAIL_CELLS, MASKS_ALWAYS, npz_write_results};
const struct writer writer_safetensors = {HOLDS_ALL, DETAIL_CELLS, MASKS_ALWAYS, safetensors_write_results};
const struct writer writer_pt = {HOLDS_ALL, DETAIL_CELLS, MASKS_ALWAYS, pt_write_results};
