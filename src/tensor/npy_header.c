#include "tensor/npy_header.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/out.h"

static const bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/* The types of numbers, by the letter and size of their descr. */
static const struct {
    char kind;
    size_t size;
    enum dtype dtype;
} number_types[] = {
    {'b', 1, DTYPE_BOOL}, {'i', 1, DTYPE_I8},  {'u', 1, DTYPE_U8},  {'i', 2, DTYPE_I16},
    {'u', 2, DTYPE_U16},  {'i', 4, DTYPE_I32}, {'u', 4, DTYPE_U32}, {'i', 8, DTYPE_I64},
    {'u', 8, DTYPE_U64},  {'f', 2, DTYPE_F16}, {'f', 4, DTYPE_F32}, {'f', 8, DTYPE_F64},
};
enum { NUMBER_TYPES = sizeof number_types / sizeof *number_types };

/* ---- the dictionary ---- */

/* A Python literal on its way: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. */
struct npy_parser {
    const char *at, *end;
    const char *descr; /* the text of its value, with quotes or brackets */
    size_t descr_size;
    bool is_string; /* descr is a string, without quotes then */
    bool has_order, is_fortran, has_shape;
    size_t shape[ARRAY_RANK_MAX];
    int rank;
    bool is_too_deep; /* more axes than ARRAY_RANK_MAX */
};

static void npy_blanks(struct npy_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n'))
        p->at++;
}

/* Takes a character, blanks before it. */
static bool npy_take(struct npy_parser *p, char c)
{
    npy_blanks(p);
    const bool is = p->at < p->end && *p->at == c;
    p->at += is;
    return is;
}

static bool npy_word(struct npy_parser *p, const char *word)
{
    const size_t length = strlen(word);
    npy_blanks(p);
    const bool is = (size_t)(p->end - p->at) >= length && memcmp(p->at, word, length) == 0;
    p->at += is ? length : 0;
    return is;
}

/* A string without escapes. */
static bool npy_string(struct npy_parser *p, const char **text, size_t *size)
{
    npy_blanks(p);
    const char quote = p->at < p->end ? *p->at : 0;
    if (quote != '\'' && quote != '"')
        return false;
    const char *close = memchr(p->at + 1, quote, (size_t)(p->end - p->at - 1));
    if (!close || memchr(p->at, '\\', (size_t)(close - p->at)))
        return false;
    *text = p->at + 1;
    *size = (size_t)(close - *text);
    p->at = close + 1;
    return true;
}

/* A value that is not understood here, to its end: brackets in pairs, strings whole. */
static bool npy_skip(struct npy_parser *p)
{
    const char *text;
    size_t size, depth = 0;
    do {
        npy_blanks(p);
        if (p->at >= p->end)
            return false;
        const char c = *p->at;
        if (c == '\'' || c == '"') {
            if (!npy_string(p, &text, &size))
                return false;
            continue;
        }
        depth += c == '[' || c == '(' || c == '{';
        if ((c == ']' || c == ')' || c == '}') && depth-- == 0)
            return false;
        p->at++;
    } while (depth > 0);
    return true;
}

static bool npy_descr(struct npy_parser *p)
{
    npy_blanks(p);
    const char *start = p->at;
    if (p->descr)
        return false;
    p->is_string = p->at < p->end && (*p->at == '\'' || *p->at == '"');
    if (p->is_string)
        return npy_string(p, &p->descr, &p->descr_size);
    if (!npy_skip(p))
        return false;
    p->descr = start;
    p->descr_size = (size_t)(p->at - start);
    return true;
}

static bool npy_order(struct npy_parser *p)
{
    if (p->has_order)
        return false;
    p->has_order = true;
    p->is_fortran = npy_word(p, "True");
    return p->is_fortran || npy_word(p, "False");
}

/* A whole number; Python 2 wrote long ones with an L. */
static bool npy_axis(struct npy_parser *p, size_t *axis)
{
    npy_blanks(p);
    const char *start = p->at;
    *axis = 0;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        if (!size_multiply(*axis, 10, axis) || __builtin_add_overflow(*axis, (size_t)(*p->at - '0'), axis))
            return false;
        p->at++;
    }
    if (p->at == start)
        return false;
    if (p->at < p->end && *p->at == 'L')
        p->at++;
    return true;
}

