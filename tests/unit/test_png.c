/* Pictures as PNG: decoded, compared, and made while memory fails, as SVG too. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/source.h"
#include "figure/figure.h"
#include "figure/image_read.h"
#include "figure/layout.h"
#include "paint/painter.h"
#include "paint/png_encode.h"

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || !defined __GLIBC__
#define SANITIZED
#endif

#ifndef SANITIZED
/* Takes the place of the C library's for the whole program: number `fail_at` from now fails, and so do all
 * that follow it unless fail_once; what is not freed is counted. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *memory);

static long fail_at = -1;
static bool fail_once, failed;
static long alive;

static bool fails(void)
{
    if (fail_at < 0)
        return false;
    if (fail_at > 0)
        return fail_at--, false;
    failed = true;
    if (fail_once)
        fail_at = -1;
    return true;
}

static void *count_alive(void *memory)
{
    __atomic_fetch_add(&alive, memory != NULL, __ATOMIC_RELAXED);
    return memory;
}

void *malloc(size_t size)
{
    return fails() ? NULL : count_alive(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : count_alive(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    if (!memory)
        return malloc(size);
    return fails() ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : count_alive(__libc_memalign(alignment, size));
}

void free(void *memory)
{
    __atomic_fetch_sub(&alive, memory != NULL, __ATOMIC_RELAXED);
    __libc_free(memory);
}
#endif

static const float values[36] = {1, 0, 0.2f, 0.5f, 0.9f};
static const char *const labels[6] = {"Data", " em",        "\u0627\u0644\u0639\u0631\u0628\u064A\u0629",
                                      "中文", "\U0001F680", "to"};
static struct heatmap maps[2] = {{.title = "a", .values = values}, {.title = "b", .values = values}};

static struct drawing example(void)
{
    return (struct drawing){
        .title = "A title that is so long that it takes a second line where the picture is narrow",
        .maps = maps,
        .map_count = 1,
        .rows = 6,
        .columns = 6,
        .row_labels = labels,
        .column_labels = labels,
        .row_axis = "query",
        .column_axis = "key",
        .measure = "weight",
        .is_weight = true,
        .style = {.dpi_scale = 1}};
}

static const struct painter *painter = &painter_png;

static bool draw_with(struct paint_kit *kit, const struct drawing *drawing, struct out *out,
                      struct error *error)
{
    struct figure figure = {0};
    bool done = layout_figure(&figure, drawing, kit->font, error) && painter->paint(kit, &figure, out, error);
    figure_free(&figure);
    return done;
}

/* One picture with a kit of its own. */
static bool draw_alone(const struct drawing *drawing, struct out *out, struct error *error)
{
    struct paint_kit kit = {0};
    bool done = paint_kit_open(&kit, NULL, error) && draw_with(&kit, drawing, out, error);
    paint_kit_free(&kit);
    return done;
}

static void draw(struct out *out, const struct drawing *drawing)
{
    struct error error = {0};
    out_begin(out, -1, "memory");
    if (!draw_alone(drawing, out, &error))
        fail_msg("%s", error.message);
    assert_true(out_finish(out, &error));
}

/* The pixel at x, y. */
static struct color pixel(const struct image *image, double x, double y)
{
    const uint8_t *at = image->pixels + ((size_t)y * image->width + (size_t)x) * 3;
    return (struct color){at[0], at[1], at[2]};
}

/* The decoded picture shows what the figure says: its size, and the colours of all cells. */
static void test_picture_shows_the_figure(void **state)
{
    (void)state;
    static const double scales[] = {1, 1.5, 2};
    for (size_t s = 0; s < 3; s++) {
        struct drawing drawing = example();
        drawing.style.dpi_scale = scales[s];
        drawing.style.annotate = ANNOTATE_OFF;
        struct out out;
        draw(&out, &drawing);
        assert_memory_equal(out.data, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);

        struct error error = {0};
        struct figure figure = {0};
        struct font *font = font_open(NULL, &error);
        assert_true(layout_figure(&figure, &drawing, font, &error));
        char name[] = "drawn";
        struct source source = {.name = name, .data = out.data, .size = out.size};
        struct image image;
        assert_true(image_read(&image, &source, 1 << 20, 1 << 20, &error));
        assert_int_equal(image.width, (size_t)ceil((double)figure.width));
        assert_int_equal(image.height, (size_t)ceil((double)figure.height));
        struct color corner = pixel(&image, 0, 0);
        assert_int_equal(corner.r + corner.g + corner.b, 3 * 255);
        size_t checked = 0;
        for (size_t i = 0; i < figure.count; i++)
            for (size_t cell = 0; figure.items[i].kind == FIGURE_MATRIX && cell < 36; cell++, checked++) {
                const struct figure_item *item = &figure.items[i];
                double x = (double)item->x + (double)item->width * ((double)(cell % 6) + 0.5) / 6;
                double y = (double)item->y + (double)item->height * ((double)(cell / 6) + 0.5) / 6;
                struct color seen = pixel(&image, x, y);
                assert_memory_equal(&seen, &figure.palette[figure.cells[cell]], sizeof seen);
            }
        assert_int_equal(checked, 36);
        image_free(&image);
        figure_free(&figure);
        font_close(font);
        out_free(&out);
    }
}

static void test_same_drawing_same_bytes(void **state)
{
    (void)state;
    struct drawing drawing = example();
    struct out first, second;
    draw(&first, &drawing);
    draw(&second, &drawing);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    out_free(&first);
    out_free(&second);
}

