/* base/memory.h: what is said to be written anyway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

/* How many of some pages the system has given. */
static size_t pages_given(void *memory, size_t pages, size_t page)
{
    unsigned char given[8];
    size_t count = 0;
    assert_int_equal(mincore(memory, pages * page, given), 0);
    for (size_t i = 0; i < pages; i++)
        count += given[i] & 1;
    return count;
}

/* Whole pages alone, which other bytes do not share, and only once. */
static void test_populate_whole_pages(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    memory_populate(memory + 1, 2 * page - 2); /* none is whole */
    assert_int_equal(pages_given(memory, 8, page), 0);
    memory_populate(memory + 1, 4 * page);
#ifdef MADV_POPULATE_WRITE /* which an old kernel does not know */
    if (madvise(memory + 7 * page, page, MADV_POPULATE_WRITE) == 0)
        assert_int_equal(pages_given(memory, 8, page), 3 + 1);
#endif
    memset(memory, 'x', 8 * page);
    memory_populate(memory, 8 * page);
    for (size_t i = 0; i < 8 * page; i++)
        assert_int_equal(memory[i], 'x');
    assert_int_equal(munmap(memory, 8 * page), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_populate_whole_pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
