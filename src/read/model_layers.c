#include "read/model_layers.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/position.h"
#include "base/memory.h"
#include "read/array_tensor.h"
#include "read/inputs_put.h"
#include "read/model_profile.h"
#include "read/model_settings.h"

/* A layer on its way into inputs. */
struct filling {
    struct model *model;
    struct inputs *inputs;
    const struct settings *over;
    size_t layer;
    bool is_told; /* its tensors are told of: those of the first layer, and of all layers */
    struct error *error;
};

static const char *model_file(const struct filling *f)
{
    return f->model->archive->sources[0].name;
}

static const struct profile_row *row_at(const struct filling *f, size_t row)
{
    return &f->model->profile->rows[row];
}

/* The array of a row in the layer, or of one that stands for all layers; NULL: there is none. */
static struct array *array_of(const struct filling *f, size_t row)
{
    const bool is_shared = !strstr(row_at(f, row)->pattern, "%d");
    const size_t index = f->model->found[(is_shared ? 0 : f->layer) * f->model->row_count + row];
    return index == SIZE_MAX ? NULL : &f->model->archive->arrays[index];
}

/* The first row that gives an input in this layer; row_count: none does. */
static size_t row_of(const struct filling *f, enum input input)
{
    size_t row = 0;
    while (row < f->model->row_count && !(row_at(f, row)->input == input && array_of(f, row)))
        row++;
    return row;
}

static struct array *array_for(const struct filling *f, enum input input)
{
    const size_t row = row_of(f, input);
    return row < f->model->row_count ? array_of(f, row) : NULL;
}

/* ---- what is missing ---- */

static bool check_missing(const struct filling *f)
{
    uint64_t has = 0;
    for (enum input i = 0; i < INPUT_COUNT; i++)
        if (array_for(f, i) || f->inputs->from_option[i])
            has |= UINT64_C(1) << i;
    const uint64_t missing = model_missing(f->model->profile, f->model->part, has);
    for (size_t r = 0; missing && r < f->model->row_count; r++) {
        const struct profile_row *row = row_at(f, r);
        char name[MODEL_NAME];
        if (row->part != f->model->part || row->is_optional || !(missing >> row->input & 1))
            continue;
        model_row_name(name, f->model, row, f->layer);
        return error_set(f->error, ERROR_INPUT, "%s has no %s: expected it, as %s has it", model_file(f),
                         name, f->model->profile->title);
    }
    return true;
}

/* ---- shapes ---- */

/* Whether the fused matrix of the layer, or else any, is stored out×in. */
static bool is_out_in(const struct filling *f, const struct profile_row *row)
{
    const struct array *fused = array_for(f, INPUT_W_QKV);
    if (row->layout == LAYOUT_AS_QKV)
        return fused && fused->rank == 2 && fused->shape[0] > fused->shape[1];
    return row->layout == LAYOUT_LINEAR;
}

/* Columns of the result of a matrix, 0 where there is none, or one with more axes. */
static size_t width_of(const struct filling *f, enum input input)
{
    const size_t row = row_of(f, input);
    const struct array *array = row < f->model->row_count ? array_of(f, row) : NULL;
    if (!array || array->rank != 2 || row_at(f, row)->layout == LAYOUT_OF_HEADS)
        return 0;
    const size_t width = array->shape[is_out_in(f, row_at(f, row)) ? 0 : 1];
    return row_at(f, row)->share == SHARE_WHOLE ? width : width / 2;
}

static struct model_widths widths_of(const struct filling *f)
{
    const struct array *norm = array_for(f, INPUT_Q_NORM), *table = array_for(f, INPUT_RELATIVE_BIAS);
    const size_t q = width_of(f, INPUT_W_Q);
    /* A norm as wide as q is one of all heads together. */
    const bool of_head = norm && norm->rank == 1 && norm->shape[0] > 0 && norm->shape[0] != q;
    return (struct model_widths){.q = q,
                                 .k = width_of(f, INPUT_W_K),
                                 .fused = width_of(f, INPUT_W_QKV),
                                 .head = of_head ? norm->shape[0] : 0,
                                 .heads = table && table->rank == 2 ? table->shape[1] : 0};
}

static bool check_row_rank(const struct filling *f, const struct profile_row *row, const struct array *array)
{
    char shape[ARRAY_SHAPE_TEXT];
    const bool is_matrix = (row->input >= INPUT_W_Q && row->input <= INPUT_W_O) || row->input == INPUT_W_QKV;
    if (row->layout == LAYOUT_OF_HEADS || !is_matrix || array->rank == 2)
        return true;
    return archive_error(f->model->archive, array, f->error, "its shape is %s: expected rows and columns",
                         array_shape(array, shape));
}

/* ---- tensors ---- */

