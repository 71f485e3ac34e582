/*
 * A dict of tensors, each with a storage of its own, as a pickle of protocol 2 and of nothing that
 * torch.load(…, weights_only=True) would refuse. Beside it the members that torch.save has: data/KEY, byteorder, and version,
 * without which the zip is not opened. Sources: torch/serialization.py, torch/_weights_only_unpickler.py and
 * caffe2/serialize/versions.h of PyTorch 1.13; Lib/pickletools.py of CPython 3.11.
 */
#include "tensor/torch_write.h"

#include <stdio.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/torch_names.h"
#include "tensor/zip_write.h"

/* The folder that all members are in: what torch.save has where it writes to no file of a name. */
#define FOLDER "archive/"
/* The version of the zip form that dicts of tensors have had since PyTorch 1.6. */
static const char *const torch_version = "3\n";
static const char *const torch_byte_order = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "big" : "little";

enum dtype torch_holds(enum dtype dtype)
{
    const struct torch_type *type = torch_type_stored(dtype);
    return type ? dtype : DTYPE_UNKNOWN;
}

/* ---- the pickle ---- */

static void pickle_put_text(struct out *out, const char *text)
{
    out_char(out, 'X');
    little_endian_write(out, 4, strlen(text));
    out_text(out, text);
}

/* By the shortest of BININT1, BININT2, BININT and LONG1, whose 8 bytes have a sign: no size is above PTRDIFF_MAX. */
static void pickle_put_integer(struct out *out, size_t number)
{
    if (number <= UINT8_MAX) {
        out_char(out, 'K');
        little_endian_write(out, 1, number);
    } else if (number <= UINT16_MAX) {
        out_char(out, 'M');
        little_endian_write(out, 2, number);
    } else if (number <= INT32_MAX) {
        out_char(out, 'J');
        little_endian_write(out, 4, number);
    } else {
        out_bytes(out, "\x8a\x08", 2);
        little_endian_write(out, 8, number);
    }
}

/* ('storage', class, key, 'cpu', numbers), as a reference to what lies outside. */
static void pickle_put_storage(struct out *out, const struct array *array, size_t index, size_t count)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    out_char(out, '(');
    pickle_put_text(out, "storage");
    out_format(out, "ctorch\n%s\n", torch_type_stored(array->dtype)->storage);
    pickle_put_text(out, key);
    pickle_put_text(out, "cpu");
    pickle_put_integer(out, count);
    out_text(out, "tQ");
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks). */
static void pickle_put_tensor(struct out *out, const struct array *array, size_t index, size_t count)
{
    out_text(out, "ctorch._utils\n_rebuild_tensor_v2\n(");
    pickle_put_storage(out, array, index, count);
    pickle_put_integer(out, 0);
    out_char(out, '(');
    for (int a = 0; a < array->rank; a++)
        pickle_put_integer(out, array->shape[a]);
    out_text(out, "t(");
    for (int a = 0; a < array->rank; a++)
        pickle_put_integer(out, (size_t)array->stride[a]);
    out_text(out, "t\x89"
                  "ccollections\nOrderedDict\n)RtR");
}

static bool pickle_put_dict(struct out *out, const struct array *arrays, size_t count, struct error *error)
{
    out_text(out, "\x80\x02}");
    for (size_t i = 0; i < count; i++) {
        size_t numbers;
        if (!array_count(&arrays[i], &numbers))
            return error_memory(error, SIZE_MAX);
        pickle_put_text(out, arrays[i].name);
        pickle_put_tensor(out, &arrays[i], i, numbers);
        out_char(out, 's');
    }
    out_char(out, '.');
    return out_finish(out, error);
}

/* ---- the members ---- */

static bool torch_check_names(const struct array *arrays, size_t count, struct error *error)
{
    const char *twice;
    for (size_t i = 0; i < count; i++)
        if (!text_is_valid(arrays[i].name))
            return error_set(error, ERROR_USAGE,
                             "%s: a tensor of PyTorch's cannot have this name: expected text in UTF-8",
                             arrays[i].name);
    for (size_t i = 0; i < count; i++)
        if (strlen(arrays[i].name) > TORCH_NAME_MOST)
            return error_set(
                error, ERROR_USAGE,
                "a name of more than %d bytes, which would not be read again: expected a shorter one",
                TORCH_NAME_MOST);
    if (!names_find_twice(arrays, offsetof(struct array, name), sizeof *arrays, count, &twice, error))
        return false;
    return !twice ||
           error_set(error, ERROR_USAGE, "PyTorch cannot hold %s twice: expected names that differ", twice);
}

static bool torch_put_member(struct zip_writer *zip, const char *name, const char *data, size_t size,
                             struct error *error)
{
    if (!zip_write_member(zip, name, size, zip_write_crc(0, data, size), error))
        return false;
    out_bytes(zip->out, data, size);
    return true;
}

static bool torch_put_members(struct zip_writer *zip, const struct array *arrays, size_t count,
                              const struct out *pickle, struct error *error)
{
    bool ok = torch_put_member(zip, FOLDER "data.pkl", pickle->data, pickle->size, error) &&
              torch_put_member(zip, FOLDER "byteorder", torch_byte_order, strlen(torch_byte_order), error);
    for (size_t i = 0; ok && i < count; i++) {
        char name[48];
        snprintf(name, sizeof name, FOLDER "data/%zu", i);
        ok = zip_write_array(zip, name, NULL, &arrays[i], error);
    }
    return ok && torch_put_member(zip, FOLDER "version", torch_version, strlen(torch_version), error) &&
           zip_write_end(zip, error);
}

bool torch_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                 size_t metadata_count, struct out *out, struct error *error)
{
    struct zip_writer zip = {.out = out};
    struct out pickle;
    (void)metadata, (void)metadata_count;
    out_begin(&pickle, -1, "");
    const bool ok = torch_check_names(arrays, count, error) &&
                    pickle_put_dict(&pickle, arrays, count, error) &&
                    torch_put_members(&zip, arrays, count, &pickle, error);
    out_free(&pickle);
    zip_write_free(&zip);
    return ok;
}
