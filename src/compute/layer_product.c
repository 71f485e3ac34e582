#include "compute/layer_product.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/engine.h"
#include "engine/weights.h"

/* Rows of a block, and columns of a panel. Blocks of the layer are BLOCK_ROWS square, those of the product as wide as a panel. */
enum { BLOCK_ROWS = 64, PANEL = 192 };

enum block_holds { HOLDS_ZEROS, HOLDS_NUMBERS, HOLDS_NONFINITE };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t block_count(size_t n)
{
    return size_divide_up(n, BLOCK_ROWS);
}

static size_t panel_count(size_t n)
{
    return size_divide_up(n, PANEL);
}

bool layer_product_make(struct layer_product *product, size_t n, struct error *error)
{
    size_t cells;
    *product = (struct layer_product){.n = n};
    if (!size_multiply(n, n, &cells))
        return error_memory(error, SIZE_MAX);
    const size_t blocks = block_count(n) * block_count(n), panels = block_count(n) * panel_count(n);
    product->panels = memory_alloc(cells, sizeof *product->panels, error);
    product->next = product->panels ? memory_alloc(cells, sizeof *product->next, error) : NULL;
    product->left = product->next ? memory_alloc(blocks, 1, error) : NULL;
    product->now = product->left ? memory_alloc(panels, 1, error) : NULL;
    product->then = product->now ? memory_alloc(panels, 1, error) : NULL;
    product->diagonal = product->then ? memory_alloc(n, sizeof *product->diagonal, error) : NULL;
    return product->diagonal;
}

void layer_product_free(struct layer_product *product)
{
    free(product->panels);
    free(product->next);
    free(product->left);
    free(product->now);
    free(product->then);
    free(product->diagonal);
    *product = (struct layer_product){0};
}

/* What rows×columns numbers hold. */
static enum block_holds look(const float *block, size_t stride, size_t rows, size_t columns)
{
    const struct strided matrix = {block, stride, 1};
    const uint32_t largest = weights_largest(&matrix, rows, columns);
    return largest >= 0x7f800000 ? HOLDS_NONFINITE : largest > 0 ? HOLDS_NUMBERS : HOLDS_ZEROS;
}

/* What the threads share. */
struct product_work {
    struct layer_product *product;
    const float *layer; /* from the second on without its diagonal */
};

/* The panel, and a block of its rows. */
struct product_block {
    size_t panel, block, first, rows, column, columns;
};

static struct product_block block_at(size_t n, size_t panel, size_t block)
{
    const size_t first = block * BLOCK_ROWS, column = panel * PANEL;
    return (struct product_block){.panel = panel,
                                  .block = block,
                                  .first = first,
                                  .rows = least(n - first, BLOCK_ROWS),
                                  .column = column,
                                  .columns = least(n - column, PANEL)};
}

/* Looks at a row of blocks of the layer. */
static void look_work(void *context, int worker, size_t block)
{
    const struct product_work *work = context;
    const size_t n = work->product->n, first = block * BLOCK_ROWS;
    (void)worker;
    for (size_t k = 0; k < block_count(n); k++)
        work->product->left[block * block_count(n) + k] =
            (uint8_t)look(work->layer + first * n + k * BLOCK_ROWS, n, least(n - first, BLOCK_ROWS),
                          least(n - k * BLOCK_ROWS, BLOCK_ROWS));
}

/* The first layer: a row of blocks into all panels. */
static void copy_work(void *context, int worker, size_t block)
{
    const struct product_work *work = context;
    struct layer_product *product = work->product;
    (void)worker;
    for (size_t panel = 0; panel < panel_count(product->n); panel++) {
        const struct product_block b = block_at(product->n, panel, block);
        float *to = product->panels + b.column * product->n + b.first * b.columns;
        for (size_t r = 0; r < b.rows; r++)
            memcpy(to + r * b.columns, work->layer + (b.first + r) * product->n + b.column,
                   b.columns * sizeof *to);
        product->now[panel * block_count(product->n) + block] =
            (uint8_t)look(to, b.columns, b.rows, b.columns);
    }
}

