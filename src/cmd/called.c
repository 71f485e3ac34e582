#include "cmd/called.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void called_put(char out[CALLED_SIZE], const char *called, const char *message)
{
    size_t same = 0;
    while (called[same] && called[same] == message[same])
        same++;
    const char *line = called + same;
    const bool has_all = !*line && (message[same] == ':' || message[same] == ' '),
               has_file = *line && same > 0 && called[same - 1] == ':' && message[same] == ' ' &&
                          line[strspn(line, "0123456789")] == 0;
    if (has_all)
        snprintf(out, CALLED_SIZE, "%s", message);
    else
        snprintf(out, CALLED_SIZE, "%s: %s", called, message + (has_file ? same + 1 : 0));
}
