#include "read/printed.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

/* Whether the text calls `function` with a list. */
static bool calls(const char *text, const char *function)
{
    const size_t length = strlen(function);
    if (strncmp(text, function, length) != 0)
        return false;
    text += length;
    return text[strspn(text, blanks)] == '[';
}

/* Whether the text, which begins with '[', is rows of numbers without a comma, as NumPy prints them. */
static bool rows_without_commas(const char *text)
{
    const char *row = text + strspn(text, "[ \t\r\n");
    const char *end = strchr(row, ']');
    return row > text + 1 && end && end > row && !strchr(text, ',') && strchr("+-.0123456789n", *row) &&
           (strcspn(row, blanks) < (size_t)(end - row) || end[1 + strspn(end + 1, blanks)] == '[');
}

/* Whose array it is; NULL: it is none. Lists and tuples of them are printed too. */
static const char *whose(const char *text)
{
    const char *first = text + strspn(text, "[( \t\r\n");
    if (calls(first, "tensor(") || calls(first, "torch.tensor("))
        return "PyTorch tensor";
    if (calls(first, "array(") || calls(first, "np.array("))
        return "NumPy array";
    text += strspn(text, blanks);
    return *text == '[' && rows_without_commas(text) ? "NumPy array" : NULL;
}

bool printed_array(const struct source *source, struct error *error)
{
    const char *what = whose(source->data);
    if (!what)
        return false;
    error_set(
        error, ERROR_INPUT,
        "%s: this is the printed form of a %s%s: expected JSON (json.dumps(t.tolist())) or CSV (np.savetxt)",
        source->name, what,
        strstr(source->data, "...") ? ", and \"...\" is all that is left of some numbers" : "");
    return true;
}