/* With NaN or infinity: pairs of which one is 0 are left out. */
static void multiply_carefully(const struct product_work *work, const struct product_block *b,
                               const size_t inner[2], float *to)
{
    const size_t n = work->product->n;
    const float *below = work->product->panels + b->column * n;
    for (size_t r = 0; r < b->rows; r++) {
        const float *row = work->layer + (b->first + r) * n;
        for (size_t c = 0; c < b->columns; c++) {
            double sum = 0;
            for (size_t k = inner[0]; k < inner[1]; k++) {
                const float x = row[k], y = below[k * b->columns + c];
                sum += x != 0 && y != 0 ? (double)x * (double)y : 0;
            }
            to[r * b->columns + c] = (float)sum;
        }
    }
}

/* The inner range over which both sides hold something, and whether all of it is finite. */
static bool find_inner(const struct product_work *work, const struct product_block *b, size_t inner[2])
{
    const struct layer_product *product = work->product;
    const size_t blocks = block_count(product->n);
    const uint8_t *left = product->left + b->block * blocks, *right = product->now + b->panel * blocks;
    size_t from = 0, end = blocks;
    while (from < end && (left[from] == HOLDS_ZEROS || right[from] == HOLDS_ZEROS))
        from++;
    while (end > from && (left[end - 1] == HOLDS_ZEROS || right[end - 1] == HOLDS_ZEROS))
        end--;
    bool is_finite = true;
    for (size_t k = from; k < end; k++)
        is_finite = is_finite && left[k] != HOLDS_NONFINITE && right[k] != HOLDS_NONFINITE;
    inner[0] = from * BLOCK_ROWS;
    inner[1] = least(end * BLOCK_ROWS, product->n);
    return is_finite;
}

/* Adds the diagonal times the product so far. It comes last, and once: small terms added to a number near 1, one after the other,
 * would each lose what float32 does not hold beside it. */
static void add_diagonal(const struct product_work *work, const struct product_block *b, float *to)
{
    const struct layer_product *product = work->product;
    const float *below = product->panels + b->column * product->n + b->first * b->columns;
    for (size_t r = 0; r < b->rows; r++) {
        const float own = product->diagonal[b->first + r];
        for (size_t c = 0; c < b->columns && own != 0; c++) {
            const float y = below[r * b->columns + c];
            if (y != 0)
                to[r * b->columns + c] = (float)((double)to[r * b->columns + c] + (double)own * (double)y);
        }
    }
}

static bool multiply_work(void *context, int worker, size_t job, struct error *error)
{
    const struct product_work *work = context;
    struct layer_product *product = work->product;
    const size_t n = product->n, blocks = block_count(n);
    const struct product_block b = block_at(n, job / blocks, job % blocks);
    float *to = product->next + b.column * n + b.first * b.columns;
    size_t inner[2];
    bool ok = true;
    (void)worker;
    if (!find_inner(work, &b, inner))
        multiply_carefully(work, &b, inner, to);
    else if (inner[0] < inner[1])
        ok = engine_project(work->layer + b.first * n + inner[0], n,
                            product->panels + b.column * n + inner[0] * b.columns, NULL, b.rows,
                            inner[1] - inner[0], b.columns, to, 1, error);
    else
        memset(to, 0, b.rows * b.columns * sizeof *to);
    if (ok)
        add_diagonal(work, &b, to);
    product->then[job] = (uint8_t)(ok ? look(to, b.columns, b.rows, b.columns) : HOLDS_ZEROS);
    return ok;
}

/* Takes the diagonal out of the layer. */
static void take_diagonal(struct layer_product *product, float *layer)
{
    for (size_t i = 0; i < product->n; i++) {
        product->diagonal[i] = layer[i * product->n + i];
        layer[i * product->n + i] = 0;
    }
}

bool layer_product_add(struct layer_product *product, float *layer, int threads, struct error *error)
{
    const size_t n = product->n, blocks = block_count(n);
    struct product_work work = {product, layer};
    const int workers = engine_threads(threads);
    if (product->layers++ == 0) {
        workers_run_on(workers, blocks, copy_work, &work);
        return true;
    }
    take_diagonal(product, layer);
    workers_run_on(workers, blocks, look_work, &work);
    if (!workers_try(workers, panel_count(n) * blocks, multiply_work, &work, error))
        return false;
    float *panels = product->panels;
    product->panels = product->next;
    product->next = panels;
    uint8_t *now = product->now;
    product->now = product->then;
    product->then = now;
    return true;
}

void layer_product_row(const struct layer_product *product, size_t i, float *row)
{
    for (size_t column = 0; column < product->n; column += PANEL) {
        const size_t columns = least(product->n - column, PANEL);
        memcpy(row + column, product->panels + column * product->n + i * columns, columns * sizeof *row);
    }
}
