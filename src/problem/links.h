/* Which words of two sentences are known to belong together: gold links, to judge an alignment by. */
#ifndef ATTN_PROBLEM_LINKS_H
#define ATTN_PROBLEM_LINKS_H

#include <stdbool.h>
#include <stddef.h>

/* Numbers count from 0. A link is sure, or only possible. */
struct word_link {
    size_t key, query;
    bool is_sure;
};

/* Begins zeroed. In order of queries and keys, each once; the list is owned. */
struct word_links {
    struct word_link *list;
    size_t count;
};

#endif