/* Takes the half of the rows that a row of the profile says. */
static bool take_share(const struct filling *f, const struct profile_row *row, struct array *array)
{
    char index[64];
    if (row->share == SHARE_WHOLE)
        return true;
    if (array->shape[0] % 2 != 0)
        return archive_error(f->model->archive, array, f->error,
                             "it has %zu rows, of which k and v have half each: expected an even number",
                             array->shape[0]);
    const size_t half = array->shape[0] / 2;
    snprintf(index, sizeof index, row->share == SHARE_FIRST_HALF ? ":%zu" : "%zu:", half);
    return array_cut(array, index, f->error);
}

/* Adds 1 to all numbers, in memory of the tensor's own. */
static bool add_one(struct tensor *tensor, struct error *error)
{
    const size_t count = tensor_count(tensor);
    float *data = memory_alloc(count, sizeof *data, error);
    if (!data)
        return false;
    for (size_t i = 0; i < count; i++)
        data[i] = tensor->data[i] + 1;
    if (!tensor->is_borrowed)
        free(tensor->data);
    tensor->data = data;
    tensor->is_borrowed = false;
    return true;
}

/* Says where a tensor comes from. */
static void say_row(const struct filling *f, const struct profile_row *row, const struct array *array,
                    bool out_in)
{
    char shape[ARRAY_SHAPE_TEXT];
    warnings_add(&f->inputs->notes, "%s of %s is %s%s%s", array->name, array_shape(array, shape),
                 input_names[row->input],
                 array->rank == 2 && row->layout != LAYOUT_OF_HEADS ? out_in ? ", out×in" : ", in×out" : "",
                 row->share == SHARE_FIRST_HALF    ? ", the first half of its rows"
                 : row->share == SHARE_SECOND_HALF ? ", the second half of its rows"
                                                   : "");
}

static bool put_row(const struct filling *f, struct layer_inputs *to, size_t r)
{
    const struct profile_row *row = row_at(f, r);
    struct tensor tensor = {0};
    struct array array = *array_of(f, r);
    const bool out_in = is_out_in(f, row);
    bool ok = check_row_rank(f, row, &array) && archive_load(f->model->archive, &array, f->error) &&
              take_share(f, row, &array) && array_tensor(&tensor, f->model->archive, &array, f->error) &&
              (!row->adds_one || add_one(&tensor, f->error));
    if (ok) {
        if (f->is_told)
            say_row(f, row, array_of(f, r), out_in);
        tensor.is_out_in = out_in && tensor.rank == 2;
        ok = inputs_put_tensor(&to->tensor[row->input], &tensor, input_names[row->input], f->error);
    }
    tensor_free(&tensor);
    return ok;
}

/* Puts the tensors of the layer, or those that stand for all layers. Nothing replaces a file of the command line. */
static bool put_rows(const struct filling *f, struct layer_inputs *to, bool shared)
{
    for (size_t r = 0; r < f->model->row_count; r++) {
        const enum input input = row_at(f, r)->input;
        const bool is_shared = f->model->layer_count > 1 && !strstr(row_at(f, r)->pattern, "%d");
        if (is_shared == shared && !f->inputs->from_option[input] && row_of(f, input) == r &&
            !put_row(f, to, r))
            return false;
    }
    return true;
}

/* Cuts the bias of three matrices that are not fused, as nn.MultiheadAttention has it, into three. */
static bool cut_bias(const struct filling *f, struct layer_inputs *layer)
{
    struct tensor *fused = &layer->tensor[INPUT_B_QKV];
    if (!fused->data || layer->tensor[INPUT_W_QKV].data)
        return true;
    const size_t count = tensor_count(fused), third = count / 3;
    for (int part = 0; part < 3; part++) {
        struct tensor *to = &layer->tensor[INPUT_B_Q + part];
        float *data = memory_alloc(third, sizeof *data, f->error);
        if (!data)
            return false;
        memcpy(data, fused->data + (size_t)part * third, third * sizeof *data);
        *to = (struct tensor){
            .data = data, .rank = 1, .shape = {third}, .holds = fused->holds, .place = fused->place};
    }
    tensor_free(fused);
    *fused = (struct tensor){0};
    return true;
}

/* A list of numbers that is made here, in the place of one of a file. */
static float *put_list(const struct filling *f, struct layer_inputs *layer, enum input input, size_t count,
                       const char *file)
{
    struct tensor *to = &layer->tensor[input];
    if (to->data || f->inputs->from_option[input] || f->inputs->all.tensor[input].data)
        return NULL;
    *to = (struct tensor){.data = memory_alloc(count, sizeof *to->data, f->error),
                          .rank = 1,
                          .shape = {count},
                          .holds = TENSOR_NUMBERS,
                          .place = {.file = file}};
    return to->data;
}

