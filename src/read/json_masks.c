/* Masks under the names that other software has for them, which say what their numbers mean. */
#include "read/json_masks.h"

#include <stdio.h>

#include "base/source.h"
#include "read/inputs_put.h"

/* What the numbers of a mask are. */
struct mask_numbers {
    bool negative; /* some is below 0, as of a mask that is added to scores */
    bool low;      /* all are 0, or so low that they mask: PyTorch's padding as numbers that are added */
    bool binary;   /* all are 0 or 1 */
    bool zero;     /* all are 0 */
};

static struct mask_numbers look_at(const struct tensor *t)
{
    const float lowest = -1e9f;
    struct mask_numbers numbers = {.binary = true, .zero = true, .low = true};
    for (size_t i = 0; i < tensor_count(t); i++) {
        numbers.negative = numbers.negative || t->data[i] < 0 || tensor_is_null(t->data[i]);
        numbers.binary = numbers.binary && (t->data[i] == 0 || t->data[i] == 1);
        numbers.zero = numbers.zero && t->data[i] == 0;
        numbers.low = numbers.low && (t->data[i] == 0 || t->data[i] <= lowest || tensor_is_null(t->data[i]));
    }
    return numbers;
}

/* Drops axes of 1 in front, of a batch and of heads that share the mask, but for the last one. */
static void drop_axes(struct tensor *t)
{
    while (t->rank > 1 && t->shape[0] == 1) {
        for (int i = 1; i < t->rank; i++)
            t->shape[i - 1] = t->shape[i];
        t->rank--;
    }
}

static bool put_mask_as(const struct json_mask *m, enum input input)
{
    *m->input = input;
    return inputs_put_tensor(&m->layer->tensor[input], m->tensor, input_names[input], m->error);
}

/* A mask of keys, or of pairs, in which 1 attends. */
static bool put_keeping(const struct json_mask *m, const struct mask_numbers *numbers)
{
    if (m->tensor->rank == 1 && numbers->zero)
        return place_error(&m->tensor->place, m->error,
                           "%s is 0 everywhere: all keys would be padding (1 attends)", m->name);
    m->tensor->true_attends = true;
    m->tensor->may_be_keys = m->tensor->rank == 2;
    return put_mask_as(m, m->tensor->rank == 1 ? INPUT_KEY_MASK : INPUT_MASK);
}

static bool put_blocking(const struct json_mask *m, const struct mask_numbers *numbers)
{
    struct tensor *t = m->tensor;
    if (t->rank > 2)
        return place_error(&t->place, m->error, "%s: expected a number a key", m->name);
    if (!numbers->binary && !numbers->low)
        return place_error(
            &t->place, m->error,
            "%s: expected true or 1 where a key is padding, or 0 and -Infinity (other numbers that are "
            "added are called bias)",
            m->name);
    if (!tensor_own(t, m->error))
        return false;
    for (size_t i = 0; i < tensor_count(t); i++)
        t->data[i] = t->data[i] == 0;
    t->holds = TENSOR_BOOLEANS;
    t->true_attends = true;
    return put_mask_as(m, INPUT_KEY_MASK);
}

bool json_put_mask(const struct json_mask *m, enum name_sense sense)
{
    struct tensor *t = m->tensor;
    const struct mask_numbers numbers = look_at(t);
    const bool booleans = t->holds & TENSOR_BOOLEANS;
    char line[32] = ""; /* an array has none */
    const int rank =
        t->rank; /* with a batch and heads in front it is of pairs, also where there is one query */
    drop_axes(t);
    if (t->place.line > 0)
        snprintf(line, sizeof line, ":%zu", t->place.line);
    if (sense == NAME_BLOCKS)
        return put_blocking(m, &numbers);
    const bool added = numbers.negative || (!booleans && numbers.zero && (t->rank > 1 || rank > 2));
    if (added && numbers.zero && m->warnings)
        warnings_add(m->warnings,
                     "%s%s: %s is 0 everywhere, and is taken for numbers that are added: it masks nothing",
                     t->place.file, line, m->name);
    if (added || (sense == NAME_EITHER && !numbers.binary))
        return put_mask_as(m, INPUT_BIAS);
    if (sense == NAME_EITHER)
        return place_error(
            &t->place, m->error,
            "in %s of nn.MultiheadAttention true masks a pair, of scaled_dot_product_attention it allows it: "
            "expected it as \"mask\" (true attends), or as \"mask\" beside \"mask_true_blocks\": true",
            m->name);
    return put_keeping(m, &numbers);
}
