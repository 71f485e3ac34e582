#include "read/csv_long_columns.h"

/* Names of columns. In a graph the edge from a source to a target is the target attending to the source, as in
 * PyTorch Geometric and DGL. A score is a masked one, of which softmax makes the weight; the stages before it have
 * columns of their own. */
static const struct {
    const char *name;
    enum column column;
} column_names[] = {
    {"layer", LAYER},
    {"head", HEAD},
    {"query", QUERY},
    {"key", KEY},
    {"target", QUERY},
    {"source", KEY},
    {"query_token", QUERY_TOKEN},
    {"key_token", KEY_TOKEN},
    {"weight", WEIGHT},
    {"weights", WEIGHT},
    {"w", WEIGHT},
    {"attention", WEIGHT},
    {"attn", WEIGHT},
    {"attention_weight", WEIGHT},
    {"attention_weights", WEIGHT},
    {"attn_weight", WEIGHT},
    {"attn_weights", WEIGHT},
    {"alpha", WEIGHT},
    {"prob", WEIGHT},
    {"probability", WEIGHT},
    {"score", SCORE},
    {"scores", SCORE},
    {"masked_score", SCORE},
    {"attention_score", SCORE},
    {"attn_score", SCORE},
    {"logit", SCORE},
    {"masked", MASKED},
    {"raw_score", STAGE},
    {"scaled_score", STAGE},
    {"allowed", STAGE},
    {"encoding", STAGE},
    {"contribution", STAGE},
    {"contribution_share", STAGE},
    {"feature", FEATURE},
    {"value", VALUE},
    {"freq", VALUE}, /* of R's as.data.frame */
};

/* Names of the query and of the key that mean them only beside each other. */
static const char *const pair_names[][2] = {
    {"query_idx", "key_idx"},
    {"query_index", "key_index"},
    {"query_id", "key_id"},
    {"query_pos", "key_pos"},
    {"q", "k"},
    {"q_idx", "k_idx"},
    {"from", "to"},
    {"row", "col"},
    {"row", "column"},
    {"i", "j"},
    {"Var1", "Var2"},
};

/* Whether the cell is this name, in any case, with a blank, dot or hyphen for an underscore. */
static bool is_named(const struct cell *cell, const char *name)
{
    char text[32];
    const size_t length = (size_t)(cell->end - cell->start);
    if (length >= sizeof text)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char c = cell->start[i];
        const bool between = i > 0 && i + 1 < length && (c == ' ' || c == '.' || c == '-');
        text[i] = between && cell->start[i - 1] != ' ' ? '_' : c;
    }
    return csv_cell_is(&(struct cell){.start = text, .end = text + length}, name);
}

static enum column column_named(const struct cell *cell)
{
    for (size_t i = 0; i < sizeof column_names / sizeof *column_names; i++)
        if (is_named(cell, column_names[i].name))
            return column_names[i].column;
    return OTHER;
}

size_t csv_long_column(const struct columns *columns, enum column kind)
{
    size_t i = 0;
    while (i < columns->count && columns->kind[i] != kind)
        i++;
    return i;
}

size_t csv_long_unused(const struct columns *columns)
{
    size_t i = 0;
    /* A column without a name, or with that of pandas or R, is an index that was written too. */
    while (i < columns->count &&
           (columns->kind[i] != OTHER || csv_cell_empty(&columns->name[i]) ||
            csv_cell_is(&columns->name[i], "Unnamed: 0") || csv_cell_is(&columns->name[i], "index") ||
            csv_cell_is(&columns->name[i], "rownames")))
        i++;
    return i;
}

static void set_kind(struct columns *columns, size_t column, enum column kind)
{
    columns->has[columns->kind[column]] = false;
    columns->has[kind] = true;
    columns->kind[column] = kind;
}

/* The only column of that name that has no use yet; `count` where there is none, or several are. */
static size_t only_named(const struct columns *columns, const char *name)
{
    size_t found = columns->count;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->kind[i] == OTHER && is_named(&columns->name[i], name)) {
            if (found < columns->count)
                return columns->count;
            found = i;
        }
    return found;
}

/* Finds a pair of names of query and key. */
static void find_pair(struct columns *columns)
{
    for (size_t i = 0; i < sizeof pair_names / sizeof *pair_names; i++) {
        const size_t query = only_named(columns, pair_names[i][0]);
        const size_t key = only_named(columns, pair_names[i][1]);
        if (query == columns->count || key == columns->count)
            continue;
        set_kind(columns, query, QUERY);
        set_kind(columns, key, KEY);
        return;
    }
}

