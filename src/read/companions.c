#include "read/companions.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

#define CONFIG "the settings of a model: expected it with --config, beside --projections"
#define VOCABULARY "a vocabulary: expected it with --tokenizer, beside an input that has input_ids, or --ids"
#define UNREAD "a part of a tokenizer that is not read: expected an input"

/* The names that transformers, the original Llama and llama2.c give. */
static const struct {
    const char *name, *advice;
} companions[] = {
    {"config.json", CONFIG},
    {"params.json", CONFIG},
    {"vocab.txt", VOCABULARY},
    {"vocab.json", VOCABULARY},
    {"tokenizer.json", VOCABULARY},
    {"tokenizer_config.json", UNREAD},
    {"special_tokens_map.json", UNREAD},
    {"merges.txt", UNREAD},
};

const char *companion_advice(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++)
        if (strcmp(name, companions[i].name) == 0)
            return companions[i].advice;
    return text_begins(name, "tok") && text_ends(name, ".bin") ? VOCABULARY
                                                               : NULL; /* llama2.c's tok512.bin */
}
