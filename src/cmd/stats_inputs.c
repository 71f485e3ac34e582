#include "cmd/stats_inputs.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/called.h"

/* So much of a mapped file is given back at once. */
enum { PASSED_SIZE = 1 << 24 };

/* Goes to the line that the next input is on; false: there is none. */
static bool skip_blank_lines(struct stats_inputs *inputs)
{
    const struct source *file = &inputs->file;
    size_t at = inputs->offset;
    for (; at < file->size && strchr(" \t\r\n", file->data[at]) && file->data[at]; at++)
        if (file->data[at] == '\n') {
            inputs->offset = at + 1;
            inputs->lines++;
        }
    return at < file->size;
}

/* Copies the line at the offset, and goes behind it. */
static bool take_line(struct stats_inputs *inputs, struct error *error)
{
    struct source *file = &inputs->file, *line = &inputs->line;
    const char *newline = memchr(file->data + inputs->offset, '\n', file->size - inputs->offset);
    const size_t end = newline ? (size_t)(newline - file->data) : file->size, size = end - inputs->offset;
    source_free(line);
    line->name = text_copy(file->name);
    line->data = line->name ? memory_alloc(size + 1, 1, error) : NULL;
    if (!line->name)
        return error_memory(error, strlen(file->name) + 1);
    if (!line->data)
        return false;
    memcpy(line->data, file->data + inputs->offset, size);
    line->data[size] = 0;
    line->size = size;
    line->lines_before = inputs->lines++;
    inputs->offset = end < file->size ? end + 1 : end;
    if (inputs->offset - inputs->passed >= PASSED_SIZE) {
        source_pass(file, file->data + inputs->passed, file->data + inputs->offset);
        inputs->passed = inputs->offset;
    }
    return true;
}

/* The options of the whole, with the input at hand as their only operand. */
static void set_options(struct stats_inputs *inputs, struct source *line)
{
    char place[32] = "";
    if (line)
        snprintf(place, sizeof place, ":%zu", line->lines_before + 1);
    const bool is_standard = strcmp(inputs->operand, "-") == 0;
    text_clean(inputs->called, sizeof inputs->called - sizeof place,
               is_standard ? "standard input" : inputs->operand);
    strcat(inputs->called, place);
    inputs->options = *inputs->all;
    inputs->options.operands = &inputs->operand;
    inputs->options.operand_count = 1;
    inputs->options.input.line = line;
    inputs->count++;
}

bool stats_inputs_next(struct stats_inputs *inputs, struct error *error)
{
    const struct options *all = inputs->all;
    if (all->operand_count == 0)
        return error_set(error, ERROR_USAGE, "--data-set: expected an INPUT, or several");
    while (!inputs->file.name || !skip_blank_lines(inputs)) {
        if (inputs->file.name && !inputs->has_line)
            return error_set(error, ERROR_INPUT, "%s: the file is empty: expected an input in JSON a line",
                             inputs->file.name);
        source_free(&inputs->file);
        if (inputs->next == all->operand_count)
            return false;
        inputs->operand = all->operands[inputs->next++];
        if (!text_ends(inputs->operand, ".jsonl")) {
            set_options(inputs, NULL);
            return true;
        }
        inputs->offset = inputs->passed = inputs->lines = 0;
        inputs->has_line = false;
        if (!source_read(&inputs->file, inputs->operand, 0, error))
            return false;
    }
    inputs->has_line = true;
    if (!take_line(inputs, error))
        return false;
    set_options(inputs, &inputs->line);
    return true;
}

void stats_inputs_name(const struct stats_inputs *inputs, struct error *error)
{
    struct error named = {0};
    char message[CALLED_SIZE];
    called_put(message, inputs->called, error->message);
    error_set(&named, error->kind, "%s", message);
    *error = named;
}

void stats_inputs_free(struct stats_inputs *inputs)
{
    source_free(&inputs->file);
    source_free(&inputs->line);
}
