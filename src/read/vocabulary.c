#include "read/vocabulary.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "read/json_values.h"
#include "tensor/format.h"

/* More pieces than any vocabulary has: a number beyond is damage. */
enum { PIECES_MAX = 1 << 24 };

/* A file on its way into a vocabulary. */
struct pieces {
    struct vocabulary *vocabulary;
    struct source *source;
    struct error *error;
};

/* Gives a number its piece; bytes that are no UTF-8 become U+FFFD. The first counts. */
static bool pieces_set(const struct pieces *p, size_t id, const char *text, size_t length)
{
    struct vocabulary *v = p->vocabulary;
    if (id >= PIECES_MAX)
        return error_set(p->error, ERROR_INPUT, "%s: a piece has the number %zu: expected one below %d",
                         p->source->name, id, PIECES_MAX);
    if (id >= v->count) {
        size_t count = id < 2 * v->count ? 2 * v->count : id + 1;
        count = count < 256 ? 256 : count;
        if (!memory_resize(&v->piece, count, sizeof *v->piece, p->error))
            return false;
        memset(v->piece + v->count, 0, (count - v->count) * sizeof *v->piece);
        v->count = count;
    }
    if (v->piece[id])
        return true;
    struct out out;
    out_begin(&out, -1, "");
    for (size_t i = 0, valid; i < length; i += valid ? valid : 1) {
        valid = text_valid_length(text + i, length - i);
        if (valid > 0)
            out_bytes(&out, text + i, valid);
        else
            out_text(&out, "\xEF\xBF\xBD");
    }
    /* A NUL within is held as everywhere. */
    v->piece[id] = memory_alloc(2 * out.size + 1, 1, p->error);
    size_t used = 0;
    for (size_t i = 0; v->piece[id] && i < out.size; i++) {
        if (out.data[i] == 0)
            v->piece[id][used++] = TEXT_NUL[0];
        v->piece[id][used++] = out.data[i] ? out.data[i] : TEXT_NUL[1];
    }
    if (v->piece[id])
        v->piece[id][used] = 0;
    out_free(&out);
    return v->piece[id];
}

static bool no_vocabulary(const struct pieces *p)
{
    return error_set(
        p->error, ERROR_INPUT,
        "%s holds no vocabulary: expected a tokenizer.json, vocab.json, vocab.txt, tokenizer.model, "
        "tokenizer.bin of llama2.c, or a GGUF file with its tokens",
        p->source->name);
}

/* ---- JSON ---- */

/* The value of a key of an object of the skeleton, whose keys end in their offsets; NULL: there is none. */
static cJSON *vocabulary_value(const cJSON *object, const char *key)
{
    const size_t length = strlen(key);
    for (cJSON *child = cJSON_IsObject(object) ? object->child : NULL; child; child = child->next)
        if (strncmp(child->string, key, length) == 0 && child->string[length] == ':' &&
            strspn(child->string + length + 1, "0123456789") == strlen(child->string + length + 1))
            return child;
    return NULL;
}

/* The whole number of an item, whose text lies in the source. */
static bool item_number(const struct json *json, const cJSON *item, size_t *number)
{
    if (!cJSON_IsNumber(item))
        return false;
    const char *text = json->source->data + (size_t)item->valuedouble;
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return *end != '.' && *end != 'e' && *end != 'E' && *number < SIZE_MAX / 2;
}

/* {"piece": number, …} */
static bool read_numbered(const struct pieces *p, const struct json *json, const cJSON *object)
{
    for (const cJSON *child = object->child; child; child = child->next) {
        size_t id;
        if (!item_number(json, child, &id))
            return no_vocabulary(p);
        if (!pieces_set(p, id, child->string, (size_t)(strrchr(child->string, ':') - child->string)))
            return false;
    }
    return true;
}

/* [["piece", score], …]: lists of a word and a number are marked as mixed, and their words are not kept. They are read from
 * the text, which has been checked. */
