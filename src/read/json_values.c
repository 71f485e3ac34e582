#include "read/json_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number_write.h"
#include "base/source.h"
#include "base/text.h"
#include "problem/settings_parse.h"

/* ---- kinds ---- */

struct number_array *json_array(const struct json *json, const cJSON *item)
{
    if (!cJSON_IsArray(item) || !cJSON_IsNumber(item->child))
        return NULL;
    return &json->arrays[(size_t)item->child->valuedouble];
}

/* The offset of the first element of a list that is unlike those before it, or 0. */
static size_t odd_element(const cJSON *item)
{
    return cJSON_IsArray(item) && cJSON_IsTrue(item->child) ? (size_t)item->child->next->valuedouble : 0;
}

bool json_is_strings(const cJSON *item)
{
    return cJSON_IsArray(item) && cJSON_IsString(item->child);
}

size_t json_list_length(const cJSON *item)
{
    size_t count = 0;
    for (const cJSON *child = item->child; child; child = child->next)
        count++;
    return count;
}

/* The kind of a value by its first character. */
static const char *kind_at(const struct json *json, size_t offset)
{
    switch (json->source->data[offset]) {
    case '"':
        return "a string";
    case '{':
        return "an object";
    case '[':
        return "a list";
    case 't':
        return "true";
    case 'f':
        return "false";
    case 'n':
        return "null";
    default:
        return "a number";
    }
}

static const char *kind_of(const struct json *json, const struct json_member *member)
{
    const struct number_array *array = json_array(json, member->item);
    if (array)
        return array->depth > 1                        ? "a list of lists"
               : array->tensor.holds & TENSOR_NUMBERS  ? "a list of numbers"
               : array->tensor.holds & TENSOR_BOOLEANS ? "a list of true and false"
               : array->tensor.holds                   ? "a list of null"
                                                       : "an empty list";
    if (json_is_strings(member->item))
        return "a list of strings";
    if (cJSON_IsArray(member->item) && cJSON_IsObject(member->item->child))
        return "a list of objects";
    if (cJSON_IsArray(member->item) && cJSON_IsArray(member->item->child))
        return "a list of lists of strings";
    return kind_at(json, member->offset);
}

bool json_wrong_kind(const struct json *json, const struct json_member *member, const char *what,
                     struct error *error)
{
    return source_error(json->source, member->offset, error, "%s%sexpected %s, found %s",
                        member->name ? member->name : "", member->name ? ": " : "", what,
                        kind_of(json, member));
}

/* The error of a list of the wrong things. It points at the first wrong one, where that is known. Elements
 * should begin with the character `first`, 0 for numbers and lists of them. */
static bool wrong_list(const struct json *json, const struct json_member *member, char first,
                       const char *what, const char *each, struct error *error)
{
    size_t odd = odd_element(member->item), at = member->offset + 1;
    if (!odd)
        return json_wrong_kind(json, member, what, error);
    while (strchr(first ? " \t\r\n" : " \t\r\n[", json->source->data[at]))
        at++;
    char c = json->source->data[at];
    bool fits = first ? c == first : c != '"' && c != '{';
    at = fits ? odd : at;
    return source_error(json->source, at, error, "%s: expected %s, found %s", member->name, each,
                        kind_at(json, at));
}

bool json_expect_objects(const struct json *json, const struct json_member *member, struct error *error)
{
    if (cJSON_IsArray(member->item) && cJSON_IsObject(member->item->child))
        return true;
    return wrong_list(json, member, '{', "a list of objects", "an object", error);
}

/* ---- tensors ---- */

static bool uneven_error(const struct json *json, const struct json_member *member,
                         const struct uneven *uneven, struct error *error)
{
    if (!uneven->length)
        return source_error(json->source, uneven->offset, error,
                            "%s: expected a %s, as before it, found a %s", member->name,
                            uneven->lists ? "list" : "number", uneven->lists ? "number" : "list");
    return source_error(json->source, uneven->offset, error,
                        "%s: row %zu has %zu %s%s, the rows before it have %zu: expected rows of one length",
                        member->name, uneven->row, uneven->found, uneven->lists ? "list" : "number",
                        uneven->found == 1 ? "" : "s", uneven->expected);
}

bool json_get_tensor(const struct json *json, const struct json_member *member, struct tensor **tensor,
                     struct error *error)
{
    struct number_array *array = json_array(json, member->item);
    const bool is_frame = cJSON_IsObject(cJSON_IsArray(member->item) ? member->item->child : member->item);
    if (!array)
        return wrong_list(json, member, 0,
                          is_frame ? "a list of numbers (of pandas, df.values.tolist())"
                                   : "a list of numbers",
                          "a number", error);
    if (array->uneven.offset)
        return uneven_error(json, member, &array->uneven, error);
    if (array->depth == TENSOR_RANK_MAX + 1)
        return source_error(
            json->source, member->offset, error,
            "%s: lists in 5 levels, of which the second has %zu: expected one sequence of the batch, which "
            "--batch N chooses",
            member->name, array->tensor.shape[1]);
    if (array->depth > TENSOR_RANK_MAX)
        return source_error(json->source, member->offset, error,
                            "%s: lists in %zu levels: expected at most %d", member->name, array->depth,
                            TENSOR_RANK_MAX);
    for (int i = 0; i < array->tensor.rank; i++)
        if (array->tensor.shape[i] == 0)
            return source_error(json->source, member->offset, error, "%s is empty: expected numbers",
                                member->name);
    *tensor = &array->tensor;
    return true;
}

/* ---- labels ---- */