static bool npy_shape(struct npy_parser *p)
{
    if (p->has_shape || !npy_take(p, '('))
        return false;
    p->has_shape = true;
    while (!npy_take(p, ')')) {
        size_t axis;
        if (!npy_axis(p, &axis))
            return false;
        p->is_too_deep = p->is_too_deep || p->rank == ARRAY_RANK_MAX;
        if (!p->is_too_deep)
            p->shape[p->rank++] = axis;
        /* A tuple of one has a comma. */
        const bool comma = npy_take(p, ',');
        if (!comma && (p->rank == 1 || !npy_take(p, ')')))
            return false;
        if (!comma)
            return true;
    }
    return true;
}

static bool npy_dictionary(struct npy_parser *p)
{
    if (!npy_take(p, '{'))
        return false;
    while (!npy_take(p, '}')) {
        const char *key;
        size_t size;
        if (!npy_string(p, &key, &size) || !npy_take(p, ':'))
            return false;
        const bool ok = size == 5 && memcmp(key, "descr", 5) == 0             ? npy_descr(p)
                        : size == 13 && memcmp(key, "fortran_order", 13) == 0 ? npy_order(p)
                        : size == 5 && memcmp(key, "shape", 5) == 0           ? npy_shape(p)
                                                                              : false;
        if (!ok)
            return false;
        if (!npy_take(p, ',')) {
            if (!npy_take(p, '}'))
                return false;
            break;
        }
    }
    npy_blanks(p);
    return p->at == p->end && p->descr && p->has_order && p->has_shape;
}

/* ---- what it says ---- */

