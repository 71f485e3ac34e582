#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Formats one clean line into `line`; what does not fit is cut at a character and marked. */
static void format_line(char *line, size_t size, const char *format, va_list arguments)
{
    char raw[1024];
    int length = vsnprintf(raw, sizeof raw, format, arguments);
    bool cut = length < 0 || (size_t)length >= sizeof raw;

    text_clean(line, size, raw);
    if (cut)
        text_mark_cut(line, size);
}

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    if (error->kind != ERROR_NONE)
        return false;
    error->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    format_line(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

bool error_memory(struct error *error, size_t bytes)
{
    return error_set(error, ERROR_SYSTEM, "not enough memory: %zu more bytes were needed", bytes);
}

void warnings_add(struct warnings *warnings, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    format_line(line, sizeof line, format, arguments);
    va_end(arguments);

    for (size_t i = 0; i < warnings->count; i++)
        if (strcmp(warnings->text[i], line) == 0)
            return;
    char **grown = realloc(warnings->text, (warnings->count + 1) * sizeof *grown);
    if (!grown)
        return;
    warnings->text = grown;
    char *copy = text_copy(line);
    if (copy)
        warnings->text[warnings->count++] = copy;
}

void warnings_free(struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++)
        free(warnings->text[i]);
    free(warnings->text);
    *warnings = (struct warnings){0};
}
