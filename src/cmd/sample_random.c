#include "cmd/sample_random.h"

#include <inttypes.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/random_normal.h"
#include "cmd/option_values.h"

enum { DEFAULT_TOKENS = 12, DEFAULT_COLUMNS = 64, DEFAULT_HEADS = 1, DEFAULT_SEED = 1 };

/* Numbers of q, k and v: some 0.8 GB of JSON. */
#define NUMBERS_MOST ((size_t)100000000)

const char sample_random_what[] = "standard normal q, k and v, of any size: --n, --m, --d, --heads, --seed";

bool random_is_asked(const struct random_options *options)
{
    return options->n > 0 || options->m > 0 || options->d > 0 || options->heads > 0 || options->has_seed;
}

static void put_random(struct out *out, int64_t tens_of_thousands)
{
    const int64_t size = tens_of_thousands < 0 ? -tens_of_thousands : tens_of_thousands;
    out_format(out, "%s%" PRId64 ".%04" PRId64, tens_of_thousands < 0 ? "-" : "", size / 10000, size % 10000);
}

/* One of q (0), k (1) and v (2): heads×rows×d. A number goes by its place alone. */
static void put_random_tensor(struct out *out, const struct random_options *options, uint64_t which,
                              size_t rows)
{
    out_format(out, "\"%c\": [", "qkv"[which]);
    for (size_t h = 0; h < options->heads; h++)
        for (size_t i = 0; i < rows; i++) {
            out_text(out, i > 0 ? ",\n  [" : h > 0 ? ",\n [[" : "[[");
            for (size_t c = 0; c < options->d; c++) {
                const uint64_t place[] = {which, h, i, c};
                out_text(out, c > 0 ? "," : "");
                put_random(out, random_normal(options->seed, place, sizeof place / sizeof *place));
            }
            out_text(out, i + 1 < rows ? "]" : "]]");
        }
    out_text(out, "]");
}

bool sample_random_write(struct out *out, const struct random_options *options, struct error *error)
{
    struct random_options o = *options;
    size_t all;
    o.n = o.n > 0 ? o.n : DEFAULT_TOKENS;
    o.m = o.m > 0 ? o.m : o.n;
    o.d = o.d > 0 ? o.d : DEFAULT_COLUMNS;
    o.heads = o.heads > 0 ? o.heads : DEFAULT_HEADS;
    o.seed = o.has_seed ? o.seed : DEFAULT_SEED;
    if (!size_multiply(o.n + 2 * o.m, o.d, &all) || !size_multiply(all, o.heads, &all) || all > NUMBERS_MOST)
        return error_set(error, ERROR_USAGE,
                         "%zu heads of %zu queries and %zu keys of %zu columns are more than %zu numbers",
                         o.heads, o.n, o.m, o.d, NUMBERS_MOST);
    out_text(out, "{");
    for (uint64_t which = 0; which < 3; which++) {
        out_text(out, which > 0 ? ",\n" : "");
        put_random_tensor(out, &o, which, which == 0 ? o.n : o.m);
    }
    out_text(out, "}\n");
    return true;
}

#define RANDOM_SIZE(member, what)                                                                            \
    {                                                                                                        \
        .name = #member, .argument = "N", .help = "random: " what, .parse = value_count, .least = 1,         \
        .most = 1000000000, OPTION_OWN(struct random_options, member)                                        \
    }

static const struct option_row random_rows[] = {
    RANDOM_SIZE(n, "how many queries (default 12)"),
    RANDOM_SIZE(m, "how many keys (default: as many as queries)"),
    RANDOM_SIZE(d, "columns of q, k and v (default 64)"),
    RANDOM_SIZE(heads, "how many heads (default 1)"),
    {.name = "seed",
     .argument = "N",
     .help = "random: other numbers for each seed (default 1)",
     .parse = value_count,
     .least = 0,
     .most = 1000000000,
     .given = offsetof(struct random_options, has_seed),
     OPTION_OWN(struct random_options, seed)},
};
const struct option_group group_random = OPTION_GROUP("Random", random_rows);
