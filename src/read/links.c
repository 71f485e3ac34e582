#include "read/links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"

enum { LINK_SHOWN = 60, WORD_MOST = 1000000000 };

/* A line that is being read. */
struct links_line {
    const struct source *source;
    const struct links_target *target;
    const char *at, *end;
    struct error *error;
};

static bool is_link_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool link_error(const struct links_line *line, const char *start, const char *what)
{
    char text[LINK_SHOWN] = "", shown[LINK_SHOWN];
    const char *stop = start;
    while (stop < line->end && !is_link_blank(*stop))
        stop++;
    const size_t length = (size_t)(stop - start);
    memcpy(text, start, length < sizeof text ? length : sizeof text - 1);
    text_clean(shown, sizeof shown, text);
    return source_error(line->source, (size_t)(start - line->source->data), line->error, "\"%s\" %s", shown,
                        what);
}

/* A number of digits at *at, and *at behind it. */
static bool read_word_number(const char **at, const char *end, size_t *number)
{
    const char *start = *at;
    for (*number = 0; *at < end && **at >= '0' && **at <= '9' && *number < WORD_MOST; ++*at)
        *number = *number * 10 + (size_t)(**at - '0');
    return *at > start && !(*at < end && **at >= '0' && **at <= '9');
}

/* The next link, whose text begins at line->at. */
static bool read_link(struct links_line *line, struct word_link *link)
{
    const struct links_target *target = line->target;
    const char *start = line->at;
    size_t left, right;
    if (!read_word_number(&line->at, line->end, &left) || line->at == line->end ||
        (*line->at != '-' && *line->at != 'p' && *line->at != '?'))
        return link_error(line, start, "is no link: expected two numbers, as 3-4, or 3p4 for a possible one");
    link->is_sure = *line->at++ == '-';
    if (!read_word_number(&line->at, line->end, &right) ||
        (line->at < line->end && !is_link_blank(*line->at)))
        return link_error(line, start, "is no link: expected two numbers, as 3-4, or 3p4 for a possible one");
    if (left < target->first || right < target->first)
        return link_error(line, start, "is a link of word 0: with --links-first 1 they count from 1");
    link->key = (target->are_reversed ? right : left) - target->first;
    link->query = (target->are_reversed ? left : right) - target->first;
    if (link->key < target->keys && link->query < target->queries)
        return true;
    char what[160];
    snprintf(
        what, sizeof what, "links key %zu and query %zu, and there are %zu keys and %zu queries, from 0 on%s",
        link->key, link->query, target->keys, target->queries,
        link->key < target->queries && link->query < target->keys ? ": --links-reverse exchanges them" : "");
    return link_error(line, start, what);
}

/* By query and key; of two that are one, the sure one first. */
static int compare_links(const void *a, const void *b)
{
    const struct word_link *left = a, *right = b;
    if (left->query != right->query)
        return left->query < right->query ? -1 : 1;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return right->is_sure - left->is_sure;
}

static void leave_each_once(struct word_links *links)
{
    size_t kept = 0;
    if (links->count > 0)
        qsort(links->list, links->count, sizeof *links->list, compare_links);
    for (size_t i = 0; i < links->count; i++)
        if (kept == 0 || links->list[i].query != links->list[kept - 1].query ||
            links->list[i].key != links->list[kept - 1].key)
            links->list[kept++] = links->list[i];
    links->count = kept;
}

static bool read_line(struct word_links *links, struct links_line *line)
{
    size_t room = 0;
    for (;;) {
        while (line->at < line->end && is_link_blank(*line->at))
            line->at++;
        if (line->at == line->end)
            break;
        if (links->count == room) {
            room = room ? 2 * room : 64;
            if (!memory_resize(&links->list, room, sizeof *links->list, line->error))
                return false;
        }
        if (!read_link(line, &links->list[links->count]))
            return false;
        links->count++;
    }
    leave_each_once(links);
    return true;
}

/* The wanted line, and how many there are. */
static const char *find_line(const struct source *source, size_t wanted, size_t *count)
{
    const char *end = source->data + source->size, *found = NULL, *first = source->data;
    *count = 0;
    for (const char *at = first; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if ((*count)++ == wanted)
            found = at;
        at = stop ? stop + 1 : end;
    }
    return *count == 1 ? first : found;
}

bool links_read(struct word_links *links, const char *path, const struct links_target *target,
                struct warnings *warnings, struct error *error)
{
    struct source source = {0};
    size_t count;
    bool ok = source_read(&source, path, 0, error);
    const char *at = ok ? find_line(&source, target->has_line ? target->line : 0, &count) : NULL;
    if (ok && count > 1 && !target->has_line)
        warnings_add(warnings,
                     "%s: the first of %zu lines is taken; --links-line N takes another, counted from 0",
                     source.name, count);
    if (ok && count > 0 && !at)
        ok = error_set(error, ERROR_USAGE, "%s: there is no line %zu: expected 0 to %zu", source.name,
                       target->line, count - 1);
    if (ok && at) {
        const char *end = source.data + source.size, *stop = memchr(at, '\n', (size_t)(end - at));
        struct links_line line = {&source, target, at, stop ? stop : end, error};
        ok = read_line(links, &line);
    }
    source_free(&source);
    return ok;
}
