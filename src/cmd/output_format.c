#include "cmd/output_format.h"

#include <stddef.h>

#include "base/text.h"

#define OUTPUT_ENDING(name) "." #name
#define OUTPUT_PICTURE(name)                                                                                 \
    const struct output_format output_##name = {.ending = OUTPUT_ENDING(name), .painter = &painter_##name};
#define OUTPUT_NUMBERS(name)                                                                                 \
    const struct output_format output_##name = {.ending = OUTPUT_ENDING(name), .writer = &writer_##name};
#define OUTPUT_ROW(name) &output_##name,

PAINTERS(OUTPUT_PICTURE, )
WRITERS(OUTPUT_NUMBERS, )

const struct output_format output_measures = {.ending = ".csv", .writer = &writer_measures};

static const struct output_format *const output_formats[] = {PAINTERS(OUTPUT_ROW, ) WRITERS(OUTPUT_ROW, )};

const char output_endings[] = PAINTERS(OUTPUT_ENDING, " ") " " WRITERS(OUTPUT_ENDING, " ");

#define OUTPUT_PICTURES PAINTERS(OUTPUT_ENDING, " ")
const char output_pictures[] = OUTPUT_PICTURES;
const char output_answers[] = OUTPUT_ENDING(json) " " OUTPUT_ENDING(csv) " " OUTPUT_PICTURES;
const char output_answers_all[] =
    OUTPUT_PICTURES " " OUTPUT_ENDING(json) " " OUTPUT_ENDING(csv) " " OUTPUT_ENDING(npy);

const struct output_format *output_format_of(const char *path)
{
    for (size_t i = 0; i < sizeof output_formats / sizeof *output_formats; i++)
        if (text_ends_caseless(path, output_formats[i]->ending))
            return output_formats[i];
    return NULL;
}

enum holds output_format_holds(const struct output_format *format)
{
    return format->painter ? HOLDS_ONE : format->writer->holds;
}
