/* Numbers are as in the JSON of a result. */
#include "write/explanation.h"

/* An array of numbers of one of both types; the other is NULL. */
static void explanation_array(struct out *out, const char *key, const float *single, const double *doubled,
                              size_t count)
{
    out_format(out, "\"%s\":[", key);
    for (size_t c = 0; c < count; c++) {
        out_text(out, c > 0 ? "," : "");
        out_float(out, single ? single[c] : (float)doubled[c]);
    }
    out_char(out, ']');
}

static void explanation_vector(struct out *out, const char *key, const float *values, size_t count)
{
    out_char(out, ',');
    explanation_array(out, key, values, NULL, count);
}

static void explanation_number(struct out *out, const char *key, double value)
{
    out_format(out, ",\"%s\":", key);
    out_float(out, (float)value);
}

static void explanation_fact(struct out *out, const struct explain_fact *fact)
{
    switch (fact->kind) {
    case FACT_NUMBER:
        explanation_number(out, fact->name, fact->number);
        break;
    case FACT_COUNT:
        out_format(out, ",\"%s\":%zu", fact->name, (size_t)fact->number);
        break;
    case FACT_WORD:
        out_format(out, ",\"%s\":\"%s\"", fact->name, fact->word);
        break;
    case FACT_VECTOR:
        explanation_vector(out, fact->name, fact->vector, fact->count);
        break;
    }
}

static void explanation_key(struct out *out, const struct explain_steps *steps, size_t j)
{
    out_format(out, "%s{\"key\":%zu,\"token\":", j > 0 ? ",\n" : "", j);
    out_quoted(out, steps->key_tokens->text[j]);
    out_format(out, ",\"allowed\":%s", steps->allowed[j] ? "true" : "false");
    for (size_t c = 0; c < steps->column_count; c++) {
        const struct explain_column *column = &steps->columns[c];
        if (column->name && column->values)
            explanation_number(out, column->name, column->values[j]);
        else if (column->name)
            explanation_vector(out, column->name, column->vector.data + j * column->vector.row,
                               column->width);
    }
    out_char(out, '}');
}

static void explanation_doubles(struct out *out, const char *key, const double *values, size_t count)
{
    out_text(out, ",\n");
    explanation_array(out, key, NULL, values, count);
}

/* The heads among the terms of a step. */
static void explanation_heads(struct out *out, const struct explain_step *step)
{
    bool any = false;
    for (size_t t = 0; t < step->term_count; t++) {
        const struct explain_term *term = &step->terms[t];
        if (!term->head)
            continue;
        out_format(out, "%s{\"head\":%zu,", any ? ",\n" : ",\n\"heads\":[", term->key);
        explanation_array(out, "output", NULL, term->head, term->count);
        out_char(out, ',');
        explanation_array(out, "carried", NULL, term->carried, term->carried_count);
        out_char(out, '}');
        any = true;
    }
    out_text(out, any ? "]" : "");
}

/* What the terms of a step add up to. */
static void explanation_total(struct out *out, const struct explain_step *step)
{
    explanation_heads(out, step);
    if (step->total)
        explanation_doubles(out, step->key, step->total, step->total_count);
    if (step->carried)
        explanation_doubles(out, "carried", step->carried, step->carried_count);
}

void write_explanation(const struct explain_steps *steps, struct out *out)
{
    out_format(out, "{\"schema\":\"attn-explain/1\",\"layer\":%zu,\"head\":%zu,\"query\":%zu,\"token\":",
               steps->layer, steps->head, steps->query);
    out_quoted(out, steps->tokens->text[steps->query]);
    for (size_t f = 0; f < steps->fact_count; f++)
        explanation_fact(out, &steps->facts[f]);
    out_text(out, ",\n\"keys\":[");
    for (size_t j = 0; j < steps->key_count; j++)
        explanation_key(out, steps, j);
    out_char(out, ']');
    for (size_t s = 0; s < steps->step_count; s++)
        explanation_total(out, &steps->steps[s]);
    out_text(out, "}\n");
}
