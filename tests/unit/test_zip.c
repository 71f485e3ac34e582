/* Zips in memory: members in place and unpacked, and every way in which a zip can be wrong. */
#include "tensor/zip.h"

#include "zips.h"

/* ---- zips by libzip ---- */

static const char numbers[] = "0123456789abcdefghijklmnopqrstuvwxyz";
enum { LONG = 200000 };

/* A zip of a stored member, a deflated one of zeros, an empty one and a short one; with a comment. */
static struct source make_zip(void)
{
    static const char zeros[LONG];
    const struct zips_made made = zips_begin();
    zips_add(&made, "a/stored", numbers, sizeof numbers - 1, ZIP_CM_STORE);
    zips_add(&made, "a/deflated", zeros, LONG, ZIP_CM_DEFLATE);
    zips_add(&made, "empty", "", 0, ZIP_CM_STORE);
    zips_add(&made, "kürz", "ab", 2, ZIP_CM_STORE);
    assert_int_equal(zip_set_archive_comment(made.zip, "a comment", 9), 0);
    const struct zipped zipped = zips_end(&made);
    return (struct source){.name = strdup("z.zip"), .data = zipped.data, .size = zipped.size};
}

/* ---- zips by hand ---- */

struct bytes {
    char data[4096];
    size_t size;
};

static void put(struct bytes *bytes, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes->data[bytes->size++] = (char)(value >> (8 * i));
}

static void put_text(struct bytes *bytes, const char *text)
{
    memcpy(bytes->data + bytes->size, text, strlen(text));
    bytes->size += strlen(text);
}

/* What a zip of one stored member "m" of 4 bytes, "data", says. */
struct hand {
    const char *before; /* bytes in front of the local header */
    uint32_t crc;
    uint64_t size, packed; /* of the central directory */
    uint16_t flags, method;
    uint64_t offset;      /* of the local header */
    uint16_t local_extra; /* length of its extra field, which is zeros */
    bool is_zip64;
    uint64_t members; /* that the end says */
};

static const struct hand plain = {.before = "", .crc = 0xadf3f363, .size = 4, .packed = 4, .members = 1};

static void put_end(struct bytes *zip, const struct hand *hand, uint64_t start)
{
    const uint64_t size = zip->size - start, end = zip->size;
    if (hand->is_zip64) {
        put_text(zip, "PK\6\6");
        put(zip, 44, 8), put(zip, 45, 2), put(zip, 45, 2), put(zip, 0, 4), put(zip, 0, 4);
        put(zip, hand->members, 8), put(zip, hand->members, 8), put(zip, size, 8), put(zip, start, 8);
        put_text(zip, "PK\6\7");
        put(zip, 0, 4), put(zip, end, 8), put(zip, 1, 4);
    }
    put_text(zip, "PK\5\6");
    put(zip, 0, 4);
    put(zip, hand->is_zip64 ? 0xffff : hand->members, 2),
        put(zip, hand->is_zip64 ? 0xffff : hand->members, 2);
    put(zip, hand->is_zip64 ? UINT32_MAX : size, 4), put(zip, hand->is_zip64 ? UINT32_MAX : start, 4);
    put(zip, 0, 2);
}

/* As PyTorch writes it: the local header has no sizes, they follow the member (flag 8). */
static struct bytes hand_zip(const struct hand *hand)
{
    struct bytes zip = {.size = 0};
    put_text(&zip, hand->before);
    put_text(&zip, "PK\3\4");
    put(&zip, 20, 2), put(&zip, 8 | hand->flags, 2), put(&zip, hand->method, 2), put(&zip, 0, 4);
    put(&zip, 0, 4), put(&zip, 0, 4), put(&zip, 0, 4), put(&zip, 1, 2), put(&zip, hand->local_extra, 2);
    put_text(&zip, "m");
    put(&zip, 0, hand->local_extra > 8 ? 8 : hand->local_extra);
    put_text(&zip, "data");
    put_text(&zip, "PK\7\10");
    put(&zip, hand->crc, 4), put(&zip, hand->packed, 4), put(&zip, hand->size, 4);
    const uint64_t start = zip.size;
    put_text(&zip, "PK\1\2");
    put(&zip, 45, 2), put(&zip, 20, 2), put(&zip, 8 | hand->flags, 2), put(&zip, hand->method, 2);
    put(&zip, 0, 4), put(&zip, hand->crc, 4);
    put(&zip, hand->is_zip64 ? UINT32_MAX : hand->packed, 4),
        put(&zip, hand->is_zip64 ? UINT32_MAX : hand->size, 4);
    put(&zip, 1, 2), put(&zip, hand->is_zip64 ? 28 : 0, 2), put(&zip, 0, 2), put(&zip, 0, 2), put(&zip, 0, 2);
    put(&zip, 0, 4), put(&zip, hand->is_zip64 ? UINT32_MAX : hand->offset, 4);
    put_text(&zip, "m");
    if (hand->is_zip64)
        put(&zip, 1, 2), put(&zip, 24, 2), put(&zip, hand->size, 8), put(&zip, hand->packed, 8),
            put(&zip, hand->offset, 8);
    put_end(&zip, hand, start);
    return zip;
}