/* Tokens stand for the queries, or the keys, that have no column of their own. */
static void take_tokens(struct columns *columns)
{
    for (int side = 0; side < 2; side++) {
        if (columns->has[QUERY + side] || !columns->has[QUERY_TOKEN + side])
            continue;
        set_kind(columns, csv_long_column(columns, QUERY_TOKEN + side), QUERY + side);
        columns->words[side] = true;
    }
}

/* Reads the names. False where one is there twice that may be only once, or there are too many. */
static bool read_names(struct csv *csv, struct columns *columns)
{
    struct cell cell = {0};
    while (!cell.last) {
        if (columns->count == COLUMNS_MAX || !csv_cell(csv, &cell))
            return false;
        enum column kind = column_named(&cell);
        if (kind < WEIGHT && columns->has[kind])
            return false;
        if (kind < STAGE && columns->has[kind])
            kind = OTHER;
        columns->has[kind] = true;
        columns->name[columns->count] = cell;
        columns->kind[columns->count++] = kind;
    }
    return true;
}

/* Gives a use to names that mean something only beside others. */
static void find_meanings(struct columns *columns)
{
    const bool named = columns->has[QUERY] && columns->has[KEY];
    if (!columns->has[QUERY] && !columns->has[KEY])
        find_pair(columns);
    take_tokens(columns);
    const bool given = columns->has[WEIGHT] || columns->has[SCORE] || columns->has[STAGE];
    for (size_t i = 0; i < columns->count; i++)
        if (columns->kind[i] == VALUE)
            set_kind(columns, i, given || columns->has[WEIGHT] ? OTHER : WEIGHT);
    columns->renamed = !named;
}

/* How many cells the row has; 0 where there is none. Of the first `most`, `cells` gets a copy. */
static size_t read_row(struct csv csv, struct cell *cells, size_t most)
{
    struct cell cell = {0};
    size_t count = 0;
    while (csv.at < csv.end && csv_skip_blank_line(&csv))
        ;
    for (; csv.at < csv.end && !cell.last; count++) {
        if (!csv_cell(&csv, &cell))
            return 0;
        if (count < most)
            cells[count] = cell;
    }
    return count;
}

/* R names its rows in front, where the header has no cell: gives them a column without a name. */
static void shift(struct columns *columns, const struct cell *first)
{
    for (size_t i = columns->count++; i > 0; i--) {
        columns->kind[i] = columns->kind[i - 1];
        columns->name[i] = columns->name[i - 1];
    }
    columns->kind[0] = OTHER;
    columns->name[0] = (struct cell){.start = first->start, .end = first->start};
}

/* Whether the first row may belong to a long table. Names that mean queries and keys only beside each other may
 * be those of features, whose numbers are not whole; and any may be labels of a matrix. */
static bool fits_first_row(const struct csv *csv, struct columns *columns)
{
    struct cell cells[COLUMNS_MAX + 1];
    const size_t count = read_row(*csv, cells, COLUMNS_MAX + 1);
    if (count == 0)
        return !csv_cell_empty(&columns->name[0]) && !columns->renamed;
    if (csv_cell_empty(&columns->name[0]) && !csv_is_number(csv, &cells[0]))
        return false;
    if (count == columns->count + 1 && columns->count < COLUMNS_MAX && csv_cell_whole(&cells[0], NULL) &&
        (cells[0].quoted || csv_cell_is(&cells[0], "1")))
        shift(columns, &cells[0]);
    if (count != columns->count && (columns->renamed || !csv_is_number(csv, &cells[0])))
        return false;
    for (int side = 0; side < 2; side++) {
        const size_t at = csv_long_column(columns, QUERY + side);
        if (at >= count || columns->words[side] || csv_cell_whole(&cells[at], NULL))
            continue;
        columns->words[side] = !columns->has[QUERY_TOKEN + side] && csv_cell_word(csv, &cells[at]);
        if (columns->renamed && !columns->words[side])
            return false;
    }
    return true;
}

bool csv_long_columns(struct csv *csv, struct columns *columns)
{
    *columns = (struct columns){0};
    if (!read_names(csv, columns))
        return false;
    columns->value = columns->has[WEIGHT] ? WEIGHT : SCORE;
    if (columns->has[FEATURE])
        return columns->has[QUERY] || columns->has[KEY];
    find_meanings(columns);
    columns->value = columns->has[WEIGHT] ? WEIGHT : SCORE;
    if (!columns->has[QUERY] || !columns->has[KEY] || columns->count < 3)
        return false;
    if (columns->renamed && !columns->has[columns->value])
        return false;
    return fits_first_row(csv, columns);
}
