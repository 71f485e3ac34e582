/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): one or two queries over many keys, as in decoding. With
 * queries as lanes all but these would be idle, and each number of K and V would be read by itself. Here the lanes are
 * columns of k and v, which are read a vector at a time; what is between the products is as for other blocks.
 */

/* The products of LANES keys (those from `keys` on are not read) and a query: a vector of sums a key, which are then
 * transposed and added up. */
INLINE vec thin_products(const float *k, size_t k_row, size_t keys, const float *query, size_t d)
{
    vec sum[LANES] = {{0}}, total = {0};
    for (size_t i = 0; i < keys; i++, k += k_row) {
        vec part[2] = {{0}};
        size_t c = 0;
        for (; c + 2 * LANES <= d; c += 2 * LANES) {
            part[0] += vec_get(k + c) * vec_get(query + c);
            part[1] += vec_get(k + c + LANES) * vec_get(query + c + LANES);
        }
        for (; c + LANES <= d; c += LANES)
            part[0] += vec_get(k + c) * vec_get(query + c);
        for (; c < d; c++)
            part[1][c % LANES] += k[c] * query[c];
        sum[i] = part[0] + part[1];
    }
    vec_transpose(sum, 1);
    UNROLL
    for (size_t i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}

/* What compare_keys does, for `count` rows of queries. */
static void thin_compare(const struct head *head, size_t first, size_t count, size_t from, size_t keys,
                         float *scores, float *largest)
{
    for (size_t l = 0; l < count; l++) {
        const float *query = head->q.data + (first + l) * head->q.row;
        const float scale = head->query_scale ? head->query_scale[first + l] : 1;
        for (size_t j = 0; j < keys; j += LANES) {
            const size_t some = keys - j < LANES ? keys - j : LANES;
            const vec products =
                thin_products(head->k.data + (from + j) * head->k.row, head->k.row, some, query, head->d_k) *
                scale;
            for (size_t i = 0; i < some; i++) {
                scores[(j + i) * BLOCK + l] = products[i];
                largest[l] = products[i] > largest[l] ? products[i] : largest[l];
            }
        }
    }
}

/* Columns of v that are added up at once. */
#define THIN_VECTORS 4

/* What multiply_values does, for the first `count` rows. */
static void thin_values(const float *v, size_t v_row, size_t columns, const float *weights, size_t keys,
                        float *sums, const float *rescale, size_t count)
{
    for (size_t l = 0; l < count; l++)
        for (size_t c = 0; c < columns; c += THIN_VECTORS * LANES) {
            const size_t some = columns - c < THIN_VECTORS * LANES ? columns - c : THIN_VECTORS * LANES;
            vec sum[THIN_VECTORS] = {{0}};
            _Alignas(64) float total[THIN_VECTORS * LANES];
            if (some == THIN_VECTORS * LANES) {
                for (size_t j = 0; j < keys; j++)
                    UNROLL
                for (size_t i = 0; i < THIN_VECTORS; i++)
                    sum[i] += weights[j * BLOCK + l] * vec_get(v + j * v_row + c + i * LANES);
                memcpy(total, sum, sizeof total);
            } else {
                memset(total, 0, sizeof total);
                for (size_t j = 0; j < keys; j++)
                    for (size_t i = 0; i < some; i++)
                        total[i] += weights[j * BLOCK + l] * v[j * v_row + c + i];
            }
            for (size_t i = 0; i < some; i++) {
                float *place = sums + (c + i) * BLOCK + l;
                *place = *place * rescale[l] + total[i];
            }
        }
}
