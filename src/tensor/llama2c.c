/*
 * llama2.c's .bin: a header of seven integers, then matrices of float32 in a fixed order. Version 0, the oldest, begins with
 * the header and has two tables of rotary before its classifier; versions 1 and 2 begin with "ak42" as an integer, their header
 * fills 256 bytes, and the matrices of version 2 are int8 in groups, each matrix followed by the scales of its groups. All is
 * little endian. Source: export.py and run.c of karpathy/llama2.c at 350e04f, whose names of tensors these are; the two tables
 * have those of run.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"

enum { LEGACY_HEADER = 28, HEADER = 256, MAGIC = 0x616b3432, AT_SHARED = 36, AT_GROUP = 37 };

/* What the header says. */
struct llama2c {
    int version; /* 0, 1, 2; another: there is the magic number, and no more is known */
    size_t dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len;
    size_t group_size; /* of version 2 */
    bool is_shared;    /* the classifier is tok_embeddings.weight */
};

enum llama2c_part {
    PART_END,
    PART_EMBEDDINGS,
    PART_ATTENTION_NORM,
    PART_WQ,
    PART_WK,
    PART_WV,
    PART_WO,
    PART_FFN_NORM,
    PART_W1,
    PART_W2,
    PART_W3,
    PART_NORM,
    PART_REAL,
    PART_IMAGINARY,
    PART_OUTPUT,
    PART_COUNT
};

/* The order of the file. Of a part of layers all layers follow each other. */
static const unsigned char order_0[] = {
    PART_EMBEDDINGS, PART_ATTENTION_NORM, PART_WQ,        PART_WK,     PART_WV,
    PART_WO,         PART_FFN_NORM,       PART_W1,        PART_W2,     PART_W3,
    PART_NORM,       PART_REAL,           PART_IMAGINARY, PART_OUTPUT, PART_END};
static const unsigned char order_1[] = {PART_ATTENTION_NORM,
                                        PART_FFN_NORM,
                                        PART_NORM,
                                        PART_EMBEDDINGS,
                                        PART_WQ,
                                        PART_WK,
                                        PART_WV,
                                        PART_WO,
                                        PART_W1,
                                        PART_W2,
                                        PART_W3,
                                        PART_OUTPUT,
                                        PART_END};

static const struct {
    const char *name;
    bool is_of_layers;
} parts[PART_COUNT] = {
    [PART_EMBEDDINGS] = {"tok_embeddings.weight", false},
    [PART_ATTENTION_NORM] = {"attention_norm.weight", true},
    [PART_WQ] = {"attention.wq.weight", true},
    [PART_WK] = {"attention.wk.weight", true},
    [PART_WV] = {"attention.wv.weight", true},
    [PART_WO] = {"attention.wo.weight", true},
    [PART_FFN_NORM] = {"ffn_norm.weight", true},
    [PART_W1] = {"feed_forward.w1.weight", true},
    [PART_W2] = {"feed_forward.w2.weight", true},
    [PART_W3] = {"feed_forward.w3.weight", true},
    [PART_NORM] = {"norm.weight", false},
    [PART_REAL] = {"freq_cis_real", false},
    [PART_IMAGINARY] = {"freq_cis_imag", false},
    [PART_OUTPUT] = {"output.weight", false},
};

/* ---- the header ---- */

static int32_t integer_at(const char *data)
{
    return (int32_t)(uint32_t)little_endian(data, 4);
}

/* Reads the seven integers at `data`. False where no model has such sizes. */
static bool read_sizes(struct llama2c *model, const char *data)
{
    static const int32_t most[7] = {1 << 20, 1 << 22, 1 << 12, 1 << 14, 1 << 14, 1 << 26, 1 << 26};
    size_t *const to[7] = {&model->dim,        &model->hidden_dim, &model->n_layers, &model->n_heads,
                           &model->n_kv_heads, &model->vocab_size, &model->seq_len};
    for (int i = 0; i < 7; i++) {
        const int32_t value = integer_at(data + 4 * i);
        /* Of version 0 a negative vocabulary says that the classifier is no copy of the embeddings. */
        const bool is_negative = value < 0 && to[i] == &model->vocab_size && model->version == 0;
        if (value < -most[i] || value > most[i] || value == 0 || (value < 0 && !is_negative))
            return false;
        *to[i] = (size_t)(is_negative ? -value : value);
        if (to[i] == &model->vocab_size)
            model->is_shared = !is_negative;
    }
    return model->dim % model->n_heads == 0 && model->dim / model->n_heads % 2 == 0 &&
           model->n_heads % model->n_kv_heads == 0;
}

