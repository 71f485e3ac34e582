/* Where results go: the paths of -o, checked before anything is computed, and standard output. */
#ifndef ATTN_CMD_OUTPUTS_H
#define ATTN_CMD_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/output_format.h"
#include "compute/excerpt.h"
#include "view/panels.h"
#include "view/patch_view.h"

enum output_kind { OUTPUT_FOLDER, OUTPUT_FILE, OUTPUT_STDOUT };

struct output {
    enum output_kind kind;
    const char *path;
    const struct output_format *format; /* NULL: of a folder, which has several */
};

/* All that a run leaves. */
struct outputs {
    struct output *list; /* owned */
    size_t count;
    const struct output_format *standard; /* of the numbers on standard output; NULL: none go there */
    bool table;                           /* the summary goes there */
    enum stage stages[STAGE_COUNT];       /* what is drawn and written by one-stage writers */
    size_t stage_count;
    struct panels panels[STAGE_COUNT]; /* what is drawn of each of them, from outputs_write on */
    char **names;                      /* files written, for the summary; owned */
    size_t name_count;
    double draw_seconds, write_seconds;
};

/* Checks the options. Errors: ERROR_USAGE for an ending nobody knows, a path given twice, or several stages
 * for one file. */
bool outputs_plan(struct outputs *outputs, const struct options *options, struct error *error);
/* Whether there are pictures among them. */
bool outputs_draw(const struct outputs *outputs);
/* Whether one of them holds all that there is: JSON does, also in a folder. */
bool outputs_whole(const struct outputs *outputs);
/* Draws and writes everything: the files, then standard output, and then the files get their names together;
 * where standard output fails they get none, but for a reader that went away (ERROR_PIPE). Pairs are drawn
 * over the grid of `patches`; NULL: as matrices. */
bool outputs_write(struct outputs *outputs, const struct options *options, const struct patch_view *patches,
                   const struct excerpt *excerpt, struct error *error);
void outputs_free(struct outputs *outputs);

#endif
