/*
 * The strict walk through a JSON text: everything is checked here, so that the skeleton for cJSON is small
 * and certainly right (cJSON itself accepts [01], junk behind the value and invalid UTF-8, and ends strings
 * at \u0000). No key is known here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "base/text.h"
#include "read/json_private.h"

/* What to say of things that other languages allow and JSON does not, NULL for others. */
static const char *unexpected_advice(const struct scanner *scanner, const char *expected)
{
    const char *p = scanner->at, *start = scanner->source->data;
    if (*p == '\'')
        return "a single quote: in JSON strings and keys are in double quotes";
    if (*p == '#' || (*p == '/' && p + 1 < scanner->end && (p[1] == '/' || p[1] == '*')))
        return "a comment: JSON has none";
    if (expected[1] == ',' && p > start && strchr(" \n", p[-1]) && strchr("-0123456789[", *p))
        return "expected a comma in front of this; NumPy prints none, and json.dumps(a.tolist()) writes them";
    if (scanner->depth == 0 && (*p == '{' || *p == '[') && p > start && p[-1] == '\n')
        return "one value a line, which is JSON lines: expected one list of them, or one object";
    if (*p != ']' && *p != '}')
        return NULL;
    while (p > start && strchr(" \t\r\n", p[-1]))
        p--;
    return p > start && p[-1] == ',' ? "a comma in front of the end: JSON has none behind the last element"
                                     : NULL;
}

bool json_unexpected(struct scanner *scanner, const char *what)
{
    const char *p = scanner->at;
    size_t left = (size_t)(scanner->end - p);
    if (left == 0)
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "expected %s, found the end of the file", what);
    if (p > scanner->source->data && p[-1] == '0' && *p >= '0' && *p <= '9')
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "a number begins with 0: expected no zeros in front");
    const char *advice = unexpected_advice(scanner, what);
    if (advice)
        return source_error(scanner->source, json_offset(scanner), scanner->error, "%s", advice);
    unsigned char c = (unsigned char)*p;
    size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (length > left || text_valid_length(p, length) != length || c < 0x20)
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "expected %s, found the byte 0x%02x", what, c);
    return source_error(scanner->source, json_offset(scanner), scanner->error, "expected %s, found '%.*s'",
                        what, (int)length, p);
}

/* Bytes of the text at scanner->at that consist of these characters, for a message: at most 40. */
static int run_length(const struct scanner *scanner, const char *characters)
{
    const char *p = scanner->at;
    while (p < scanner->end && *p && strchr(characters, *p) && p - scanner->at < 40)
        p++;
    return (int)(p - scanner->at);
}

/* What others write in the place of values, and what JSON has there. */
struct foreign {
    const char *text, *expected;
};

static const struct foreign *find_foreign(const struct scanner *scanner)
{
    static const struct foreign list[] = {
        {"nan", "NaN"},
        {"inf", "Infinity"},
        {"None", "null"},
        {"True", "true"},
        {"False", "false"},
        {"tensor", "a list; a tensor is printed so, and json.dumps(t.tolist()) writes a list"},
        {"array", "a list; an array is printed so, and json.dumps(a.tolist()) writes a list"},
        {"...", "all numbers; a large array is printed without some"},
        {".", "a digit before the point"},
        {"+", "a number above 0 without a sign"},
    };
    const size_t left = (size_t)(scanner->end - scanner->at);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const size_t length = strlen(list[i].text);
        if (length <= left && memcmp(scanner->at, list[i].text, length) == 0)
            return &list[i];
    }
    return NULL;
}

bool json_no_value(struct scanner *scanner)
{
    const struct foreign *foreign = find_foreign(scanner);
    if (foreign)
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "found \"%s\": expected %s", foreign->text, foreign->expected);
    int word = run_length(scanner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    if (word > 1)
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "expected a value, found \"%.*s\"", word, scanner->at);
    int number = run_length(scanner, "+-.eE0123456789");
    if (number && (*scanner->at == '-' || (*scanner->at >= '0' && *scanner->at <= '9')))
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "the number \"%.*s\" breaks off: expected a digit", number, scanner->at);
    return json_unexpected(scanner, "a value");
}