/* Reads the header; false where it is none. */
static bool read_header_of(struct llama2c *model, const char *data, size_t size)
{
    *model = (struct llama2c){0};
    if (size < LEGACY_HEADER)
        return false;
    if (integer_at(data) != MAGIC)
        return read_sizes(model, data);
    model->version = integer_at(data + 4);
    if (model->version != 1 && model->version != 2) {
        model->version = -1;
        return true;
    }
    if (size < HEADER || !read_sizes(model, data + 8))
        return false;
    model->is_shared = data[AT_SHARED] != 0;
    if (model->version == 1)
        return true;
    const int32_t group = integer_at(data + AT_GROUP);
    model->group_size = (size_t)group;
    return group > 0 && (size_t)group <= model->dim;
}

/* ---- sizes ---- */

/* The shape of a part of one layer; its rank. */
static int part_shape(const struct llama2c *model, enum llama2c_part part, size_t shape[2])
{
    const size_t head = model->dim / model->n_heads, kv = head * model->n_kv_heads;
    size_t rows = model->dim, columns = rows;
    switch (part) {
    case PART_ATTENTION_NORM:
    case PART_FFN_NORM:
    case PART_NORM:
        shape[0] = model->dim;
        shape[1] = 1;
        return 1;
    case PART_EMBEDDINGS:
    case PART_OUTPUT:
        rows = model->vocab_size;
        break;
    case PART_WK:
    case PART_WV:
        rows = kv;
        break;
    case PART_W1:
    case PART_W3:
        rows = model->hidden_dim;
        break;
    case PART_W2:
        columns = model->hidden_dim;
        break;
    case PART_REAL:
    case PART_IMAGINARY:
        rows = model->seq_len;
        columns = head / 2;
        break;
    default:
        break;
    }
    shape[0] = rows;
    shape[1] = columns;
    return 2;
}

static bool part_is_there(const struct llama2c *model, enum llama2c_part part)
{
    return part != PART_OUTPUT || !model->is_shared;
}

static bool part_is_quantized(const struct llama2c *model, enum llama2c_part part)
{
    size_t shape[2];
    return model->version == 2 && part_shape(model, part, shape) == 2;
}

/* The bytes of a part of one layer. False where they do not fit a size_t, or where groups do not fill the matrix. */
static bool part_bytes(const struct llama2c *model, enum llama2c_part part, size_t *bytes)
{
    size_t shape[2], count;
    part_shape(model, part, shape);
    if (!size_multiply(shape[0], shape[1], &count))
        return false;
    if (!part_is_quantized(model, part))
        return size_multiply(count, sizeof(float), bytes);
    *bytes = count + count / model->group_size * sizeof(float);
    return count % model->group_size == 0 && *bytes >= count;
}

static const unsigned char *part_order(const struct llama2c *model)
{
    return model->version == 0 ? order_0 : order_1;
}

/* The bytes of the whole file; false where they do not fit. */
static bool file_bytes(const struct llama2c *model, size_t *bytes)
{
    *bytes = model->version == 0 ? LEGACY_HEADER : HEADER;
    for (const unsigned char *part = part_order(model); *part; part++) {
        size_t one, all;
        if (!part_is_there(model, *part))
            continue;
        if (!part_bytes(model, *part, &one) ||
            !size_multiply(one, parts[*part].is_of_layers ? model->n_layers : 1, &all) ||
            all > SIZE_MAX - *bytes)
            return false;
        *bytes += all;
    }
    return true;
}

static int llama2c_probe(const char *data, size_t size, const char *name)
{
    struct llama2c model;
    size_t bytes;
    if (size >= 8 && integer_at(data) == MAGIC)
        return 2;
    if (!read_header_of(&model, data, size) || !file_bytes(&model, &bytes))
        return 0;
    return bytes == size ? 2 : text_ends_caseless(name, ".bin");
}

/* ---- the arrays ---- */

/* Adds the part of a layer that lies at *offset; moves *offset behind it. */
static bool add_part(struct archive *archive, const struct llama2c *model, enum llama2c_part part,
                     size_t layer, size_t *offset, struct error *error)
{
    char name[64];
    const int length = parts[part].is_of_layers
                           ? snprintf(name, sizeof name, "layers.%zu.%s", layer, parts[part].name)
                           : snprintf(name, sizeof name, "%s", parts[part].name);
    struct array *array = archive_add(archive, name, (size_t)length, error);
    if (!array)
        return false;
    const bool is_quantized = part_is_quantized(model, part);
    size_t bytes;
    array->type = is_quantized ? "Q8_0" : "F32";
    array->dtype = DTYPE_F32;
    array->swapped = !is_quantized && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    array->rank = part_shape(model, part, array->shape);
    if (!part_bytes(model, part, &bytes) || !array_pack(array))
        return archive_error(archive, array, error, "has too many numbers");
    array->data = is_quantized ? NULL : archive->sources[0].data + *offset;
    array->bytes = bytes;
    array->offset = *offset;
    *offset += bytes;
    return true;
}

