/*
 * An explanation as data: the steps from a query to its output, one after the other, with their formulas and their
 * numbers. All that shows an explanation (text, JSON, a picture) goes by this list alone, and asks nothing of the form
 * of attention.
 */
#ifndef ATTN_COMPUTE_EXPLAIN_STEPS_H
#define ATTN_COMPUTE_EXPLAIN_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/explain.h"
#include "problem/inputs.h"

/* Of the JSON: a number, a count, a word or a vector that belongs to no key. */
enum fact_kind { FACT_NUMBER, FACT_COUNT, FACT_WORD, FACT_VECTOR };
struct explain_fact {
    const char *name;
    enum fact_kind kind;
    double number;       /* also of a count */
    char word[16];       /* of a word */
    const float *vector; /* of a vector, `count` numbers; borrowed */
    size_t count;
};

/* One number, or one vector, for each key. */
struct explain_column {
    const char *name;      /* in the JSON; NULL: it is not there */
    char heading[48];      /* of the table; "": it is not there */
    const double *values;  /* m numbers, borrowed; NULL: vectors */
    struct strided vector; /* m rows of `width` numbers */
    size_t width;
    bool summed;      /* with the number of the sink, and the sum of all */
    double sink, sum; /* of a column that is summed */
};

enum { EXPLAIN_FACTS = 32, EXPLAIN_COLUMNS = 16, EXPLAIN_STEPS = 5 };

/* A number or a vector with how it is written out. */
struct explain_term {
    char *name;          /* "q", "φ(q) = elu(q) + 1"; NULL: it is of a key; owned */
    size_t key;          /* where it is of a key; of a head its number */
    char *written;       /* a sum with its numbers, "1·3 + 0·0"; NULL: it is not written out; owned */
    double number;       /* what that comes to, or the factor of the vector */
    const float *vector; /* `count` numbers; NULL: there is none. Borrowed */
    size_t count;
    char *note; /* follows: ", turned by its position 3"; NULL: nothing does; owned */
    /* Of a head of the layer: its output, `count` numbers, and what w_o makes of it, `carried_count`; NULL: it is of none.
     * Borrowed. */
    const double *head, *carried;
    size_t carried_count;
};

struct explain_step {
    const char *title; /* a word: "query" */
    const char *key;   /* of the total in the JSON; NULL: there is none */
    char *formula;     /* lines; NULL: there is none; owned */
    struct explain_term *terms;
    size_t term_count;
    const char *column; /* the name of the column that the numbers of the terms are of; NULL: of none */
    bool is_silent;     /* the step before says it: only its numbers are written, no words */
    bool has_columns;   /* the table of keys belongs to it */
    bool has_more;      /* of keys without a row there would be more terms */
    const char *addend; /* what is added to the terms, in words; NULL: nothing is */
    const double
        *total; /* what the terms add up to, `total_count` numbers; NULL: they are not added. Borrowed */
    size_t total_count;
    const char *onward;    /* what `carried` is: "·w_o"; NULL: there is none */
    const double *carried; /* the total further on, `carried_count` numbers. Borrowed */
    size_t carried_count;
    char *note; /* sentences behind all this, lines; NULL: none; owned */
};

/* Begins zeroed; freed by explain_steps_free in any case. Points into the explanation. */
struct explain_steps {
    size_t layer, head, query; /* as they are shown: the layer among all, the head of the problem */
    const struct labels *tokens, *key_tokens;
    size_t key_count;
    const bool *allowed;
    struct explain_fact facts[EXPLAIN_FACTS];
    size_t fact_count;
    struct explain_column columns[EXPLAIN_COLUMNS];
    size_t column_count;
    double *rounded; /* the weights in float32, where they differ; NULL: they do not; owned */
    bool has_sink;   /* the table has a row of the sink */
    size_t *rows;    /* the keys that are shown, in this order; owned */
    size_t row_count;
    double rest; /* the weights of the other keys, added up */
    struct explain_step steps[EXPLAIN_STEPS];
    size_t step_count;
    char *why; /* why there is a scale, with what it does here; lines; NULL: there is nothing to say; owned */
};

/* Makes the steps of an explanation, which must outlive them, with all keys shown, or the `rows` with the largest
 * weights. Errors: no memory. */
bool explain_steps_make(struct explain_steps *steps, const struct explanation *explanation, size_t rows,
                        struct error *error);
void explain_steps_free(struct explain_steps *steps);

#endif
