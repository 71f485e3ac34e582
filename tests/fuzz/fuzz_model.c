/*
 * Fuzzing of the configs of models. The first byte chooses the profile whose tensors there are, the second their sizes; the
 * rest is config.json. Built and run by make fuzz.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "problem/problem.h"
#include "read/model_layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LAYERS = 3, WIDTH = 8 };
static float numbers[3 * WIDTH * 3 * WIDTH];

/* An array of each name of the profile, in each layer. */
static bool add_arrays(struct archive *archive, const struct profile *profile, unsigned sizes,
                       struct error *error)
{
    struct model named = {.archive = archive, .profile = profile};
    for (size_t layer = 0; layer < LAYERS; layer++)
        for (const struct profile_row *row = profile->rows; row->pattern; row++) {
            char name[MODEL_NAME];
            model_row_name(name, &named, row, layer);
            struct array *array = archive_add(archive, name, strlen(name), error);
            if (!array)
                return false;
            array->type = "F32";
            array->dtype = DTYPE_F32;
            array->rank = strstr(name, "weight") || strstr(name, "W_") ? 2 : 1;
            array->shape[0] = row->input == INPUT_W_QKV ? (size_t)3 * WIDTH : WIDTH >> (sizes & 1);
            array->shape[1] = sizes & 2 ? WIDTH : WIDTH / 2;
            if (!array_pack(array))
                return false;
            array->data = (const char *)numbers;
            sizes >>= 1;
        }
    return true;
}

static void put(struct model *model, struct inputs *inputs, struct error *error)
{
    static const struct settings none;
    struct warnings warnings = {0};
    const struct model_choice choice = {0};
    struct tensor embeddings = {.data = numbers, .is_borrowed = true, .rank = 2, .shape = {3, WIDTH}};
    inputs->all.tensor[INPUT_EMBEDDINGS] = embeddings;
    bool ok = model_find(model, inputs, &choice, &warnings, error) &&
              model_put(model, inputs, &none, NULL, 0, error) &&
              problem_prepare(inputs, &none, &warnings, error);
    struct problem problem = {0};
    ok = ok && problem_make(&problem, inputs, &none, &warnings, error);
    if (ok != (error->kind == ERROR_NONE) || (!ok && !error->message[0]))
        abort();
    problem_free(&problem);
    warnings_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t count = 0;
    while (profiles[count].name)
        count++;
    char name[] = "fuzz", weights[] = "weights";
    char *text = malloc(size - 1);
    struct source file = {.name = weights};
    struct archive archive = {.sources = &file, .source_count = 1};
    struct source source = {.name = name, .data = text, .size = size - 2};
    struct model model = {.archive = &archive};
    struct inputs inputs = {0};
    struct error error = {0};
    if (!text)
        return 0;
    memcpy(text, data + 2, size - 2);
    text[size - 2] = 0;
    if (config_read(&model.config, &source, &error) &&
        add_arrays(&archive, &profiles[data[0] % count], data[1], &error))
        put(&model, &inputs, &error);
    model_free(&model);
    inputs_free(&inputs);
    archive.sources = NULL;
    archive.source_count = 0;
    archive_free(&archive);
    free(text);
    return 0;
}
