#include "tensor/zip_write.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "tensor/array_write.h"

/* Numbers of the format. Where one does not fit its field, the field is the largest and an extra field of ZIP64 has it. */
enum {
    ZIP_LOCAL = 0x04034b50,
    ZIP_CENTRAL = 0x02014b50,
    ZIP_END = 0x06054b50,
    ZIP_END_64 = 0x06064b50,
    ZIP_LOCATOR_64 = 0x07064b50,
    ZIP_EXTRA_64 = 1,       /* the extra field of ZIP64 */
    ZIP_EXTRA_GAP = 0xd935, /* one that only fills: that of Android's zipalign */
    ZIP_VERSION = 20,       /* that a reader needs */
    ZIP_VERSION_64 = 45,
    ZIP_UNIX = 3 << 8, /* the system whose modes are in the directory */
    ZIP_UTF_8 = 1 << 11,
    ZIP_DATE = 1 << 5 | 1,
    ZIP_FULL_16 = 0xffff,
    ZIP_LOCAL_SIZE = 30,
};
#define ZIP_FULL_32 UINT32_C(0xffffffff)

static void zip_number(struct zip_writer *writer, size_t bytes, uint64_t number)
{
    little_endian_write(writer->out, bytes, number);
    writer->at += bytes;
}

static void zip_text(struct zip_writer *writer, const char *text)
{
    out_text(writer->out, text);
    writer->at += strlen(text);
}

static uint32_t zip_field(uint64_t number)
{
    return number < ZIP_FULL_32 ? (uint32_t)number : ZIP_FULL_32;
}

static bool zip_is_large(uint64_t number)
{
    return number >= ZIP_FULL_32;
}

uint32_t zip_write_crc(uint32_t crc, const void *data, size_t size)
{
    return size > 0 ? libdeflate_crc32(crc, data, size) : crc;
}

