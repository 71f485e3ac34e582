/* Which format a file has: by its content, else by its name; and by endings. */
#include "archives.h"

static void expect_format(const char *name, const void *data, size_t size, const struct format *want)
{
    const struct format *got = format_of(data, size, name);
    if (got != want)
        fail_msg("%s is %s", name, got ? got->name : "nothing");
}

/* The local header of the first member of a zip. */
static size_t zip_head(char *head, const char *member)
{
    memset(head, 0, 30);
    memcpy(head, "PK\3\4", 4);
    head[26] = (char)strlen(member);
    memcpy(head + 30, member, strlen(member));
    return 30 + strlen(member);
}

static void goes_by_content(void **state)
{
    (void)state;
    char head[100];
    expect_format("x.txt", "\x93NUMPY\1\0", 8, &format_npy);
    expect_format("x.safetensors", "\x93NUMPY\1\0", 8, &format_npy);
    expect_format("x", "\x93NUMP", 5, NULL);
    expect_format("x.npy", "\x93NUMP", 5, &format_npy);
    size_t size = zip_head(head, "a.npy");
    expect_format("x.bin", head, size, &format_npz);
    expect_format("x.pt", head, size, &format_npz);
    expect_format("x.npz", "PK\5\6", 4, &format_npz); /* a zip of nothing */
    size = zip_head(head, "archive/data.pkl");
    expect_format("x.pt", head, size, &format_torch);
    expect_format("x.bin", head, size, NULL); /* not enough of it to be sure */
    /* Another first member: the name decides. */
    size = zip_head(head, "notes.txt");
    expect_format("x.npz", head, size, &format_npz);
    expect_format("x.zip", "\x20\0\0\0\0\0\0\0[]", 10, NULL);
    expect_format("model", "\2\0\0\0\0\0\0\0{}", 10, &format_safetensors);
    expect_format("model", "\3\0\0\0\0\0\0\0{}", 10, NULL); /* the header would not fit */
    expect_format("model", "\1\0\0\0\0\0\0\0{}", 10, NULL);
    expect_format("model", "\3\0\0\0\1\0\0\0{}", 10, NULL); /* a header of 4 GiB */
    expect_format("model.safetensors", "\3\0\0\0\0\0\0\0{}", 10, &format_safetensors);
    expect_format("model.safetensors", "", 0, &format_safetensors);
    expect_format("x.npz", "1,2,3\n", 6, &format_npz);
    expect_format("model.safetensors", "no such thing", 13, &format_safetensors);
    expect_format("model.safetensors.index.json", "{}", 2, &format_safetensors);
    expect_format("index.json", "{\"weight_map\":{}}", 17, NULL);
    expect_format("x.gguf", "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, &format_gguf);
    expect_format("x.csv", "1,2,3\n", 6, NULL);
}

static void goes_by_ending(void **state)
{
    (void)state;
    assert_ptr_equal(format_by_ending("a/b.npy"), &format_npy);
    assert_ptr_equal(format_by_ending("B.NPZ"), &format_npz);
    assert_ptr_equal(format_by_ending("m.safetensors"), &format_safetensors);
    assert_ptr_equal(format_by_ending("m.safetensors.index.json"), &format_safetensors);
    assert_null(format_by_ending("m.json"));
    assert_null(format_by_ending("npy"));
}

static void has_names(void **state)
{
    (void)state;
    assert_ptr_equal(format_named("safetensors"), &format_safetensors);
    assert_ptr_equal(format_named("npz"), &format_npz);
    assert_null(format_named("NPZ"));
    assert_null(format_named(""));
    size_t length = 0;
    for (size_t i = 0; formats[i]; i++) {
        assert_ptr_equal(format_named(formats[i]->name), formats[i]);
        assert_memory_equal(format_words + length, formats[i]->name, strlen(formats[i]->name));
        length += strlen(formats[i]->name) + 1;
        assert_true(!formats[i]->write || formats[i]->holds(DTYPE_F32) == DTYPE_F32);
        assert_int_equal(formats[i]->probe("", 0, ""), 0);
    }
    assert_int_equal(strlen(format_words), length - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_by_content),
        cmocka_unit_test(goes_by_ending),
        cmocka_unit_test(has_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
