#include "view/sheet_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_number.h"

/* Of more rows than these the numbers of pairs are not in the table. */
enum { PAIRS_SHOWN = 12 };

enum { HEADING_LINES = 4, CELL_WIDTH = 9, CELL_DECIMALS = 3, COUNT_WIDTH = 7, TEXT_ROOM = 1024 };
/* Bytes of a text that others stand behind, with its NUL: a long one would move them off the screen. */
enum { TEXT_INSIDE = 48 };

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

/* A text as a table shows it: nothing is a dash. */
static void show_text(char shown[TEXT_ROOM], const struct sheet_cell *cell, bool is_last)
{
    text_clean(shown, is_last ? TEXT_ROOM : TEXT_INSIDE, cell->text ? cell->text : "-");
}

/* As wide as its longest word, or text, and a gap. */
static int column_width(const struct sheet *sheet, size_t c)
{
    const struct sheet_column *column = &sheet->columns[c];
    int width = column->kind == CELL_COUNT ? COUNT_WIDTH : column->kind == CELL_TEXT ? 0 : CELL_WIDTH;
    for (size_t i = 0; column->kind == CELL_TEXT && i < sheet->shown_count; i++) {
        char shown[TEXT_ROOM];
        show_text(shown, sheet_cell(sheet, sheet->order[i], c), c + 1 == sheet->column_count);
        const int columns = (int)text_columns(shown) + 2;
        width = columns > width ? columns : width;
    }
    for (int line = 0; line < HEADING_LINES; line++) {
        const char *word;
        const int length = name_word(column->name, line, &word);
        width = length + 2 > width ? length + 2 : width;
    }
    return width;
}

static bool has_pairs(const struct sheet *sheet)
{
    return sheet->pairs && sheet->shown_count <= PAIRS_SHOWN;
}

static bool is_heading_line(const struct sheet *sheet, int line)
{
    const char *word;
    bool is = false;
    for (size_t c = 0; c < sheet->column_count; c++)
        is = is || (!sheet->columns[c].is_hidden && name_word(sheet->columns[c].name, line, &word) > 0);
    return is;
}

/* A word of a heading: numbers stand below its end, texts below its beginning. Blanks wait for the word behind them, so that no line
 * ends in one. */
static void put_sheet_heading(struct out *out, int *blanks, int width, int length, const char *word,
                              bool is_text)
{
    const int before = is_text ? 2 : width - length;
    *blanks += before;
    if (length > 0) {
        out_format(out, "%*s%.*s", *blanks, "", length, word);
        *blanks = 0;
    }
    *blanks += width - length - before;
}

static void put_pair_headings(struct out *out, const struct sheet *sheet, int *blanks)
{
    for (size_t i = 0; has_pairs(sheet) && i < sheet->shown_count; i++) {
        char name[48];
        const int length =
            snprintf(name, sizeof name, "%.0f.%.0f", sheet_cell(sheet, sheet->order[i], 0)->number,
                     sheet_cell(sheet, sheet->order[i], 1)->number);
        put_sheet_heading(out, blanks, CELL_WIDTH, length, name, false);
    }
}

static void put_sheet_headings(struct out *out, const struct sheet *sheet, const int *widths)
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
                put_sheet_heading(out, &blanks, widths[c], length, word, column->kind == CELL_TEXT);
        }
        if (line + 1 == HEADING_LINES)
            put_pair_headings(out, sheet, &blanks);
        out_char(out, '\n');
    }
}

/* A text at the left of its column; behind the last nothing follows. */
static void put_text(struct out *out, const struct sheet_cell *cell, int width, bool is_last)
{
    char shown[TEXT_ROOM];
    show_text(shown, cell, is_last);
    out_text(out, "  ");
    out_text(out, shown);
    out_format(out, "%*s", is_last ? 0 : width - 2 - (int)text_columns(shown), "");
}

static void put_cells(struct out *out, const struct sheet *sheet, const int *widths, size_t row)
{
    for (size_t c = 0; c < sheet->column_count; c++) {
        const struct sheet_column *column = &sheet->columns[c];
        const struct sheet_cell *cell = sheet_cell(sheet, row, c);
        if (column->is_hidden)
            continue;
        if (column->kind == CELL_TEXT)
            put_text(out, cell, widths[c], c + 1 == sheet->column_count);
        else
            table_number(out, widths[c], column->kind == CELL_COUNT ? 0 : CELL_DECIMALS, cell->number);
    }
    for (size_t j = 0; has_pairs(sheet) && j < sheet->shown_count; j++)
        table_number(out, CELL_WIDTH, CELL_DECIMALS, sheet->pairs[row * sheet->row_count + sheet->order[j]]);
    out_char(out, '\n');
}

void sheet_table(struct out *out, const struct sheet *sheet)
{
    int widths[SHEET_COLUMNS];
    for (size_t c = 0; c < sheet->column_count; c++)
        widths[c] = column_width(sheet, c);
    put_sheet_headings(out, sheet, widths);
    for (size_t i = 0; i < sheet->shown_count; i++)
        put_cells(out, sheet, widths, sheet->order[i]);
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
    if (sheet->pairs && !has_pairs(sheet))
        out_format(out, "%s: %zu×%zu, in JSON and CSV\n", sheet->pairs_name, sheet->shown_count,
                   sheet->shown_count);
}