static bool read_scored(const struct pieces *p, const char *text)
{
    size_t id = 0;
    for (text++;; id++) {
        text += strcspn(text, "[]");
        if (*text++ == ']')
            return true;
        text += strspn(text, " \t\r\n");
        if (*text != '"')
            return no_vocabulary(p);
        /* The string by itself, taken apart by cJSON. */
        const char *end = text + 1;
        while (*end != '"')
            end += *end == '\\' ? 2 : 1;
        cJSON *piece = cJSON_ParseWithLength(text, (size_t)(end - text) + 1);
        const bool ok =
            cJSON_IsString(piece) && pieces_set(p, id, piece->valuestring, strlen(piece->valuestring));
        cJSON_Delete(piece);
        if (!ok)
            return p->error->kind ? false : no_vocabulary(p);
        text = end + strcspn(end, "]") + 1;
    }
}

/* Tokens beside the vocabulary: [{"id": 50256, "content": "<|endoftext|>"}, …] */
static bool read_added(const struct pieces *p, const struct json *json, const cJSON *list)
{
    for (const cJSON *token = cJSON_IsArray(list) ? list->child : NULL; token; token = token->next) {
        const cJSON *content = vocabulary_value(token, "content");
        size_t id;
        if (cJSON_IsString(content) && item_number(json, vocabulary_value(token, "id"), &id) &&
            !pieces_set(p, id, content->valuestring, strlen(content->valuestring)))
            return false;
    }
    return true;
}

/* The offset of the value of a key. */
static size_t offset_of(const cJSON *item)
{
    return strtoull(strrchr(item->string, ':') + 1, NULL, 10);
}

static bool read_json_vocabulary(const struct pieces *p)
{
    struct json json = {0};
    bool ok = json_scan(&json, p->source, p->error);
    const cJSON *model = ok ? vocabulary_value(json.root, "model") : NULL;
    const cJSON *vocab = model ? vocabulary_value(model, "vocab") : NULL;
    if (vocab && cJSON_IsObject(vocab))
        ok = read_numbered(p, &json, vocab) &&
             read_added(p, &json, vocabulary_value(json.root, "added_tokens"));
    else if (vocab && cJSON_IsArray(vocab))
        ok = read_scored(p, p->source->data + offset_of(vocab)) &&
             read_added(p, &json, vocabulary_value(json.root, "added_tokens"));
    else if (ok)
        ok = cJSON_IsObject(json.root) ? read_numbered(p, &json, json.root) : no_vocabulary(p);
    json_free(&json);
    return ok;
}

/* ---- lines ---- */

static bool read_lines(const struct pieces *p)
{
    const char *at = p->source->data, *end = at + p->source->size;
    for (size_t id = 0; at < end; id++) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line ? line : end) - at);
        if (length > 0 && at[length - 1] == '\r')
            length--;
        if (!pieces_set(p, id, at, length))
            return false;
        at = line ? line + 1 : end;
    }
    return true;
}

/* ---- SentencePiece ---- */