static bool add_parts(struct archive *archive, const struct llama2c *model, struct error *error)
{
    size_t offset = model->version == 0 ? LEGACY_HEADER : HEADER;
    for (const unsigned char *part = part_order(model); *part; part++) {
        const size_t count = parts[*part].is_of_layers ? model->n_layers : part_is_there(model, *part);
        for (size_t layer = 0; layer < count; layer++)
            if (!add_part(archive, model, *part, layer, &offset, error))
                return false;
    }
    return true;
}

static bool say_integer(struct archive *archive, const char *key, size_t value, enum metadatum_kind kind,
                        struct error *error)
{
    struct metadatum *metadatum = archive_add_metadatum(archive, key, strlen(key), error);
    if (!metadatum)
        return false;
    metadatum->kind = kind;
    metadatum->integer = (int64_t)value;
    return true;
}

static bool say_header(struct archive *archive, const struct llama2c *model, struct error *error)
{
    return say_integer(archive, "version", (size_t)model->version, METADATUM_INTEGER, error) &&
           say_integer(archive, "dim", model->dim, METADATUM_INTEGER, error) &&
           say_integer(archive, "hidden_dim", model->hidden_dim, METADATUM_INTEGER, error) &&
           say_integer(archive, "n_layers", model->n_layers, METADATUM_INTEGER, error) &&
           say_integer(archive, "n_heads", model->n_heads, METADATUM_INTEGER, error) &&
           say_integer(archive, "n_kv_heads", model->n_kv_heads, METADATUM_INTEGER, error) &&
           say_integer(archive, "vocab_size", model->vocab_size, METADATUM_INTEGER, error) &&
           say_integer(archive, "seq_len", model->seq_len, METADATUM_INTEGER, error) &&
           say_integer(archive, "shared_classifier", model->is_shared, METADATUM_TRUTH, error) &&
           (model->version != 2 ||
            say_integer(archive, "group_size", model->group_size, METADATUM_INTEGER, error));
}

static bool llama2c_open(struct archive *archive, struct error *error)
{
    const struct source *source = &archive->sources[0];
    struct llama2c model;
    size_t bytes;
    if (!read_header_of(&model, source->data, source->size))
        return error_set(error, ERROR_INPUT,
                         "%s: the header is none of llama2.c: expected dim, hidden_dim, n_layers, n_heads, "
                         "n_kv_heads, vocab_size and seq_len that fit together",
                         source->name);
    if (model.version < 0)
        return error_set(error, ERROR_INPUT, "%s: llama2.c's version %d is not known: expected 1 or 2",
                         source->name, (int)integer_at(source->data + 4));
    if (!file_bytes(&model, &bytes))
        return error_set(
            error, ERROR_INPUT,
            "%s: the header of llama2.c says sizes that do not fit together, or no file can have",
            source->name);
    if (bytes != source->size)
        return error_set(error, ERROR_INPUT,
                         "%s: the header of llama2.c asks for %zu bytes in all, and the file has %zu",
                         source->name, bytes, source->size);
    return add_parts(archive, &model, error) && say_header(archive, &model, error);
}

/* The numbers of version 2: int8, and behind all of them a scale for each group. */
static bool llama2c_load(struct archive *archive, struct array *array, struct error *error)
{
    const char *data = archive->sources[array->source].data + array->offset;
    const size_t group = (size_t)archive_metadatum(archive, "group_size")->integer;
    size_t count;
    if (!array_count(array, &count))
        return archive_error(archive, array, error, "has too many numbers");
    float *numbers = archive_alloc(archive, count, sizeof *numbers, error);
    if (!numbers)
        return false;
    for (size_t g = 0; g < count / group; g++) {
        const uint32_t bits = (uint32_t)integer_at(data + count + g * sizeof(float));
        float scale;
        memcpy(&scale, &bits, sizeof scale);
        for (size_t i = g * group; i < (g + 1) * group; i++)
            numbers[i] = (float)(signed char)data[i] * scale;
    }
    array->data = (const char *)numbers;
    return true;
}

static const char *const llama2c_endings[] = {NULL};

const struct format format_llama2c = {.name = "llama2c",
                                      .what = "a model of llama2.c",
                                      .endings = llama2c_endings,
                                      .probe = llama2c_probe,
                                      .open = llama2c_open,
                                      .load = llama2c_load};