bool json_too_deep(struct scanner *scanner)
{
    return source_error(scanner->source, json_offset(scanner), scanner->error,
                        "lists and objects are nested deeper than %d", JSON_NESTING);
}

static void skeleton_add(struct scanner *scanner, const char *bytes, size_t size)
{
    if (!scanner->quiet)
        out_bytes(&scanner->skeleton, bytes, size);
}

/* Four hexadecimal digits at p, or -1. */
static int32_t read_hex(const char *p, const char *end)
{
    int32_t code = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        if (c >= '0' && c <= '9')
            code = code * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return code;
}

/* \uXXXX at scanner->at. Halves of a pair that stand alone become U+FFFD: tokenizers that
 * cut characters emit them. */
static bool scan_code(struct scanner *scanner)
{
    const char *p = scanner->at;
    int32_t code = read_hex(p + 2, scanner->end);
    if (code < 0)
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "expected four hexadecimal digits after \\u");
    scanner->at += 6;
    if (code < 0xD800 || code > 0xDFFF) {
        if ((code != 0 && code < 0x20) || code == '"' || code == '\\') {
            skeleton_add(scanner, p, 6);
            return true;
        }
    } else {
        int32_t low = -1;
        if (code < 0xDC00 && scanner->end - scanner->at >= 6 && scanner->at[0] == '\\' &&
            scanner->at[1] == 'u')
            low = read_hex(scanner->at + 2, scanner->end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            scanner->at += 6;
        } else {
            code = 0xFFFD;
        }
    }
    char bytes[4];
    const size_t length = text_encode((uint32_t)code, bytes);
    skeleton_add(scanner, bytes, length);
    return true;
}

static bool scan_escape(struct scanner *scanner)
{
    char c = scanner->end - scanner->at > 1 ? scanner->at[1] : 0;
    if (c == 'u')
        return scan_code(scanner);
    if (c == 0 || !strchr("\"\\/bfnrt", c))
        return source_error(scanner->source, json_offset(scanner), scanner->error,
                            "expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX after a backslash");
    skeleton_add(scanner, scanner->at, 2);
    scanner->at += 2;
    return true;
}

/* A string at scanner->at. Its opening quote goes to the skeleton, its closing one does not. */
static bool scan_string(struct scanner *scanner)
{
    size_t start = json_offset(scanner);
    skeleton_add(scanner, "\"", 1);
    scanner->at++;
    for (;;) {
        const char *p = scanner->at, *end = scanner->end;
        unsigned char all = 0;
        while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
            all |= (unsigned char)*p++;
        size_t length = (size_t)(p - scanner->at);
        if (all & 0x80) {
            size_t valid = text_valid_length(scanner->at, length);
            if (valid < length)
                return source_error(scanner->source, json_offset(scanner) + valid, scanner->error,
                                    "the byte 0x%02x is not UTF-8: expected text in UTF-8",
                                    (unsigned char)scanner->at[valid]);
        }
        skeleton_add(scanner, scanner->at, length);
        scanner->at = p;
        if (p == end)
            return source_error(scanner->source, start, scanner->error,
                                "a string has no end: expected a closing '\"'");
        if (*p == '"')
            break;
        if (*p != '\\')
            return source_error(scanner->source, json_offset(scanner), scanner->error,
                                "a control character (0x%02x) in a string: expected it escaped, as \\u%04x",
                                (unsigned char)*p, (unsigned char)*p);
        if (!scan_escape(scanner))
            return false;
    }
    scanner->at++;
    return true;
}

/* Behind an element of a list or object: a comma, and *more, or the end. */
static bool scan_separator(struct scanner *scanner, char end, bool *more)
{
    json_skip_blanks(scanner);
    char c = scanner->at < scanner->end ? *scanner->at : 0;
    if (c != ',' && c != end)
        return json_unexpected(scanner, end == ']' ? "',' or ']'" : "',' or '}'");
    scanner->at++;
    *more = c == ',';
    skeleton_add(scanner, &c, 1);
    json_skip_blanks(scanner);
    return true;
}

