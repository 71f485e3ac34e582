#include "base/out.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number_write.h"
#include "base/text.h"

/* Bytes that are collected before they go to a descriptor. */
enum { CHUNK = 1 << 16 };

void out_begin(struct out *out, int fd, const char *name)
{
    *out = (struct out){.fd = fd, .name = name};
}

/* Sends bytes to the descriptor. */
static void out_send(struct out *out, const char *data, size_t size)
{
    size_t sent = 0;
    while (sent < size && !out->trouble) {
        ssize_t n = write(out->fd, data + sent, size - sent);
        if (n > 0)
            sent += (size_t)n;
        else if (n == 0)
            out->trouble = EIO;
        else if (errno != EINTR)
            out->trouble = errno;
    }
}

/* Sends the bytes collected to the descriptor. */
static void out_flush(struct out *out)
{
    out_send(out, out->data, out->size);
    out->size = 0;
}

/* `count` bytes to be filled by the caller at once, or NULL after a failure. */
static char *out_reserve(struct out *out, size_t count)
{
    if (out->fd >= 0 && out->size + count > CHUNK)
        out_flush(out);
    if (out->trouble)
        return NULL;
    if (count > out->capacity - out->size) {
        size_t wanted = out->size + count;
        if (wanted < out->size) {
            out->trouble = ENOMEM;
            return NULL;
        }
        size_t capacity = out->capacity < 512 ? 1024 : out->capacity * 2;
        if (out->fd >= 0 && capacity < CHUNK)
            capacity = CHUNK;
        if (capacity < wanted)
            capacity = wanted;
        char *data = realloc(out->data, capacity);
        if (!data) {
            out->trouble = ENOMEM;
            return NULL;
        }
        out->data = data;
        out->capacity = capacity;
    }
    char *room = out->data + out->size;
    out->size += count;
    return room;
}

void out_bytes(struct out *out, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (out->fd >= 0 && size >= CHUNK) { /* as much as is collected otherwise: sent from where it is */
        out_flush(out);
        out_send(out, bytes, size);
        return;
    }
    char *room = out_reserve(out, size);
    if (room)
        memcpy(room, bytes, size);
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

void out_char(struct out *out, char c)
{
    char *room = out_reserve(out, 1);
    if (room)
        *room = c;
}

void out_format(struct out *out, const char *format, ...)
{
    char line[512];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(line, sizeof line, format, arguments);
    if (length < 0) {
        out->trouble = EIO;
    } else if ((size_t)length < sizeof line) {
        out_bytes(out, line, (size_t)length);
    } else {
        char *room = out_reserve(out, (size_t)length + 1);
        if (room) {
            vsnprintf(room, (size_t)length + 1, format, again);
            out->size--;
        }
    }
    va_end(again);
    va_end(arguments);
}

void out_float(struct out *out, float value)
{
    if (!isfinite(value)) {
        out_text(out, "null");
        return;
    }
    if (value == 0 && signbit(value)) {
        out_text(out, "-0.0"); /* many readers take -0 for an integer, which has no sign of its own at 0 */
        return;
    }
    char *room = out_reserve(out, NUMBER_SIZE);
    if (room)
        out->size -= NUMBER_SIZE - number_write(room, value);
}

void out_double(struct out *out, double value)
{
    char text[40];
    int digits = 15;
    if (!isfinite(value) || value == 0) {
        out_float(out, (float)value);
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && digits++ < 17);
    out_text(out, text);
}

void out_quoted(struct out *out, const char *text)
{
    out_char(out, '"');
    while (*text) {
        const char *start = text;
        uint32_t code = text_decode(&text);
        if (code == '"' || code == '\\')
            out_format(out, "\\%c", (int)code);
        else if (code == '\n')
            out_text(out, "\\n");
        else if (code == '\t')
            out_text(out, "\\t");
        else if (text_is_unfit(code))
            out_format(out, "\\u%04x", (unsigned)code);
        else if (code == 0xFFFD)
            out_text(out, "\xEF\xBF\xBD"); /* also for bytes that are not UTF-8 */
        else
            out_bytes(out, start, (size_t)(text - start));
    }
    out_char(out, '"');
}

bool out_finish(struct out *out, struct error *error)
{
    if (out->fd >= 0 && !out->trouble)
        out_flush(out);
    if (!out->trouble)
        return true;
    if (out->trouble == EPIPE)
        return error_set(error, ERROR_PIPE, "%s: closed by its reader", out->name);
    if (out->trouble == ENOMEM)
        return error_set(error, ERROR_SYSTEM, "%s: not enough memory", out->name);
    return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", out->name, strerror(out->trouble));
}

bool out_end_text(struct out *out, char **text, struct error *error)
{
    const bool any = out->size > 0;
    *text = NULL;
    out_char(out, '\0');
    const bool ok = out_finish(out, error);
    if (ok && any) {
        *text = out->data;
        out->data = NULL;
    }
    out_free(out);
    return ok;
}

void out_free(struct out *out)
{
    free(out->data);
    *out = (struct out){.fd = -1};
}