/* ---- reading ---- */

/* In memory of exactly their size, so that the address sanitizer sees what reads behind it. */
static struct source source_of(const void *data, size_t size)
{
    struct source source = {.name = strdup("z.zip"), .data = malloc(size ? size : 1), .size = size};
    memcpy(source.data, data, size);
    return source;
}

static void expect_opens(const struct source *source, struct unzip *unzip)
{
    struct error error = {0};
    if (!unzip_open(unzip, source, &error))
        fail_msg("%s", error.message);
}

static void expect_error(const struct error *error, const char *part)
{
    if (error->kind != ERROR_INPUT || !strstr(error->message, part) ||
        strncmp(error->message, "z.zip:", 6) != 0)
        fail_msg("expected an error with \"%s\": %d \"%s\"", part, error->kind, error->message);
}

/* Opening, or using the only member, fails with such a message. */
static void expect_fails(const struct hand *hand, const char *part)
{
    const struct bytes zip = hand_zip(hand);
    struct source source = source_of(zip.data, zip.size);
    struct unzip unzip = {0};
    struct error error = {0};
    const char *data;
    char room[64];
    if (unzip_open(&unzip, &source, &error)) {
        assert_int_equal(unzip.count, 1);
        if (unzip_in_place(&unzip, 0, &data, &error))
            assert_false(unzip_read(&unzip, 0, room, unzip.members[0].size, &error));
    }
    expect_error(&error, part);
    unzip_free(&unzip);
    source_free(&source);
}

static void test_members(void **state)
{
    (void)state;
    struct source source = make_zip();
    struct unzip unzip = {0};
    expect_opens(&source, &unzip);
    assert_int_equal(unzip.count, 4);
    assert_string_equal(unzip.members[0].name, "a/stored");
    assert_int_equal(unzip.members[0].size, sizeof numbers - 1);
    assert_int_equal(unzip.members[0].method, 0);
    assert_string_equal(unzip.members[1].name, "a/deflated");
    assert_int_equal(unzip.members[1].size, LONG);
    assert_int_equal(unzip.members[1].method, 8);
    assert_true(unzip.members[1].packed < 1000);
    assert_string_equal(unzip.members[3].name, "kürz");
    assert_int_equal(unzip_find(&unzip, "kürz"), 3);
    assert_true(unzip_find(&unzip, "stored") == SIZE_MAX);
    unzip_free(&unzip);
    source_free(&source);
}

static void test_in_place(void **state)
{
    (void)state;
    struct source source = make_zip();
    struct unzip unzip = {0};
    struct error error = {0};
    const char *data;
    expect_opens(&source, &unzip);
    const struct unzip moved = unzip;
    unzip = (struct unzip){0};
    unzip = moved;
    assert_true(unzip_in_place(&unzip, 0, &data, &error));
    assert_non_null(data);
    assert_true(data > source.data && data + sizeof numbers <= source.data + source.size);
    assert_memory_equal(data, numbers, sizeof numbers - 1);
    assert_true(unzip_in_place(&unzip, 1, &data, &error));
    assert_null(data);
    assert_true(unzip_in_place(&unzip, 2, &data, &error));
    assert_non_null(data);
    assert_true(unzip_in_place(&unzip, 3, &data, &error));
    assert_memory_equal(data, "ab", 2);
    unzip_free(&unzip);
    source_free(&source);
}

static void test_read(void **state)
{
    (void)state;
    struct source source = make_zip();
    struct unzip unzip = {0};
    struct error error = {0};
    char *room = malloc(LONG);
    expect_opens(&source, &unzip);
    memset(room, 1, LONG);
    assert_true(unzip_read(&unzip, 1, room, 100, &error));
    for (int i = 0; i < 101; i++)
        assert_int_equal(room[i], i == 100);
    assert_true(unzip_read(&unzip, 1, room, LONG, &error));
    for (int i = 0; i < LONG; i++)
        assert_int_equal(room[i], 0);
    assert_true(unzip_read(&unzip, 0, room, 5, &error));
    assert_memory_equal(room, "01234", 5);
    assert_true(unzip_read(&unzip, 2, room, 0, &error));
    assert_false(unzip_read(&unzip, 3, room, 3, &error));
    expect_error(&error, "z.zip:kürz: has 2 bytes: expected at least 3");
    free(room);
    unzip_free(&unzip);
    source_free(&source);
}