/* Falcon multiplies scores and ALiBi by 1/√d. Its rounding of ALiBi to bfloat16 is not made. */
static bool put_falcon_slopes(const struct filling *f, struct layer_inputs *layer, size_t heads,
                              size_t columns)
{
    const struct settings *s = &layer->settings;
    if (f->model->profile->rule != RULE_FALCON || settings_word(s, SETTING_POSITION) != POSITION_ALIBI)
        return true;
    float *slopes = put_list(f, layer, INPUT_SLOPES, heads, model_file(f));
    for (size_t h = 0; slopes && h < heads; h++)
        slopes[h] = (float)(position_slope(h, heads) / sqrt((double)columns));
    return slopes || f->error->kind == ERROR_NONE;
}

/* ---- factors of frequencies in GGUF ---- */

/* Numbers of a list in the file, as rows of the profile are not: it belongs to all layers. NULL: there is none. */
static bool read_factors(const struct filling *f, const char *name, struct tensor *tensor)
{
    struct array *array = archive_find(f->model->archive, name);
    return !array || array_tensor(tensor, f->model->archive, array, f->error);
}

/* Frequencies that are divided, as llama.cpp has them for Llama 3.1: rope_freqs. */
static bool put_divided(const struct filling *f, struct layer_inputs *layer, size_t columns)
{
    struct tensor factors = {0};
    struct settings *s = &layer->settings;
    const size_t width = settings_have(s, SETTING_ROTARY_DIM) ? s->rotary_dim : columns;
    const double base = settings_have(s, SETTING_POSITION_BASE) ? s->position_base : 10000;
    if (!read_factors(f, "rope_freqs.weight", &factors))
        return false;
    const size_t count = factors.data ? tensor_count(&factors) : 0;
    bool ok = true;
    if (count > 0 && count != width / 2)
        ok = place_error(&factors.place, f->error, "it has %zu numbers: expected %zu, one for each pair",
                         count, width / 2);
    float *turns = ok && count > 0 ? put_list(f, layer, INPUT_INV_FREQ, count, factors.place.file) : NULL;
    for (size_t t = 0; turns && t < count; t++)
        turns[t] = (float)(pow(base, -2 * (double)t / (double)width) / (double)factors.data[t]);
    if (turns)
        s->given &= ~(UINT64_C(1) << SETTING_POSITION_BASE | UINT64_C(1) << SETTING_ROPE_SCALING);
    tensor_free(&factors);
    return ok && f->error->kind == ERROR_NONE;
}

static bool put_longrope(const struct filling *f, struct settings *s)
{
    static const char *const names[] = {"rope_factors_short.weight", "rope_factors_long.weight"};
    struct rope_scaling *scaling = &s->rope_scaling;
    double *const lists[] = {scaling->short_factor, scaling->long_factor};
    size_t *const counts[] = {&scaling->short_count, &scaling->long_count};
    bool ok = true;
    if (!settings_have(s, SETTING_ROPE_SCALING) || scaling->type != ROPE_LONGROPE || scaling->short_count > 0)
        return true;
    for (int i = 0; ok && i < 2; i++) {
        struct tensor factors = {0};
        ok = read_factors(f, names[i], &factors);
        const size_t count = ok && factors.data ? tensor_count(&factors) : 0;
        if (count > ROPE_PAIRS_MAX)
            ok = place_error(&factors.place, f->error, "it has %zu numbers: expected at most %d", count,
                             ROPE_PAIRS_MAX);
        for (size_t t = 0; ok && t < count; t++)
            lists[i][t] = (double)factors.data[t];
        *counts[i] = ok ? count : 0;
        tensor_free(&factors);
    }
    return ok;
}

/* ---- a layer ---- */

/* Gives the embeddings of all layers to the first that is not idle, and lends them to the others: a layer that has none of
 * its own would read the output of the one below. */
static void share_embeddings(struct inputs *inputs)
{
    struct tensor *all = &inputs->all.tensor[INPUT_EMBEDDINGS], lent = *all;
    for (size_t l = 0; l < inputs->layer_count; l++) {
        struct layer_inputs *layer = &inputs->layers[l];
        if (layer->is_idle || layer->tensor[INPUT_EMBEDDINGS].data || !lent.data)
            continue;
        layer->tensor[INPUT_EMBEDDINGS] = lent;
        if (all->data)
            *all = (struct tensor){0};
        lent.is_borrowed = true;
    }
}

/* What the inputs and the command line say of a layer. */
static struct settings *said_of(const struct filling *f, const struct layer_inputs *layer)
{
    struct settings *said = memory_alloc(1, sizeof *said, f->error);
    if (!said)
        return NULL;
    *said = f->inputs->all.settings;
    settings_override(said, &layer->settings);
    settings_override(said, f->over);
    return said;
}

