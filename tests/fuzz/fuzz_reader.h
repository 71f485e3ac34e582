/*
 * Fuzzing of a reader, FUZZED_READER. The first byte chooses what the text is read as, the rest is the text.
 * Built and run by make fuzz.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "base/text.h"
#include "read/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every number and string is looked at, and every error says something. */
static void check(const struct inputs *inputs, bool ok, const struct error *error)
{
    static volatile float last;
    for (int i = 0; i < INPUT_COUNT; i++) {
        const struct tensor *tensor = &inputs->all.tensor[i];
        for (size_t j = 0; tensor->data && j < tensor_count(tensor); j++)
            last = tensor->data[j];
    }
    (void)last;
    const struct labels *all[] = {&inputs->tokens, &inputs->key_tokens};
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < all[i]->count; j++)
            for (const char *p = all[i]->text[j]; *p; text_decode(&p))
                ;
    if (ok != (error->kind == ERROR_NONE) || (!ok && !strstr(error->message, "fuzz")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    int kind = data[0] % (INPUT_COUNT + 3);
    struct read_target target = {.what = READ_ANY, .called = "input"};
    if (kind < INPUT_COUNT)
        target =
            (struct read_target){.what = READ_TENSOR, .input = (enum input)kind, .called = input_names[kind]};
    else if (kind == INPUT_COUNT)
        target = (struct read_target){.what = READ_TOKENS, .called = "tokens"};
    else if (kind == INPUT_COUNT + 1)
        target = (struct read_target){.what = READ_KEY_TOKENS, .called = "key_tokens"};
    const int variant = data[0] / (INPUT_COUNT + 3);
    target.header = (enum read_header)(variant % 3);
#ifdef FUZZED_TEXT
    target.text = variant % 2 ? FUZZED_TEXT : NULL;
#endif

#ifdef FUZZED_BATCH
    target.has_batch = variant % 2;
    target.batch = FUZZED_BATCH;
#endif
    char name[] = "fuzz";
    char *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    struct source source = {.name = name, .data = text, .size = size - 1};
    struct inputs inputs = {0};
    struct warnings warnings = {0};
    struct error error = {0};
    bool ok = FUZZED_READER.read(&inputs, &source, &target, &warnings, &error);
    check(&inputs, ok, &error);
    inputs_free(&inputs);
    warnings_free(&warnings);
    free(text);
    return 0;
}