/* Pictures before it, larger, smaller, failed, of other labels, leave no trace in a picture. */
static void test_a_kit_leaves_no_trace(void **state)
{
    (void)state;
    struct error error = {0};
    struct paint_kit kit = {0};
    assert_true(paint_kit_open(&kit, NULL, &error));
    static const double scales[] = {1, 2.5, 1.25, 1, 4, 1};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        struct drawing drawing = example();
        struct out fresh, used;
        drawing.style.dpi_scale = scales[i];
        drawing.map_count = i % 2 + 1;
        if (i == 3)
            drawing.row_labels = NULL;
        draw(&fresh, &drawing);
        out_begin(&used, -1, "memory");
        assert_true(draw_with(&kit, &drawing, &used, &error));
        assert_int_equal(used.size, fresh.size);
        assert_memory_equal(used.data, fresh.data, fresh.size);
        out_free(&fresh);
        out_free(&used);

        struct error refused = {0};
        out_begin(&used, -1, "memory");
        drawing.style.cmap = "no such map";
        assert_false(draw_with(&kit, &drawing, &used, &refused));
        assert_int_equal(refused.kind, ERROR_USAGE);
        out_free(&used);
    }
    paint_kit_free(&kit);
}

static void *draw_many(void *context)
{
    struct out *out = context;
    struct drawing drawing = example();
    for (int i = 0; i < 5; i++) {
        struct error error = {0};
        out_begin(out, -1, "memory");
        if (!draw_alone(&drawing, out, &error))
            break;
        if (i < 4)
            out_free(out);
    }
    return NULL;
}

static void test_threads_draw_the_same(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct out outs[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_many, &outs[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++) {
        assert_true(outs[i].size > 0);
        assert_int_equal(outs[i].size, outs[0].size);
        assert_memory_equal(outs[i].data, outs[0].data, outs[0].size);
    }
    for (int i = 0; i < 4; i++)
        out_free(&outs[i]);
}

static void test_too_many_pixels_are_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct out out;
    out_begin(&out, -1, "memory");
    uint8_t none[3] = {0};
    assert_false(png_encode(none, 32767, 32767, NULL, &(struct png_notes){0}, &out, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    out_free(&out);
}

/* Figures beside each other keep their own colours; those of a third kind have no room. */
static void test_figures_beside_each_other_keep_their_colours(void **state)
{
    (void)state;
    static const char *const names[] = {"viridis", "magma", "viridis", "inferno"};
    struct error error = {0};
    struct figure figure = {0};
    struct paint_kit kit = {0};
    assert_true(paint_kit_open(&kit, NULL, &error));
    for (size_t i = 0; i < 4; i++) {
        struct drawing drawing = example();
        struct figure next = {0};
        drawing.style.cmap = names[i];
        drawing.style.annotate = ANNOTATE_OFF;
        assert_true(layout_figure(&next, &drawing, kit.font, &error));
        assert_int_equal(
            figure_append(&figure, &next, (double)(i * 10), i > 0 ? (double)figure.height : 0, &error),
            i < 3);
        figure_free(&next);
    }
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_int_equal(figure.palette_count, 2);
    error = (struct error){0};
    struct out out;
    out_begin(&out, -1, "memory");
    assert_true(painter_png.paint(&kit, &figure, &out, &error));
    char name[] = "drawn";
    struct source source = {.name = name, .data = out.data, .size = out.size};
    struct image image;
    assert_true(image_read(&image, &source, 1 << 22, 1 << 20, &error));
    struct color first[3];
    size_t matrices = 0;
    for (size_t i = 0; i < figure.count; i++) {
        const struct figure_item *item = &figure.items[i];
        if (item->kind != FIGURE_MATRIX)
            continue;
        first[matrices] = pixel(&image, (double)item->x + (double)item->width / 12,
                                (double)item->y + (double)item->height / 12);
        const uint16_t cell = figure.cells[item->matrix.cells];
        assert_memory_equal(&first[matrices++], &figure.palette[item->colors + cell], sizeof *first);
    }
    assert_int_equal(matrices, 3);
    assert_memory_equal(&first[0], &first[2], sizeof *first);
    assert_memory_not_equal(&first[0], &first[1], sizeof *first);
    image_free(&image);
    out_free(&out);
    figure_free(&figure);
    paint_kit_free(&kit);
}

/* Every single allocation fails once, alone and with all that follow it: an error each time, and nothing is
 * left. */
static void test_memory_fails(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip();
#else
    for (int mode = 0; mode < 6; mode++) { /* PNG, SVG, PNG of lines */
        long tried = 0;
        painter = mode / 2 == 1 ? &painter_svg : &painter_png;
        failed = true;
        for (; failed && tried < 10000; tried++) {
            struct drawing drawing = example();
            drawing.map_count = 2;
            drawing.overlaid = 2;
            drawing.style.has_lines = mode >= 4;
            drawing.style.metadata = METADATA_TITLE;
            struct error error = {0};
            struct out out;
            out_begin(&out, -1, "memory");
            long before = alive;
            fail_once = mode % 2 == 0;
            failed = false;
            fail_at = tried;
            bool done = draw_alone(&drawing, &out, &error);
            fail_at = -1;
            done = done && out_finish(&out, &error);
            out_free(&out);
            assert_int_equal(done, !failed);
            assert_int_equal(error.kind, failed ? ERROR_SYSTEM : ERROR_NONE);
            assert_int_equal(alive, before);
        }
        assert_in_range(tried, 15, 9999);
    }
    painter = &painter_png;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture_shows_the_figure),
        cmocka_unit_test(test_same_drawing_same_bytes),
        cmocka_unit_test(test_a_kit_leaves_no_trace),
        cmocka_unit_test(test_threads_draw_the_same),
        cmocka_unit_test(test_too_many_pixels_are_refused),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_figures_beside_each_other_keep_their_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