/* Where the dictionary lies. */
static bool find_dictionary(const struct archive *archive, const struct array *array, const char *bytes,
                            size_t size, struct npy_parser *parser, size_t *begin, struct error *error)
{
    const unsigned char *b = (const unsigned char *)bytes;
    const size_t first = size > 6 && b[6] >= 2 ? 12 : 10;
    if (size < first || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return archive_error(archive, array, error, "no header of NumPy's NPY in front: expected one");
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return archive_error(archive, array, error, "NPY version %d.%d: expected 1.0, 2.0 or 3.0", b[6],
                             b[7]);
    const size_t length = (size_t)little_endian(b + 8, first - 8);
    if (length > NPY_HEADER_MOST - 12)
        return archive_error(archive, array, error, "a header of %zu bytes: expected at most %d", length,
                             NPY_HEADER_MOST - 12);
    if (length > size - first)
        return archive_error(archive, array, error, "ends within its header: expected %zu bytes of it",
                             length);
    *parser = (struct npy_parser){.at = bytes + first, .end = bytes + first + length};
    *begin = first + length;
    return true;
}

/* A descr in its parts: "<f4", "|O", "<M8[ns]". */
struct npy_descr {
    char order, kind;
    size_t size;
};

/* False where it is none. Of dates, the unit may stand behind the size. */
static bool descr_read(struct npy_descr *descr, const char *text)
{
    const char *at = text;
    *descr = (struct npy_descr){.order = *at ? *at++ : 0};
    descr->kind = *at ? *at++ : 0;
    const bool is_letter = (descr->kind | 0x20) >= 'a' && (descr->kind | 0x20) <= 'z';
    const char *digits = at;
    for (; *at >= '0' && *at <= '9' && descr->size < 1 << 20; at++)
        descr->size = descr->size * 10 + (size_t)(*at - '0');
    const size_t unit = strspn(*at == '[' ? at + 1 : "", "abcdefghijklmnopqrstuvwxyzDMWY0123456789/");
    if ((descr->kind == 'M' || descr->kind == 'm') && unit > 0 && at[unit + 1] == ']')
        at += unit + 2;
    return descr->order && strchr("<>|=", descr->order) && is_letter && !*at &&
           (at > digits || descr->kind == 'O');
}

/* The type by its descr, "<f4"; *bytes of a number. Records, and objects, which have no size: these are told of, and not read. */
static bool npy_find_type(struct archive *archive, struct array *array, const struct npy_parser *p,
                          size_t *bytes, struct error *error)
{
    char *type = archive_alloc(archive, p->descr_size + 1, 1, error);
    if (!type)
        return false;
    memcpy(type, p->descr, p->descr_size);
    type[p->descr_size] = 0;
    array->type = type;
    struct npy_descr descr;
    *bytes = 0;
    if (!p->is_string && type[0] == '[')
        return true;
    if (!p->is_string || !descr_read(&descr, type))
        return archive_error(archive, array, error, "numbers of the type \"%.60s\": expected one as \"<f4\"",
                             type);
    const char order = descr.order, kind = descr.kind;
    const size_t size = descr.size;
    if (kind == 'O')
        return true;
    for (int t = 0; t < NUMBER_TYPES; t++)
        if (number_types[t].kind == kind && number_types[t].size == size)
            array->dtype = number_types[t].dtype;
    array->swapped = size > 1 && ((order == '>' && is_little) || (order == '<' && !is_little));
    *bytes = kind == 'U' ? 4 * size : size;
    return true;
}

/* The strides of Fortran order: the first axis last. */
static void pack_fortran(struct array *array)
{
    size_t count, stride = 1;
    if (!array_count(array, &count) || count == 0)
        return;
    for (int a = 0; a < array->rank; a++) {
        array->stride[a] = (ptrdiff_t)stride;
        stride *= array->shape[a];
    }
}

bool npy_header_read(struct archive *archive, size_t index, const char *bytes, size_t size, size_t whole,
                     size_t *begin, struct error *error)
{
    struct array *array = &archive->arrays[index];
    struct npy_parser p;
    size_t each = 0, count, needed;
    char shape[ARRAY_SHAPE_TEXT];
    if (!find_dictionary(archive, array, bytes, size, &p, begin, error))
        return false;
    if (!npy_dictionary(&p))
        return archive_error(
            archive, array, error,
            "a header that is none, at byte %zu: expected a dictionary of descr, fortran_order and shape",
            (size_t)(p.at - bytes));
    if (!npy_find_type(archive, array, &p, &each, error))
        return false;
    if (p.is_too_deep)
        return archive_error(archive, array, error, "more than %d axes: expected no more", ARRAY_RANK_MAX);
    array->rank = p.rank;
    memcpy(array->shape, p.shape, sizeof p.shape);
    if (!array_pack(array) || !array_count(array, &count) || !size_multiply(count, each, &needed))
        return archive_error(archive, array, error, "its shape is %s: more numbers than any file has",
                             array_shape(array, shape));
    if (p.is_fortran)
        pack_fortran(array);
    array->bytes = whole - *begin;
    if (array_is_opaque(array))
        return true;
    /* NumPy reads what it needs and leaves what is behind. That is an error here: it is a second array that np.save appended, of
     * which nobody would hear, or the header does not belong to these numbers. */
    if (needed != whole - *begin)
        return archive_error(archive, array, error,
                             "%zu bytes of numbers: expected %zu, by its shape of %s and %zu bytes each",
                             whole - *begin, needed, array_shape(array, shape), each);
    return true;
}

/* ---- writing ---- */

/* The descr of a type of numbers on this machine. */
static void npy_type(const struct array *array, char descr[16])
{
    for (int t = 0; t < NUMBER_TYPES; t++)
        if (number_types[t].dtype == array->dtype)
            snprintf(descr, 16, "%c%c%zu",
                     number_types[t].size == 1 ? '|'
                     : is_little               ? '<'
                                               : '>',
                     number_types[t].kind, number_types[t].size);
}

void npy_header_write(const struct array *array, struct out *out)
{
    char descr[16] = "", header[64 + ARRAY_RANK_MAX * 24];
    npy_type(array, descr);
    size_t length =
        (size_t)snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int a = 0; a < array->rank; a++)
        length += (size_t)snprintf(header + length, sizeof header - length, "%zu%s", array->shape[a],
                                   array->rank == 1      ? ","
                                   : a + 1 < array->rank ? ", "
                                                         : "");
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    const size_t padded = (10 + length + 1 + 63) / 64 * 64 - 10;
    out_bytes(out, "\x93NUMPY\x01\x00", 8);
    little_endian_write(out, 2, padded);
    out_bytes(out, header, length);
    for (size_t i = length; i + 1 < padded; i++)
        out_char(out, ' ');
    out_char(out, '\n');
}