/* The fields that a local header and a directory have both: from the version that is needed to the length of the name. */
static void zip_common(struct zip_writer *writer, const struct zip_entry *entry, bool is_64)
{
    const bool is_ascii =
        !entry->name[strspn(entry->name, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~")];
    zip_number(writer, 2, is_64 ? ZIP_VERSION_64 : ZIP_VERSION);
    zip_number(writer, 2, is_ascii ? 0 : ZIP_UTF_8);
    zip_number(writer, 2, 0); /* stored */
    zip_number(writer, 2, 0);
    zip_number(writer, 2, ZIP_DATE);
    zip_number(writer, 4, entry->crc);
    zip_number(writer, 4, zip_field(entry->size));
    zip_number(writer, 4, zip_field(entry->size));
    zip_number(writer, 2, strlen(entry->name));
}

bool zip_write_member(struct zip_writer *writer, const char *name, uint64_t size, uint32_t crc,
                      struct error *error)
{
    const size_t length = strlen(name);
    if (length >= ZIP_FULL_16)
        return error_set(error, ERROR_USAGE, "a zip cannot hold a name of %zu bytes: expected fewer than %d",
                         length, ZIP_FULL_16);
    if (!text_is_valid(name))
        return error_set(error, ERROR_USAGE, "%s: a zip cannot hold this name: expected UTF-8", name);
    if (!memory_resize(&writer->entries, writer->count + 1, sizeof *writer->entries, error))
        return false;
    struct zip_entry *entry = &writer->entries[writer->count];
    *entry = (struct zip_entry){.name = text_copy(name), .size = size, .offset = writer->at, .crc = crc};
    if (!entry->name)
        return error_memory(error, length);
    writer->count++;
    const bool is_64 = zip_is_large(size);
    const uint64_t begin = writer->at + ZIP_LOCAL_SIZE + length + (is_64 ? 20 : 0) + 4;
    const uint64_t gap = (ZIP_ALIGNMENT - begin % ZIP_ALIGNMENT) % ZIP_ALIGNMENT;
    zip_number(writer, 4, ZIP_LOCAL);
    zip_common(writer, entry, is_64);
    zip_number(writer, 2, (is_64 ? 20 : 0) + 4 + gap);
    zip_text(writer, name);
    if (is_64) {
        zip_number(writer, 2, ZIP_EXTRA_64);
        zip_number(writer, 2, 16);
        zip_number(writer, 8, size);
        zip_number(writer, 8, size);
    }
    zip_number(writer, 2, ZIP_EXTRA_GAP);
    zip_number(writer, 2, gap);
    for (uint64_t i = 0; i < gap; i++)
        zip_number(writer, 1, 0);
    writer->at += size;
    return true;
}

bool zip_write_array(struct zip_writer *writer, const char *name, const struct out *head,
                     const struct array *array, struct error *error)
{
    const char *numbers = array_write_in_place(array);
    const size_t head_size = head ? head->size : 0;
    struct out made;
    size_t bytes = 0;
    out_begin(&made, -1, "");
    bool ok = array_write_bytes(array, &bytes) || error_memory(error, SIZE_MAX);
    ok = ok && (numbers || array_write(array, &made, error)) && out_finish(&made, error);
    if (ok) {
        const uint32_t before = head ? zip_write_crc(0, head->data, head_size) : 0;
        const uint32_t crc = zip_write_crc(before, numbers ? numbers : made.data, bytes);
        ok = zip_write_member(writer, name, head_size + bytes, crc, error);
    }
    if (ok && head)
        out_bytes(writer->out, head->data, head_size);
    if (ok && numbers)
        ok = array_write(array, writer->out, error);
    else if (ok)
        out_bytes(writer->out, made.data, made.size);
    out_free(&made);
    return ok;
}

/* The entry of a member in the directory. */
static void zip_central(struct zip_writer *writer, const struct zip_entry *entry)
{
    const uint64_t sizes = zip_is_large(entry->size) ? 16 : 0, offset = zip_is_large(entry->offset) ? 8 : 0;
    const uint64_t extra = sizes + offset;
    zip_number(writer, 4, ZIP_CENTRAL);
    zip_number(writer, 2, ZIP_UNIX | (extra > 0 ? ZIP_VERSION_64 : ZIP_VERSION));
    zip_common(writer, entry, extra > 0);
    zip_number(writer, 2, extra > 0 ? extra + 4 : 0);
    zip_number(writer, 2, 0); /* no comment */
    zip_number(writer, 2, 0); /* the first disk */
    zip_number(writer, 2, 0);
    zip_number(writer, 4, (uint64_t)0600 << 16); /* its mode */
    zip_number(writer, 4, zip_field(entry->offset));
    zip_text(writer, entry->name);
    if (extra == 0)
        return;
    zip_number(writer, 2, ZIP_EXTRA_64);
    zip_number(writer, 2, extra);
    for (uint64_t i = 0; i < sizes; i += 8)
        zip_number(writer, 8, entry->size);
    if (offset > 0)
        zip_number(writer, 8, entry->offset);
}

static bool zip_check_names(const struct zip_writer *writer, struct error *error)
{
    const char *twice;
    if (!names_find_twice(writer->entries, offsetof(struct zip_entry, name), sizeof *writer->entries,
                          writer->count, &twice, error))
        return false;
    return !twice ||
           error_set(error, ERROR_USAGE, "a zip cannot hold %s twice: expected names that differ", twice);
}

bool zip_write_end(struct zip_writer *writer, struct error *error)
{
    const uint64_t start = writer->at;
    if (!zip_check_names(writer, error))
        return false;
    for (size_t i = 0; i < writer->count; i++)
        zip_central(writer, &writer->entries[i]);
    const uint64_t end = writer->at, count = writer->count;
    if (count >= ZIP_FULL_16 || zip_is_large(end)) {
        zip_number(writer, 4, ZIP_END_64);
        zip_number(writer, 8, 44); /* bytes that follow in this record */
        zip_number(writer, 2, ZIP_UNIX | ZIP_VERSION_64);
        zip_number(writer, 2, ZIP_VERSION_64);
        zip_number(writer, 8, 0); /* this disk, and that of the directory */
        zip_number(writer, 8, count);
        zip_number(writer, 8, count);
        zip_number(writer, 8, end - start);
        zip_number(writer, 8, start);
        zip_number(writer, 4, ZIP_LOCATOR_64);
        zip_number(writer, 4, 0);
        zip_number(writer, 8, end);
        zip_number(writer, 4, 1); /* disk in all */
    }
    zip_number(writer, 4, ZIP_END);
    zip_number(writer, 4, 0);
    zip_number(writer, 2, count < ZIP_FULL_16 ? count : ZIP_FULL_16);
    zip_number(writer, 2, count < ZIP_FULL_16 ? count : ZIP_FULL_16);
    zip_number(writer, 4, zip_field(end - start));
    zip_number(writer, 4, zip_field(start));
    zip_number(writer, 2, 0);
    return true;
}

void zip_write_free(struct zip_writer *writer)
{
    for (size_t i = 0; i < writer->count; i++)
        free(writer->entries[i].name);
    free(writer->entries);
    *writer = (struct zip_writer){0};
}