/* A byte of a compressed member, changed, is found by its checksum, but not before all of it is read. */
static void test_checksum(void **state)
{
    (void)state;
    struct source source = make_zip();
    struct unzip unzip = {0};
    struct error error = {0};
    const char *data;
    char room[64];
    expect_opens(&source, &unzip);
    assert_true(unzip_in_place(&unzip, 0, &data, &error));
    source.data[data - source.data + 7] ^= 1;
    assert_true(unzip_read(&unzip, 0, room, 20, &error));
    assert_false(unzip_read(&unzip, 0, room, sizeof numbers - 1, &error));
    expect_error(&error, "z.zip:a/stored: damaged (");
    unzip_free(&unzip);
    source_free(&source);
}

/* So is one of a stored member that is used where it lies. */
static void test_verify(void **state)
{
    (void)state;
    struct source source = make_zip();
    struct unzip unzip = {0};
    struct error error = {0};
    const char *data;
    expect_opens(&source, &unzip);
    for (size_t i = 0; i < unzip.count; i++)
        assert_true(unzip_in_place(&unzip, i, &data, &error) && unzip_verify(&unzip, i, &error));
    /* Once: whoever uses it may change it. */
    assert_true(unzip_in_place(&unzip, 3, &data, &error));
    source.data[data - source.data] ^= 1;
    assert_true(unzip_verify(&unzip, 3, &error));
    unzip_free(&unzip);
    expect_opens(&source, &unzip);
    assert_true(unzip_in_place(&unzip, 3, &data, &error));
    assert_false(unzip_verify(&unzip, 3, &error));
    expect_error(&error, "z.zip:kürz: damaged (CRC error): expected a file that was copied whole");
    unzip_free(&unzip);
    source_free(&source);
}

/* What PyTorch and ZIP64 do is read; what lies is named. */
static void test_by_hand(void **state)
{
    (void)state;
    struct hand torch = plain, large = plain;
    large.is_zip64 = true;
    torch.local_extra = 8;
    const struct hand *const good[] = {&plain, &torch, &large};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct bytes zip = hand_zip(good[i]);
        struct source source = source_of(zip.data, zip.size);
        struct unzip unzip = {0};
        struct error error = {0};
        const char *data;
        char room[4];
        expect_opens(&source, &unzip);
        if (!unzip_in_place(&unzip, 0, &data, &error) || !unzip_read(&unzip, 0, room, 4, &error))
            fail_msg("%s", error.message);
        assert_memory_equal(data, "data", 4);
        assert_memory_equal(room, "data", 4);
        unzip_free(&unzip);
        source_free(&source);
    }
}

static void test_lies(void **state)
{
    (void)state;
    struct hand hand = plain;
    hand.before = "#!/bin/sh\n";
    expect_fails(&hand, "expected a file that was copied whole");
    hand = plain;
    hand.offset = 1;
    expect_fails(&hand, "z.zip:m: ");
    hand.offset = 4000;
    expect_fails(&hand, "expected");
    hand = plain;
    hand.local_extra = 0xffff;
    expect_fails(&hand, "z.zip:m: ");
    hand.local_extra = 100;
    expect_fails(&hand, "z.zip:m: ");
    hand = plain;
    hand.crc++;
    expect_fails(&hand, "z.zip:m: damaged (");
    hand = plain;
    hand.flags = 1;
    expect_fails(&hand, "z.zip:m: encrypted: expected a member that is not");
    hand = plain;
    hand.method = 12;
    expect_fails(&hand, "z.zip:m: packed by method 12: expected stored (0) or deflated (8)");
    hand.method = 8;
    expect_fails(&hand, "z.zip:m: cannot be read behind byte 0 (");
    hand.size = 100000;
    expect_fails(&hand, "z.zip:m: said to have 100000 bytes in 4 of a file of ");
    hand = plain;
    hand.size = 5;
    expect_fails(&hand, "z.zip:m: said to have 5 bytes in 4 of a file of ");
    hand.is_zip64 = true;
    hand.size = hand.packed = UINT64_C(1) << 40;
    expect_fails(&hand, "1099511627776");
    hand.size = hand.packed = UINT64_MAX;
    expect_fails(&hand, "expected a file that was copied whole");
    hand = plain;
    hand.size = hand.packed = 100;
    expect_fails(&hand, "z.zip:m: ends behind the file");
}

/* An end that promises more members than there are; of ZIP64, more than any memory holds. */
static void test_counts(void **state)
{
    (void)state;
    struct hand hand = plain;
    hand.members = 2;
    expect_fails(&hand, "expected a file that was copied whole");
    hand.members = 0xfffe;
    expect_fails(&hand, "expected a file that was copied whole");
    hand.is_zip64 = true;
    hand.members = 1000000000;
    expect_fails(&hand, "expected a file that was copied whole");
    hand.members = UINT64_MAX;
    expect_fails(&hand, "expected a file that was copied whole");
}

