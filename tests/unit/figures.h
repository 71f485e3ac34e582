/* Drawings to lay out, and what their figures hold. Shared by the tests of the layout. */
#ifndef ATTN_TEST_FIGURES_H
#define ATTN_TEST_FIGURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "figure/figure.h"
#include "figure/font.h"
#include "figure/layout.h"
#include "figure/scale.h"
#include "figure/typeset.h"

enum { MOST = 3000 };

static struct font *font;
static struct figure figure;
static struct error error;
static float values[MOST * 1100];
static struct heatmap maps[1280];
static const char *labels[3][MOST];

static int begin(void **state)
{
    (void)state;
    static const char *const strange[] = {" em",
                                          "\n",
                                          "中文字",
                                          "\U0001F680",
                                          "e\u0301\u0302",
                                          "שלום",
                                          "a very long label that goes on and on and on and on",
                                          ""};
    static char words[MOST][16];
    font = font_open(NULL, &error);
    for (size_t i = 0; i < MOST; i++) {
        snprintf(words[i], sizeof words[i], "w%zu", i * 7919 % 1000);
        labels[0][i] = words[i];
        labels[1][i] = strange[i % (sizeof strange / sizeof *strange)];
        labels[2][i] = i % 2 ? "g" : "W";
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)(i * 2654435761u % 1000) / 1000;
    return font ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    figure_free(&figure);
    font_close(font);
    return 0;
}

static inline struct drawing drawing_of(size_t count, size_t rows, size_t columns)
{
    for (size_t i = 0; i < count; i++)
        maps[i] = (struct heatmap){.title = count > 1 ? "head 7" : NULL, .values = values};
    return (struct drawing){.title = "Attention of a model in layer 3",
                            .maps = maps,
                            .map_count = count,
                            .rows = rows,
                            .columns = columns,
                            .row_axis = "query",
                            .column_axis = "key",
                            .measure = "attention weight",
                            .is_weight = true,
                            .style = {.dpi_scale = 1}};
}

static inline bool lay_out(const struct drawing *drawing)
{
    figure_free(&figure);
    error = (struct error){0};
    return layout_figure(&figure, drawing, font, &error);
}

static const char *string_of(const struct figure_item *item)
{
    return figure.strings + item->text.string;
}

static const struct figure_item *find_text(const char *text)
{
    for (size_t i = 0; i < figure.count; i++)
        if (figure.items[i].kind == FIGURE_TEXT && strcmp(string_of(&figure.items[i]), text) == 0)
            return &figure.items[i];
    return NULL;
}

static inline const struct figure_item *find_kind(enum figure_kind kind)
{
    for (size_t i = 0; i < figure.count; i++)
        if (figure.items[i].kind == kind)
            return &figure.items[i];
    return NULL;
}

#endif
