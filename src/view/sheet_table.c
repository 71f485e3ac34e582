#include "view/sheet_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "view/label_text.h"
#include "view/table_number.h"

enum { HEADING_LINES = 4, CELL_WIDTH = 9, CELL_DECIMALS = 3, COUNT_WIDTH = 7 };

/* The words of a name, which are apart by '_'; the last line holds the last word. */
static int name_word(const char *name, int line, const char **word)
{
    int count = 1;
    for (const char *at = name; *at; at++)
        count += *at == '_';
    int wanted = line - (HEADING_LINES - count);
    *word = name;
    if (wanted < 0)
        return 0;
    for (; wanted > 0; wanted--)
        *word = strchr(*word, '_') + 1;
    return (int)strcspn(*word, "_");
}

/* As wide as its longest word and a gap. */
static int column_width(const struct sheet_column *column)
{
    int width = column->kind == CELL_COUNT ? COUNT_WIDTH : CELL_WIDTH;
    for (int line = 0; line < HEADING_LINES; line++) {
        const char *word;
        const int length = name_word(column->name, line, &word);
        width = length + 2 > width ? length + 2 : width;
    }
    return width;
}

static bool is_heading_line(const struct sheet *sheet, int line)
{
    const char *word;
    bool is = false;
    for (size_t c = 0; c < sheet->column_count; c++)
        is = is || (!sheet->columns[c].is_hidden && name_word(sheet->columns[c].name, line, &word) > 0);
    return is;
}

/* A word at the right of `width` columns. Blanks wait for the word behind them, so that no line ends in one. */
static void put_heading(struct out *out, int *blanks, int width, int length, const char *word)
{
    *blanks += width - length;
    if (length == 0)
        return;
    out_format(out, "%*s%.*s", *blanks, "", length, word);
    *blanks = 0;
}

static void put_headings(struct out *out, const struct sheet *sheet)
{
    for (int line = 0; line < HEADING_LINES; line++) {
        int blanks = 0;
        if (!is_heading_line(sheet, line))
            continue;
        for (size_t c = 0; c < sheet->column_count; c++) {
            const struct sheet_column *column = &sheet->columns[c];
            const char *word;
            const int length = name_word(column->name, line, &word);
            if (!column->is_hidden)
                put_heading(out, &blanks, column->kind == CELL_TEXT ? length + 2 : column_width(column),
                            length, word);
        }
        for (size_t i = 0; sheet->pairs && line + 1 == HEADING_LINES && i < sheet->shown_count; i++) {
            char name[48];
            const int length =
                snprintf(name, sizeof name, "%.0f.%.0f", sheet_cell(sheet, sheet->order[i], 0)->number,
                         sheet_cell(sheet, sheet->order[i], 1)->number);
            put_heading(out, &blanks, CELL_WIDTH, length, name);
        }
        out_char(out, '\n');
    }
}

static void put_text(struct out *out, const char *text)
{
    char shown[1024];
    text_clean(shown, sizeof shown, text ? text : "-");
    out_text(out, "  ");
    out_text(out, shown);
}

static void put_cells(struct out *out, const struct sheet *sheet, size_t row)
{
    for (size_t c = 0; c < sheet->column_count; c++) {
        const struct sheet_column *column = &sheet->columns[c];
        const struct sheet_cell *cell = sheet_cell(sheet, row, c);
        if (column->is_hidden)
            continue;
        if (column->kind == CELL_TEXT)
            put_text(out, cell->text);
        else
            table_number(out, column_width(column), column->kind == CELL_COUNT ? 0 : CELL_DECIMALS,
                         cell->number);
    }
    for (size_t j = 0; sheet->pairs && j < sheet->shown_count; j++)
        table_number(out, CELL_WIDTH, CELL_DECIMALS, sheet->pairs[row * sheet->row_count + sheet->order[j]]);
    out_char(out, '\n');
}

void sheet_table(struct out *out, const struct sheet *sheet)
{
    put_headings(out, sheet);
    for (size_t i = 0; i < sheet->shown_count; i++)
        put_cells(out, sheet, sheet->order[i]);
    for (size_t i = 0; i < sheet->field_count; i++) {
        const struct sheet_field *field = &sheet->fields[i];
        char number[24];
        out_format(out, "%s%s: ", i == 0 ? "\n" : "", field->name);
        if (field->kind == FIELD_TEXT)
            out_text(out, field->text);
        else if (field->kind == FIELD_TRUTH)
            out_text(out, field->number != 0 ? "yes" : "no");
        else
            out_text(out, label_number(field->number, number));
        out_char(out, '\n');
    }
}