/* Where a zip's only member has its name in the directory, and where ZIP64's locator says what it does. */
static char *name_place(struct source *source)
{
    return source->data + source->size - 22 - 1;
}

static char *locator_place(struct source *source)
{
    return source->data + source->size - 22 - 20;
}

/* A name that is no UTF-8 becomes text. */
static void test_name_bytes(void **state)
{
    (void)state;
    const struct bytes zip = hand_zip(&plain);
    struct source source = source_of(zip.data, zip.size);
    struct unzip unzip = {0};
    *name_place(&source) = '\x82';
    expect_opens(&source, &unzip);
    assert_string_equal(unzip.members[0].name, "\xef\xbf\xbd");
    unzip_free(&unzip);
    source_free(&source);
}

/* Of one name the first member counts, whatever their order otherwise; one that is longer is another one. */
static void test_one_name_twice(void **state)
{
    (void)state;
    const struct zips_made made = zips_begin();
    const char *const names[] = {"x", "b2", "b", "a"};
    for (size_t i = 0; i < 4; i++)
        zips_add(&made, names[i], "data", 4, ZIP_CM_STORE);
    const struct zipped zipped = zips_end(&made);
    struct source source = {.name = strdup("z.zip"), .data = zipped.data, .size = zipped.size};
    struct unzip unzip = {0};
    expect_opens(&source, &unzip);
    assert_int_equal(unzip_find(&unzip, "b"), 2);
    assert_int_equal(unzip_find(&unzip, "b2"), 1);
    assert_true(unzip_find(&unzip, "c") == SIZE_MAX);
    unzip_free(&unzip);
    *name_place(&source) = 'x'; /* was "a" */
    expect_opens(&source, &unzip);
    assert_int_equal(unzip_find(&unzip, "x"), 0);
    unzip_free(&unzip);
    source_free(&source);
}

/* A comment may look like an end: the one behind which nothing but its comment is left counts. */
static void test_end_in_comment(void **state)
{
    (void)state;
    static const char comment[] = "PK\5\6: a comment that is longer than an end";
    const struct bytes zip = hand_zip(&plain);
    struct bytes longer = zip;
    put_text(&longer, comment);
    longer.data[zip.size - 2] = sizeof comment - 1;
    struct source source = source_of(longer.data, longer.size);
    struct unzip unzip = {0};
    expect_opens(&source, &unzip);
    assert_int_equal(unzip.count, 1);
    unzip_free(&unzip);
    source_free(&source);
}

/* ZIP64's locator may point anywhere. */
static void test_locator(void **state)
{
    (void)state;
    struct hand large = plain;
    large.is_zip64 = true;
    const struct bytes zip = hand_zip(&large);
    static const uint8_t wrong[] = {0, 1, 7, 0xff};
    for (size_t i = 0; i < sizeof wrong; i++) {
        struct source source = source_of(zip.data, zip.size);
        struct unzip unzip = {0};
        struct error error = {0};
        memset(locator_place(&source) + 8, wrong[i], 8);
        assert_false(unzip_open(&unzip, &source, &error));
        expect_error(&error, "(the record that its end names is not there)");
        unzip_free(&unzip);
        source_free(&source);
    }
}

/* Whatever is cut off or changed, nothing is read outside, and what is said to be there is. */
static void test_damage(void **state)
{
    (void)state;
    struct source whole = make_zip();
    for (size_t i = 0; i < 2 * whole.size; i++) {
        struct source source = source_of(whole.data, i < whole.size ? i : whole.size);
        struct unzip unzip = {0};
        struct error error = {0};
        if (i >= whole.size)
            source.data[i - whole.size] ^= (char)(1 << i % 8);
        const bool opens = unzip_open(&unzip, &source, &error);
        for (size_t m = 0; opens && m < unzip.count; m++) {
            const char *data;
            error = (struct error){0};
            if (unzip_in_place(&unzip, m, &data, &error) && data)
                assert_true(data >= source.data && data + unzip.members[m].size <= source.data + source.size);
            char *room = unzip_check(&unzip, m, &error) ? malloc(unzip.members[m].size + 1) : NULL;
            if (room)
                (void)unzip_read(&unzip, m, room, unzip.members[m].size, &error);
            free(room);
        }
        if (!opens || error.kind != ERROR_NONE)
            expect_error(&error, "expected");
        unzip_free(&unzip);
        source_free(&source);
    }
    source_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_read),           cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_verify),         cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_lies),           cmocka_unit_test(test_counts),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_name_bytes),
        cmocka_unit_test(test_one_name_twice), cmocka_unit_test(test_end_in_comment),
        cmocka_unit_test(test_locator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