/* A number as a label: integers are token ids. */
static char *number_label(float value)
{
    char text[NUMBER_SIZE];
    if (!isfinite(value))
        return text_copy(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    const size_t length = number_write(text, value);
    return text_copy_part(text, length);
}

bool json_get_labels(const struct json *json, const struct json_member *member, struct labels *labels,
                     struct error *error)
{
    const struct number_array *array = json_array(json, member->item);
    bool numbers = array && array->depth == 1 && !(array->tensor.holds & ~(unsigned)TENSOR_NUMBERS);
    if (!numbers && !json_is_strings(member->item))
        return wrong_list(json, member, '"', "a list of strings", "a string", error);

    size_t count = numbers ? array->tensor.shape[0] : json_list_length(member->item);
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    if (!labels->text)
        return false;
    labels->given = true;
    labels->place = source_place(json->source, member->offset);
    if (numbers) {
        for (; labels->count < count; labels->count++) {
            labels->text[labels->count] = number_label(array->tensor.data[labels->count]);
            if (!labels->text[labels->count])
                return error_memory(error, NUMBER_SIZE);
        }
        return true;
    }
    for (cJSON *child = member->item->child; child; child = child->next) {
        labels->text[labels->count++] = child->valuestring; /* cJSON's memory is malloc's */
        child->valuestring = NULL;
    }
    return true;
}

/* ---- settings and the rest ---- */

/* Removes blanks from numbers with commas between them, and the fraction of whole
 * ones, as in Python's 1.0. */
static void strip_numbers(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        size_t zeros = *p == '.' ? strspn(p + 1, "0") : 0;
        const char *behind = p + 1 + zeros + strspn(p + 1 + zeros, " \t\r\n");
        if (zeros > 0 && (*behind == ',' || !*behind))
            p += zeros;
        else if (!strchr(" \t\r\n", *p))
            *to++ = *p;
    }
    *to = 0;
}

/* "4,0;8,0" of the list of lists at p, [[4, 0], [8, 0]]. */
static char *pairs_text(const char *p)
{
    int depth = 0;
    const char *end = p;
    do
        depth += *end == '[' ? 1 : *end == ']' ? -1 : 0;
    while (depth > 0 && *end++);
    char *text = text_copy_part(p, (size_t)(end - p)), *to = text;
    for (const char *from = text; text && *from; from++) {
        depth += *from == '[' ? 1 : *from == ']' ? -1 : 0;
        if (*from == ',' && depth == 1)
            *to++ = ';';
        else if (!strchr("[] \t\r\n", *from))
            *to++ = *from;
    }
    if (text)
        *to = 0;
    return text;
}

char *json_setting_text(const struct json *json, const struct json_member *member, const char *what,
                        struct error *error)
{
    const struct number_array *array = json_array(json, member->item);
    const char *p = json->source->data + member->offset;
    char *text;
    bool words = cJSON_IsString(member->item);
    if (words) {
        text = text_copy(member->item->valuestring);
    } else if (cJSON_IsNumber(member->item) || cJSON_IsBool(member->item)) {
        text = text_copy_part(p, strcspn(p, ",]} \t\r\n"));
    } else if (array && array->depth == 2 && array->tensor.shape[1] == 2 && !array->uneven.offset) {
        text = pairs_text(p);
    } else if (array && array->depth == 1) {
        p++;
        text = text_copy_part(p, strcspn(p, "]"));
    } else {
        json_wrong_kind(json, member, what, error);
        return NULL;
    }
    if (!text)
        error_memory(error, 1);
    else if (!words)
        strip_numbers(text);
    return text;
}

bool json_parse_setting(struct json *json, const struct json_member *member, enum setting which,
                        struct settings *settings, struct error *error)
{
    if (settings_have(settings, which))
        return source_error(json->source, member->offset, error,
                            "%s is given twice: expected it once, and it was read before", member->name);
    char *text = json_setting_text(json, member, "a number, a word, or a list of numbers", error);
    if (!text)
        return false;
    struct error why = {0};
    bool ok = settings_parse(settings, which, text, member->name, ERROR_INPUT, &why);
    if (ok)
        settings->place[which] = source_walk(json->source, &json->walk, member->offset);
    else
        source_error(json->source, member->offset, error, "%s", why.message);
    free(text);
    return ok;
}

bool json_get_text(const struct json *json, const struct json_member *member, char **text,
                   struct error *error)
{
    if (!cJSON_IsString(member->item))
        return json_wrong_kind(json, member, "a string", error);
    if (*text)
        return true; /* the first file's */
    *text = member->item->valuestring;
    member->item->valuestring = NULL;
    return true;
}

bool json_get_grid(const struct json *json, const struct json_member *member, size_t grid[2],
                   struct place *place, struct error *error)
{
    const struct number_array *array = json_array(json, member->item);
    const float most = 1 << 20;
    if (!array || array->depth != 1 || array->tensor.shape[0] != 2 || array->tensor.holds != TENSOR_NUMBERS)
        return json_wrong_kind(json, member, "a list of two whole numbers, [rows, columns]", error);
    for (int i = 0; i < 2; i++) {
        float value = array->tensor.data[i];
        if (!(value >= 1 && value <= most) || value != floorf(value))
            return source_error(json->source, member->offset, error,
                                "%s: expected whole numbers from 1 to 1048576, as [rows, columns]",
                                member->name);
    }
    if (grid[0])
        return source_error(json->source, member->offset, error,
                            "%s is given twice: expected it once, and an earlier file has it", member->name);
    grid[0] = (size_t)array->tensor.data[0];
    grid[1] = (size_t)array->tensor.data[1];
    *place = source_place(json->source, member->offset);
    return true;
}
