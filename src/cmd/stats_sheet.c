#include "cmd/stats_sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "cmd/input_files.h"
#include "cmd/thresholds.h"
#include "view/sheet_table.h"

#define SHEET_KIND_LISTED(name) &sheet_##name,
static const struct sheet_kind *const kinds[] = {SHEET_KINDS(SHEET_KIND_LISTED)};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* The first that is asked for behind `before`, NULL being before all; NULL: none is. */
static const struct sheet_kind *kind_wanted(const struct sheet_options *own, const struct sheet_kind *before)
{
    bool is_behind = !before;
    for (size_t i = 0; i < KINDS; i++) {
        if (is_behind && kinds[i]->is_wanted(own))
            return kinds[i];
        is_behind = is_behind || kinds[i] == before;
    }
    return NULL;
}

bool stats_sheet_is_wanted(const struct sheet_options *own)
{
    return kind_wanted(own, NULL);
}

/* ---- options ---- */

/* The options of kinds of which `has` is true, as "--links, --dtw or --apc". */
static void list_options(bool (*has)(const struct sheet_kind *kind), char words[WORDS_LIST])
{
    size_t count = 0, listed = 0, used = 0;
    for (size_t i = 0; i < KINDS; i++)
        count += has(kinds[i]);
    for (size_t i = 0; i < KINDS; i++)
        if (has(kinds[i])) {
            const char *between = listed == 0 ? "" : listed + 1 == count ? " or " : ", ";
            used += (size_t)snprintf(words + used, WORDS_LIST - used, "%s%s", between, kinds[i]->option);
            listed++;
        }
}

static bool takes_range(const struct sheet_kind *kind)
{
    return kind->takes_range;
}
static bool takes_average(const struct sheet_kind *kind)
{
    return kind->takes_average;
}

/* The options of a selection that not all kinds have. */
static bool check_selection(const struct sheet_kind *kind, const struct selection_options *s,
                            struct error *error)
{
    const bool is_range = s->queries.first > 0 || s->queries.end > 0 || s->keys.first > 0 || s->keys.end > 0;
    char words[WORDS_LIST];
    if (is_range && !(kind && kind->takes_range)) {
        list_options(takes_range, words);
        return error_set(error, ERROR_USAGE, "--queries and --keys: expected %s beside them", words);
    }
    if (s->average && !(kind && kind->takes_average)) {
        list_options(takes_average, words);
        return error_set(error, ERROR_USAGE, "--average: expected %s beside it", words);
    }
    return true;
}

static bool check_sheet_options(const struct sheet_kind *kind, const struct options *options,
                                const struct sheet_options *own, struct error *error)
{
    const struct sheet_kind *other = kind ? kind_wanted(own, kind) : NULL;
    if (other)
        return error_set(error, ERROR_USAGE, "%s and %s: expected one of them", kind->option, other->option);
    if (own->links && strcmp(own->links, "-") == 0 && input_files_standard(options) > 0)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    bool ok = check_selection(kind, &options->selection, error);
    for (size_t i = 0; ok && i < KINDS; i++)
        ok = !kinds[i]->check || kinds[i]->check(own, error);
    return ok;
}

/* The names of the columns of numbers in one text. */
static void list_measures(const struct sheet *sheet, char words[WORDS_LIST])
{
    words[0] = '\0';
    for (size_t c = 0; c < sheet->column_count; c++)
        if (sheet->columns[c].kind == CELL_NUMBER) {
            const size_t used = strlen(words);
            snprintf(words + used, WORDS_LIST - used, "%s%s", used > 0 ? " " : "", sheet->columns[c].name);
        }
}

static size_t sheet_column_named(const struct sheet *sheet, const char *name)
{
    size_t c = 0;
    while (c < sheet->column_count &&
           (sheet->columns[c].kind != CELL_NUMBER || strcmp(sheet->columns[c].name, name) != 0))
        c++;
    return c;
}

static bool check_sheet_order(const struct sheet *sheet, const char *sort, struct error *error)
{
    char words[WORDS_LIST];
    if (!sort)
        return true;
    const char *name = sort + (sort[0] == '-');
    if (sheet_column_named(sheet, name) < sheet->column_count)
        return true;
    list_measures(sheet, words);
    return words_error(words[0] ? words : NULL, "--sort", name, words[0] ? NULL : "no --sort here",
                       ERROR_USAGE, error);
}

/* Options of the measures that a sheet does not have. */
static bool check_measures(const struct sheet_kind *kind, const struct stats_options *own,
                           enum answer_format format, struct error *error)
{
    const char *option = own->measure                       ? "--measure"
                         : own->per_row                     ? "--per-row"
                         : own->data_set                    ? "--data-set"
                         : own->max_rows > 0                ? "--max-rows"
                         : thresholds_any(&own->thresholds) ? "--thresholds"
                                                            : NULL;
    if (option)
        return error_set(error, ERROR_USAGE, "%s and %s: expected one of them", kind->option, option);
    return format != ANSWER_PICTURE || kind->draw ||
           error_set(error, ERROR_USAGE, "-o %s: expected a name ending in .json or .csv with %s",
                     own->output, kind->option);
}

bool stats_sheet_plan(struct sheet *sheet, const struct options *options, const struct stats_options *own,
                      enum answer_format format, struct error *error)
{
    const struct sheet_kind *kind = kind_wanted(&own->sheet, NULL);
    if (!check_sheet_options(kind, options, &own->sheet, error))
        return false;
    if (!kind)
        return true;
    kind->plan(sheet, &own->sheet);
    return check_measures(kind, own, format, error) && check_sheet_order(sheet, own->sort, error);
}

void stats_sheet_request(struct computation *computation, const struct sheet_options *own)
{
    const struct sheet_kind *kind = kind_wanted(own, NULL);
    if (!kind)
        return;
    computation->request.measures_only = false;
    computation->request.whole_for = kind->option;
    if (kind->range_is_of_the_result)
        computation->selection = (struct selection){0};
}

bool stats_sheet_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct stats_options *own, struct error *error)
{
    sheet->title = computation->parts[0].problem.title;
    const bool rises = own->sort && own->sort[0] == '-';
    if (!kind_wanted(&own->sheet, NULL)->fill(sheet, computation, options, &own->sheet, error) ||
        (own->sort && !sheet_sort(sheet, sheet_column_named(sheet, own->sort + rises), rises, error)))
        return false;
    sheet_cut(sheet, own->best);
    return true;
}

bool stats_sheet_write(struct out *out, const struct sheet *sheet, const struct options *options,
                       const struct answer *answer, struct error *error)
{
    const struct stats_options *own = options->own;
    if (answer->format == ANSWER_PICTURE)
        return kind_wanted(&own->sheet, NULL)->draw(out, sheet, &options->style, answer->painter, error);
    (answer->format == ANSWER_TABLE  ? sheet_table
     : answer->format == ANSWER_JSON ? sheet_json
                                     : sheet_csv)(out, sheet);
    return true;
}