/* The settings of the model where nobody says otherwise. */
static bool put_settings(const struct filling *f, struct layer_inputs *layer, size_t *heads, size_t *columns)
{
    const struct model_widths widths = widths_of(f);
    struct settings *said = said_of(f, layer), *own = memory_zeroed(1, sizeof *own, f->error);
    const bool ok = said && own && model_settings(own, columns, f->model, f->layer, &widths, said, f->error);
    if (ok) {
        const bool chosen = settings_have(said, SETTING_POSITION);
        model_tidy_position(own, settings_word(chosen ? said : own, SETTING_POSITION));
        if (!layer->tensor[INPUT_Q_NORM].data && !layer->tensor[INPUT_K_NORM].data)
            own->given &= ~(UINT64_C(1) << SETTING_QK_NORM_EPSILON);
        own->given &= ~f->inputs->all.settings.given;
        *heads = settings_have(said, SETTING_HEADS) ? said->heads : own->heads;
        settings_override(own, &layer->settings);
        layer->settings = *own;
    }
    free(said);
    free(own);
    return ok;
}

static bool fill_layer(const struct filling *f)
{
    struct layer_inputs *layer = &f->inputs->layers[f->layer];
    size_t heads = 0, columns = 0;
    return check_missing(f) && put_rows(f, layer, false) && cut_bias(f, layer) &&
           put_settings(f, layer, &heads, &columns) && put_falcon_slopes(f, layer, heads, columns) &&
           put_divided(f, layer, columns) && put_longrope(f, &layer->settings);
}

/* ---- all of them ---- */

/* Tensors of the inputs that the model has too: only a file of an option takes their place. */
static bool check_twice_given(const struct filling *f)
{
    for (size_t r = 0; r < f->model->row_count; r++) {
        const enum input input = row_at(f, r)->input;
        const struct tensor *t = &f->inputs->all.tensor[input];
        if (t->data && !f->inputs->from_option[input] && row_at(f, r)->part == f->model->part)
            return place_error(&t->place, f->error, "%s beside --projections, which has it: expected it once",
                               input_names[input]);
    }
    return true;
}

/* The inputs need embeddings, and nothing that takes the place of projections. */
static bool check_inputs(const struct filling *f)
{
    static const enum input instead[] = {INPUT_ATTENTION, INPUT_Q, INPUT_K, INPUT_V};
    struct inputs *inputs = f->inputs;
    bool any = inputs->all.tensor[INPUT_EMBEDDINGS].data;
    for (size_t l = 0; l < inputs->layer_count; l++)
        any = any || inputs->layers[l].tensor[INPUT_EMBEDDINGS].data;
    for (size_t i = 0; i < sizeof instead / sizeof *instead; i++) {
        const struct tensor *t = &inputs->all.tensor[instead[i]];
        for (size_t l = 0; !t->data && l < inputs->layer_count; l++)
            t = &inputs->layers[l].tensor[instead[i]];
        if (t->data)
            return place_error(&t->place, f->error,
                               "--projections makes q, k and v of embeddings: expected these, and no %s",
                               input_names[instead[i]]);
    }
    return any || error_set(f->error, ERROR_USAGE,
                            "--projections %s needs embeddings, tokens×d_model: expected them in the input, "
                            "or by --embeddings FILE",
                            model_file(f));
}

static bool make_model_layers(const struct filling *f)
{
    struct inputs *inputs = f->inputs;
    if (inputs->layers && inputs->layer_count != f->model->layer_count)
        return error_set(
            f->error, ERROR_INPUT,
            "the input has %zu layers and %s %zu: expected one, whose embeddings serve all, or as "
            "many",
            inputs->layer_count, model_file(f), f->model->layer_count);
    if (!inputs->layers)
        inputs->layers = memory_zeroed(f->model->layer_count, sizeof *inputs->layers, f->error);
    if (!inputs->layers)
        return false;
    inputs->layer_count = f->model->layer_count;
    inputs->layers_given = true;
    return true;
}

static bool is_asked_for(const size_t *layers, size_t count, size_t layer)
{
    bool chosen = !layers;
    for (size_t i = 0; layers && i < count; i++)
        chosen = chosen || layers[i] == layer;
    return chosen;
}

bool model_put(struct model *model, struct inputs *inputs, const struct settings *over, const size_t *layers,
               size_t count, struct error *error)
{
    struct filling f = {.model = model, .inputs = inputs, .over = over, .is_told = true, .error = error};
    if (!check_inputs(&f) || !check_twice_given(&f) || !make_model_layers(&f) ||
        !put_rows(&f, &inputs->all, true))
        return false;
    for (; f.layer < model->layer_count; f.layer++) {
        inputs->layers[f.layer].is_idle = !is_asked_for(layers, count, f.layer);
        if (inputs->layers[f.layer].is_idle)
            continue;
        if (!fill_layer(&f))
            return false;
        f.is_told = false;
    }
    share_embeddings(inputs);
    return true;
}
