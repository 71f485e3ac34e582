#include "cmd/thresholds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/words.h"

/* One LABEL=NUMBER, which is cut at its '='. */
static bool parse_threshold(struct label_thresholds *thresholds, const struct option_row *row, char *part,
                            struct error *error)
{
    char called[80];
    double value;
    char *number = strchr(part, '=');
    if (!number)
        return error_set(error, ERROR_USAGE,
                         "--%s holds \"%s\": expected LABEL=NUMBER, such as induction=0.3", row->name, part);
    *number++ = 0;
    const int label = words_find(label_words, part);
    snprintf(called, sizeof called, "a label of --%s", row->name);
    if (label < 0)
        return words_error(label_words, called, part, NULL, ERROR_USAGE, error);
    if (thresholds->value[label] > 0)
        return error_set(error, ERROR_USAGE, "--%s names %s twice", row->name, part);
    if (!text_to_number(number, &value) || !(value > 0 && value <= 1))
        return error_set(error, ERROR_USAGE,
                         "--%s: the threshold of %s is \"%s\": expected a number above 0 and up to 1",
                         row->name, part, number);
    thresholds->value[label] = value;
    return true;
}

bool value_thresholds(const struct option_row *row, void *value, const char *text, struct error *error)
{
    struct label_thresholds given = {{0}};
    char *copy = text_copy(text);
    bool ok = copy || error_memory(error, strlen(text) + 1);
    for (char *part = copy, *next; ok && part; part = next) {
        next = strchr(part, ',');
        if (next)
            *next++ = 0;
        ok = parse_threshold(&given, row, part, error);
    }
    free(copy);
    *(struct label_thresholds *)value = given;
    return ok;
}

struct label_thresholds thresholds_filled(const struct label_thresholds *given)
{
    struct label_thresholds all = label_defaults;
    for (enum label l = 0; l < LABEL_COUNT; l++)
        if (given->value[l] > 0)
            all.value[l] = given->value[l];
    return all;
}

bool thresholds_any(const struct label_thresholds *given)
{
    bool any = false;
    for (enum label l = 0; l < LABEL_COUNT; l++)
        any = any || given->value[l] > 0;
    return any;
}