/* A number of seven bits a byte, low ones first. False at the end of the message, or where it is too long. */
static bool read_varint(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        const unsigned char byte = *(*at)++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

/* One field of a message of protocol buffers. `data` is what a field of bytes holds; of numbers it is NULL. */
struct proto_field {
    uint64_t number;
    const unsigned char *data;
    size_t size;
};

static bool proto_read(const unsigned char **at, const unsigned char *end, struct proto_field *field)
{
    uint64_t key, size;
    *field = (struct proto_field){0};
    if (!read_varint(at, end, &key))
        return false;
    field->number = key >> 3;
    switch (key & 7) {
    case 0:
        return read_varint(at, end, &size);
    case 1:
        size = 8;
        break;
    case 2:
        if (!read_varint(at, end, &size))
            return false;
        field->data = *at;
        break;
    case 5:
        size = 4;
        break;
    default:
        return false;
    }
    if (size > (size_t)(end - *at))
        return false;
    field->size = (size_t)size;
    *at += size;
    return true;
}

/* ModelProto (sentencepiece_model.proto of SentencePiece 0.1.97): field 1 is a piece, of which field 1 is its text. */
static bool read_sentencepiece(const struct pieces *p)
{
    const unsigned char *at = (const unsigned char *)p->source->data, *end = at + p->source->size;
    struct proto_field field, inner;
    for (size_t id = 0; at < end;) {
        if (!proto_read(&at, end, &field))
            return no_vocabulary(p);
        if (field.number != 1 || !field.data)
            continue;
        const unsigned char *in = field.data, *stop = in + field.size;
        bool found = false;
        while (in < stop && !found) {
            if (!proto_read(&in, stop, &inner))
                return no_vocabulary(p);
            found = inner.number == 1 && inner.data;
        }
        if (!found)
            return no_vocabulary(p);
        if (!pieces_set(p, id++, (const char *)inner.data, inner.size))
            return false;
    }
    return true;
}

/* ---- llama2.c ---- */

/* The longest piece, then for each piece a score, its length and its bytes (export of tokenizer.py in llama2.c). Whether the
 * whole file has that form; with `p` the pieces are kept. */
static bool walk_llama2c(const struct source *source, const struct pieces *p)
{
    const char *at = source->data, *end = at + source->size;
    if (source->size < 16)
        return false;
    const uint32_t longest = (uint32_t)little_endian(at, 4);
    at += 4;
    for (size_t id = 0; at < end; id++) {
        if (end - at < 8)
            return false;
        const uint32_t length = (uint32_t)little_endian(at + 4, 4);
        at += 8;
        if (length > longest || length > (size_t)(end - at) || (p && !pieces_set(p, id, at, length)))
            return false;
        at += length;
    }
    return true;
}

/* ---- all ---- */

/* GGUF's list of texts. */
static bool read_gguf_tokens(const struct pieces *p)
{
    struct archive archive;
    const struct metadatum *tokens = NULL;
    bool ok = archive_open_source(&archive, p->source, NULL, p->error);
    const struct pieces named = {p->vocabulary, &archive.sources[0], p->error};
    if (ok)
        tokens = archive_metadatum(&archive, "tokenizer.ggml.tokens");
    if (ok && !(tokens && tokens->kind == METADATUM_LIST && tokens->dtype == DTYPE_UNKNOWN))
        ok = no_vocabulary(&named);
    size_t at = 0;
    for (size_t id = 0; ok && id < tokens->size; id++) {
        const uint64_t length = little_endian(tokens->data + at, 8);
        ok = pieces_set(&named, id, tokens->data + at + 8, (size_t)length);
        at += 8 + (size_t)length;
    }
    archive_free(&archive);
    return ok;
}

/* Whether the text is an object of JSON. */
static bool is_object(const struct source *source)
{
    const size_t blanks = strspn(source->data, " \t\r\n");
    return blanks < source->size && source->data[blanks] == '{';
}

bool vocabulary_read(struct vocabulary *vocabulary, const char *path, struct error *error)
{
    struct source source;
    const struct pieces p = {vocabulary, &source, error};
    bool ok = source_read(&source, path, 0, error);
    if (ok && source.size == 0)
        ok = no_vocabulary(&p);
    else if (ok && source.size >= 4 && memcmp(source.data, "GGUF", 4) == 0)
        ok = read_gguf_tokens(&p);
    else if (ok && is_object(&source))
        ok = read_json_vocabulary(&p);
    else if (ok && walk_llama2c(&source, NULL))
        ok = walk_llama2c(&source, &p);
    else if (ok && source.data[0] == '\n' && memchr(source.data, 0, source.size))
        ok = read_sentencepiece(&p);
    else if (ok)
        ok = memchr(source.data, 0, source.size) ? no_vocabulary(&p) : read_lines(&p);
    source_free(&source);
    return ok;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
    for (size_t i = 0; i < vocabulary->count; i++)
        free(vocabulary->piece[i]);
    free(vocabulary->piece);
    *vocabulary = (struct vocabulary){0};
}

bool vocabulary_label(const struct vocabulary *vocabulary, const struct tensor *ids, struct labels *labels,
                      struct error *error)
{
    const size_t count = tensor_count(ids);
    *labels = (struct labels){.given = true, .place = ids->place};
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    for (; labels->text && labels->count < count; labels->count++) {
        const float id = ids->data[labels->count];
        const bool fits = id >= 0 && id < (float)vocabulary->count && id == floorf(id);
        const char *piece = fits ? vocabulary->piece[(size_t)id] : NULL;
        if (!piece)
            return place_error(&ids->place, error,
                               "the id %.9g of token %zu: expected the number of a piece of the vocabulary",
                               (double)id, labels->count);
        labels->text[labels->count] = text_copy(piece);
        if (!labels->text[labels->count])
            return error_memory(error, strlen(piece) + 1);
    }
    return labels->text;
}
