#include "read/json_rows.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

static bool add_row(struct row_list *rows, const size_t *index, size_t at, struct error *error)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 64;
        if (!memory_resize(&rows->row, room, sizeof *rows->row, error))
            return false;
        rows->room = room;
    }
    struct row *row = &rows->row[rows->count++];
    *row = (struct row){.at = at};
    memcpy(row->index, index, (rows->levels - 1) * sizeof *index);
    return true;
}

bool json_rows_list(struct row_list *rows, const char *text, bool *whole, struct error *error)
{
    size_t index[JSON_ROWS_LEVELS + 1] = {0}, open = 0, at = 0;
    *whole = true;
    do {
        if (*text == '[') {
            index[open++] = 0;
            if (open == rows->levels && !add_row(rows, index, at, error))
                return false;
        } else if (*text == ']') {
            *whole = *whole && index[open - 1] > 0;
            if (open == rows->levels)
                rows->row[rows->count - 1].length = index[open - 1];
            if (--open > 0)
                index[open - 1]++;
        } else if (!strchr(", \t\r\n", *text)) {
            *whole = *whole && open == rows->levels;
            index[open - 1]++;
            at++;
            text += strcspn(text, ",] \t\r\n") - 1;
        }
        text++;
    } while (open > 0);
    return true;
}

/* Whether row r of a group that begins at `first`, with `count` rows for each of the outer places, is where it should
 * be. */
static bool row_fits(const struct row_list *rows, const struct nesting *nesting, size_t first, size_t r,
                     size_t count)
{
    const size_t *index = rows->row[first + r].index + nesting->skip;
    bool fits = index[nesting->axes] == r % count;
    size_t place = r / count;
    for (size_t a = nesting->axes; a-- > 0; place /= nesting->shape[a])
        fits = fits && index[a] == place % nesting->shape[a];
    return fits;
}

void json_rows_axes(struct nesting *nesting, const struct row_list *rows, size_t last, size_t skip)
{
    *nesting = (struct nesting){.axes = rows->levels - 2 - skip, .groups = 1, .skip = skip};
    for (size_t a = 0; a < nesting->axes; a++) {
        nesting->shape[a] = rows->row[last].index[skip + a] + 1;
        if (!size_multiply(nesting->groups, nesting->shape[a], &nesting->groups))
            nesting->groups = SIZE_MAX; /* more than there are rows */
    }
}

bool json_rows_fit(const struct row_list *rows, const struct nesting *nesting, size_t first, size_t end,
                   size_t *count)
{
    *count = (end - first) / nesting->groups;
    bool fits = *count > 0 && *count * nesting->groups == end - first;
    for (size_t r = 0; fits && r < end - first; r++)
        fits = row_fits(rows, nesting, first, r, *count);
    return fits;
}

size_t json_rows_part(const struct row_list *rows, size_t first)
{
    size_t end = first;
    while (end < rows->count && rows->row[end].index[0] == rows->row[first].index[0])
        end++;
    return end;
}
