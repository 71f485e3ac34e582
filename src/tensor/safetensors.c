/*
 * safetensors: 8 bytes of length, a header in JSON, and the numbers of the arrays one after the other. Source: the README of
 * huggingface/safetensors and its checks (safetensors/src/tensor.rs, version 0.7): the header has at most 100 MB and begins
 * with a brace; the arrays fill the rest of the file without holes, overlaps or bytes behind them. Numbers are little
 * endian, rows last.
 */
#include <stdint.h>

#include "base/little_endian.h"
#include "base/text.h"
#include "tensor/format.h"
#include "tensor/safetensors_header.h"
#include "tensor/safetensors_shards.h"
#include "tensor/safetensors_write.h"

static bool is_list(const char *name)
{
    return text_ends(name, ".safetensors.index.json");
}

static int safetensors_probe(const char *data, size_t size, const char *name)
{
    if (is_list(name))
        return 2;
    const int by_name = text_ends_caseless(name, ".safetensors");
    if (size < 10)
        return by_name;
    const uint64_t length = little_endian(data, 8);
    const bool is = length >= 2 && length <= SAFETENSORS_HEADER_MOST && data[8] == '{';
    return is && (length <= size - 8 || by_name) ? 2 : by_name;
}

static bool safetensors_open(struct archive *archive, struct error *error)
{
    return is_list(archive->sources[0].name) ? safetensors_shards_open(archive, error)
                                             : safetensors_header_read(archive, 0, error);
}

static const char *const safetensors_endings[] = {".safetensors", ".safetensors.index.json", NULL};

const struct format format_safetensors = {.name = "safetensors",
                                          .what = "a file of safetensors",
                                          .endings = safetensors_endings,
                                          .probe = safetensors_probe,
                                          .open = safetensors_open,
                                          .keeps = safetensors_keeps,
                                          .holds = safetensors_holds,
                                          .write = safetensors_write};
