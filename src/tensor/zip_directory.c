#include "tensor/zip_directory.h"

#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"

/* Bytes of the records, without what follows them: names, extra fields, comments. */
enum { END = 22, LOCATOR = 20, END64 = 56, ENTRY = 46, COMMENT_MOST = 0xffff, EXTRA64 = 1 };
enum { FLAG_ENCRYPTED = 1 };

static bool directory_error(const struct unzip *unzip, const char *what, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s: cannot be read as a zip (%s): expected a file that was copied whole", unzip->file,
                     what);
}

/* Where the entries lie, and how many they are. */
struct directory {
    uint64_t count, at, size;
    size_t limit; /* the record that says so, before which they end */
};

static bool is_record(const struct unzip *unzip, uint64_t at, size_t size, const char signature[5])
{
    return unzip->size >= size && at <= unzip->size - size && memcmp(unzip->data + at, signature, 4) == 0;
}

/* The last record of the file whose comment ends with the file or before: zips that were padded are read, as NumPy reads them.
 * SIZE_MAX: there is none. */
static size_t find_end(const struct unzip *unzip)
{
    for (size_t rest = END; rest <= unzip->size && rest <= END + COMMENT_MOST; rest++) {
        const size_t at = unzip->size - rest;
        if (is_record(unzip, at, END, "PK\5\6") && little_endian(unzip->data + at + 20, 2) <= rest - END)
            return at;
    }
    return SIZE_MAX;
}

/* ZIP64: a locator before the end says where the record with the large numbers is. False: they are not there. */
static bool find_large(const struct unzip *unzip, size_t end, struct directory *directory)
{
    const uint64_t at = little_endian(unzip->data + end - LOCATOR + 8, 8);
    if (!is_record(unzip, at, END64, "PK\6\6") || at + END64 > end - LOCATOR)
        return false;
    const char *record = unzip->data + at;
    *directory = (struct directory){.count = little_endian(record + 32, 8),
                                    .size = little_endian(record + 40, 8),
                                    .at = little_endian(record + 48, 8),
                                    .limit = (size_t)at};
    return true;
}

static bool find_directory(const struct unzip *unzip, struct directory *directory, struct error *error)
{
    const size_t end = find_end(unzip);
    if (end == SIZE_MAX)
        return directory_error(unzip, "it has no end", error);
    const char *record = unzip->data + end;
    *directory = (struct directory){.count = little_endian(record + 10, 2),
                                    .size = little_endian(record + 12, 4),
                                    .at = little_endian(record + 16, 4),
                                    .limit = end};
    if (end >= LOCATOR && is_record(unzip, end - LOCATOR, LOCATOR, "PK\6\7") &&
        !find_large(unzip, end, directory))
        return directory_error(unzip, "the record that its end names is not there", error);
    if (directory->at > directory->limit || directory->size > directory->limit - directory->at)
        return directory_error(unzip, "its directory reaches beyond its end", error);
    if (directory->count > directory->size / ENTRY)
        return directory_error(unzip, "its directory is too short for its members", error);
    return true;
}

/* Of the numbers of an entry, those that have no room stand in an extra field (ZIP64): in this order, but only those whose
 * place is filled with ones. False: they are not there. */
static bool entry_large(const char *extra, size_t size, size_t count, uint64_t *const numbers[])
{
    size_t wanted = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        wanted += *numbers[i] == UINT32_MAX;
    while (wanted > 0 && size - at >= 4) {
        const size_t id = little_endian(extra + at, 2), length = little_endian(extra + at + 2, 2);
        at += 4;
        if (length > size - at)
            return false;
        if (id == EXTRA64) {
            if (length < 8 * wanted)
                return false;
            for (size_t i = 0; i < count; i++)
                if (*numbers[i] == UINT32_MAX) {
                    *numbers[i] = little_endian(extra + at, 8);
                    at += 8;
                }
            return true;
        }
        at += length;
    }
    return wanted == 0;
}

/* A name as text: bytes that are no UTF-8 become U+FFFD. Moves *room, which is long enough, behind it. */
static const char *entry_name(const char *bytes, size_t size, char **room)
{
    char whole[0xffff + 1], *name = *room;
    memcpy(whole, bytes, size);
    whole[size] = '\0';
    for (const char *text = whole; *text;)
        *room += text_encode(text_decode(&text), *room);
    *(*room)++ = '\0';
    return name;
}

/* The entry at *at, which becomes the place of the next one. */
static bool read_entry(struct unzip *unzip, uint64_t end, uint64_t *at, char **names, struct error *error)
{
    const char *entry = unzip->data + *at;
    if (end - *at < ENTRY || memcmp(entry, "PK\1\2", 4) != 0)
        return directory_error(unzip, "its directory has fewer members than it says", error);
    const size_t name = little_endian(entry + 28, 2), extra = little_endian(entry + 30, 2),
                 comment = little_endian(entry + 32, 2);
    if (end - *at - ENTRY < name + extra + comment)
        return directory_error(unzip, "a member's entry is cut off", error);
    uint64_t packed = little_endian(entry + 20, 4), size = little_endian(entry + 24, 4),
             header = little_endian(entry + 42, 4), *const numbers[] = {&size, &packed, &header};
    if (!entry_large(entry + ENTRY + name, extra, 3, numbers))
        return directory_error(unzip, "a member's entry lacks its size", error);
    unzip->members[unzip->count++] =
        (struct unzip_member){.name = entry_name(entry + ENTRY, name, names),
                              .size = size,
                              .packed = packed,
                              .header = header,
                              .method = (int)little_endian(entry + 10, 2),
                              .crc = (uint32_t)little_endian(entry + 16, 4),
                              .is_encrypted = little_endian(entry + 8, 2) & FLAG_ENCRYPTED};
    *at += ENTRY + name + extra + comment;
    return true;
}

bool zip_directory_read(struct unzip *unzip, struct error *error)
{
    struct directory directory = {0};
    if (!find_directory(unzip, &directory, error))
        return false;
    const uint64_t end = directory.at + directory.size;
    uint64_t at = directory.at;
    unzip->members = memory_zeroed((size_t)directory.count, sizeof *unzip->members, error);
    unzip->names = unzip->members ? memory_alloc((size_t)directory.size + 1, 3, error) : NULL;
    bool ok = unzip->names;
    for (char *names = unzip->names; ok && unzip->count < directory.count;)
        ok = read_entry(unzip, end, &at, &names, error);
    return ok && (at == end || directory_error(unzip, "its directory has more members than it says", error));
}
