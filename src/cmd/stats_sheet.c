#include "cmd/stats_sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "cmd/sheet_contacts.h"
#include "cmd/sheet_definition.h"
#include "cmd/sheet_links.h"
#include "cmd/sheet_times.h"

/* What sheet is asked for, and the option that asks for it. */
enum sheet_mode { SHEET_NONE, SHEET_DEFINITION, SHEET_LINKS, SHEET_TIMES, SHEET_CONTACTS, SHEET_MODES };
static const char *const mode_options[SHEET_MODES] = {[SHEET_DEFINITION] = "--definition",
                                                      [SHEET_LINKS] = "--links",
                                                      [SHEET_TIMES] = "--dtw",
                                                      [SHEET_CONTACTS] = "--apc"};

/* The first that is asked for. */
static enum sheet_mode mode_of(const struct sheet_options *own)
{
    return own->definition > 0 ? SHEET_DEFINITION
           : own->links        ? SHEET_LINKS
           : own->dtw          ? SHEET_TIMES
           : own->apc          ? SHEET_CONTACTS
                               : SHEET_NONE;
}

bool stats_sheet_is_wanted(const struct sheet_options *own)
{
    return mode_of(own) != SHEET_NONE;
}

/* ---- options ---- */

/* Options that are of some sheets only. */
static bool check_mode(const struct options *options, const struct sheet_options *own, struct error *error)
{
    const enum sheet_mode mode = mode_of(own);
    const struct selection_options *s = &options->selection;
    const bool is_range = s->queries.first > 0 || s->queries.end > 0 || s->keys.first > 0 || s->keys.end > 0;
    struct sheet_options others = *own;
    if (mode == SHEET_DEFINITION)
        others.definition = 0;
    else if (mode == SHEET_LINKS)
        others.links = NULL;
    else
        *(mode == SHEET_TIMES ? &others.dtw : &others.apc) = false;
    if (mode != SHEET_NONE && mode_of(&others) != SHEET_NONE)
        return error_set(error, ERROR_USAGE, "%s and %s: expected one of them", mode_options[mode],
                         mode_options[mode_of(&others)]);
    if ((mode == SHEET_NONE || mode == SHEET_DEFINITION) && is_range)
        return error_set(error, ERROR_USAGE,
                         "--queries and --keys: expected --links, --dtw or --apc beside them");
    if (mode != SHEET_LINKS && mode != SHEET_CONTACTS && s->average)
        return error_set(error, ERROR_USAGE, "--average: expected --links or --apc beside it");
    if (mode != SHEET_TIMES && (!isnan(own->seconds_per_key) || own->median_width > 0))
        return error_set(error, ERROR_USAGE, "%s: expected --dtw beside it",
                         own->median_width > 0 ? "--median-width" : "--seconds-per-key");
    if (mode != SHEET_LINKS && (own->links_first > 0 || own->links_reverse || own->links_line != SIZE_MAX))
        return error_set(error, ERROR_USAGE, "%s: expected --links beside it",
                         own->links_first > 0 ? "--links-first"
                         : own->links_reverse ? "--links-reverse"
                                              : "--links-line");
    return sheet_definition_check(own, error);
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

static bool check_order(const struct sheet *sheet, const struct sheet_order *order, struct error *error)
{
    char words[WORDS_LIST];
    if (!order->sort)
        return true;
    const char *name = order->sort + (order->sort[0] == '-');
    if (sheet_column_named(sheet, name) < sheet->column_count)
        return true;
    list_measures(sheet, words);
    return words_error(words[0] ? words : NULL, "--sort", name, words[0] ? NULL : "no --sort here",
                       ERROR_USAGE, error);
}

bool stats_sheet_plan(struct sheet *sheet, const struct options *options, const struct sheet_options *own,
                      const struct sheet_order *order, struct error *error)
{
    const enum sheet_mode mode = mode_of(own);
    if (!check_mode(options, own, error))
        return false;
    if (mode == SHEET_DEFINITION)
        sheet_definition_plan(sheet, own);
    if (mode == SHEET_LINKS)
        sheet_links_plan(sheet, own);
    if (mode == SHEET_CONTACTS)
        sheet_contacts_plan(sheet);
    if (mode == SHEET_TIMES && !sheet_times_plan(sheet, own, error))
        return false;
    return mode == SHEET_NONE || check_order(sheet, order, error);
}

void stats_sheet_request(struct computation *computation, const struct sheet_options *own)
{
    const enum sheet_mode mode = mode_of(own);
    if (mode == SHEET_NONE)
        return;
    computation->request.measures_only = false;
    computation->request.whole_for = mode_options[mode];
    if (mode == SHEET_TIMES) /* its ranges are of the path, and its weights those of all tokens */
        computation->selection = (struct selection){0};
}

bool stats_sheet_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                      const struct sheet_options *own, const struct sheet_order *order, struct error *error)
{
    sheet->title = computation->parts[0].problem.title;
    const bool rises = order->sort && order->sort[0] == '-';
    const enum sheet_mode mode = mode_of(own);
    const bool ok = mode == SHEET_LINKS      ? sheet_links_fill(sheet, computation, options, own, error)
                    : mode == SHEET_TIMES    ? sheet_times_fill(sheet, computation, options, own, error)
                    : mode == SHEET_CONTACTS ? sheet_contacts_fill(sheet, computation, error)
                                             : sheet_definition_fill(sheet, computation, own, error);
    if (!ok ||
        (order->sort && !sheet_sort(sheet, sheet_column_named(sheet, order->sort + rises), rises, error)))
        return false;
    sheet_cut(sheet, order->best);
    return true;
}