static bool scan_object(struct scanner *scanner)
{
    if (scanner->depth == JSON_NESTING)
        return json_too_deep(scanner);
    scanner->depth++;
    scanner->at++;
    skeleton_add(scanner, "{", 1);
    json_skip_blanks(scanner);
    bool more = true;
    if (scanner->at < scanner->end && *scanner->at == '}') {
        more = false;
        scanner->at++;
        skeleton_add(scanner, "}", 1);
    }
    while (more) {
        if (scanner->at == scanner->end || *scanner->at != '"')
            return json_unexpected(scanner, "a key in double quotes");
        if (!scan_string(scanner))
            return false;
        json_skip_blanks(scanner);
        if (scanner->at == scanner->end || *scanner->at != ':')
            return json_unexpected(scanner, "':' after a key");
        scanner->at++;
        json_skip_blanks(scanner);
        if (!scanner->quiet)
            out_format(&scanner->skeleton, ":%zu\":", json_offset(scanner));
        if (!json_scan_value(scanner) || !scan_separator(scanner, '}', &more))
            return false;
    }
    scanner->depth--;
    return true;
}

/* A list whose first element is a string, an object or a list of strings. */
static bool scan_list(struct scanner *scanner)
{
    if (scanner->depth == JSON_NESTING)
        return json_too_deep(scanner);
    scanner->depth++;
    size_t skeleton_start = scanner->skeleton.size, odd = 0;
    bool quiet = scanner->quiet, more = true;
    skeleton_add(scanner, "[", 1);
    scanner->at++;
    json_skip_blanks(scanner);
    char kind = *scanner->at;
    while (more) {
        if (!odd && scanner->at < scanner->end && *scanner->at != kind) {
            odd = json_offset(scanner);
            scanner->quiet = true;
        }
        if (!json_scan_value(scanner) || !scan_separator(scanner, ']', &more))
            return false;
    }
    scanner->quiet = quiet;
    if (odd && !quiet && scanner->skeleton.trouble == 0) {
        scanner->skeleton.size = skeleton_start;
        out_format(&scanner->skeleton, "[true,%zu]", odd);
    }
    scanner->depth--;
    return true;
}

static bool scan_scalar(struct scanner *scanner)
{
    float value;
    unsigned holds = 0;
    const char *start = scanner->at, *next = json_read_scalar(start, scanner->end, &value, &holds);
    if (!next)
        return json_no_value(scanner);
    if (holds == TENSOR_NUMBERS) {
        if (!scanner->quiet)
            out_format(&scanner->skeleton, "%zu", json_offset(scanner));
    } else {
        skeleton_add(scanner, start, (size_t)(next - start));
    }
    scanner->at = next;
    return true;
}

bool json_scan_value(struct scanner *scanner)
{
    char c = scanner->at < scanner->end ? *scanner->at : 0;
    if (c == '"') {
        bool ok = scan_string(scanner);
        skeleton_add(scanner, "\"", 1);
        return ok;
    }
    if (c == '{')
        return scan_object(scanner);
    if (c == '[')
        return json_is_array(scanner) ? json_scan_array(scanner) : scan_list(scanner);
    return scan_scalar(scanner);
}

bool json_scan(struct json *json, const struct source *source, struct error *error)
{
    *json = (struct json){.source = source};
    struct scanner scanner = {
        .json = json,
        .source = source,
        .at = source->data,
        .end = source->data + source->size,
        .error = error,
    };
    out_begin(&scanner.skeleton, -1, source->name);
    json_skip_blanks(&scanner);
    json->root_offset = json_offset(&scanner);
    bool ok = json_scan_value(&scanner);
    if (ok) {
        json_skip_blanks(&scanner);
        if (scanner.at < scanner.end)
            ok = json_unexpected(&scanner, "nothing more after the value");
    }
    ok = out_finish(&scanner.skeleton, error) && ok;
    if (ok) {
        json->root = cJSON_ParseWithLength(scanner.skeleton.data, scanner.skeleton.size);
        if (!json->root) /* the skeleton is right, so it can only be memory */
            ok = error_memory(error, scanner.skeleton.size);
    }
    out_free(&scanner.skeleton);
    return ok;
}

void json_free(struct json *json)
{
    cJSON_Delete(json->root);
    for (size_t i = 0; i < json->array_count; i++)
        tensor_free(&json->arrays[i].tensor);
    free(json->arrays);
    *json = (struct json){0};
}
