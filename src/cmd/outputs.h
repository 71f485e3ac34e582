/* Where results go: the paths of -o and --measures, and standard output. The plan is outputs_plan.h. */
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
    const char *option; /* "-o" or "--measures" */
    const char *path;
    const struct output_format *format; /* NULL: of a folder, which has several */
};

/* Everything that a run writes, planned by outputs_plan; freed by outputs_free in any case. */
struct outputs {
    struct output *list; /* owned */
    size_t count;
    const struct output_format *standard; /* of the numbers on standard output; NULL: none go there */
    bool table;                           /* the summary goes there */
    struct drawing_style style;           /* of pictures */
    struct content content;               /* the stages that are drawn and written */
    struct panels
        *panels[STAGE_COUNT]; /* of each of them, one for each size of layers; from outputs_write on; owned */
    size_t panel_count;       /* of each list of panels */
    /* The stages of the figure that a picture is where it shows several: 1 << STAGE_…; `steps`: all that there are, and a
     * folder has one too. 0: a picture shows one stage, of all heads. */
    unsigned figure;
    bool steps;
    char **names; /* files written, for the summary; owned */
    size_t name_count;
    double draw_seconds, write_seconds;
    double dim; /* of the dimmest picture (figure/figure.h) */
};

/* Whether there are pictures among them. */
bool outputs_draw(const struct outputs *outputs);
/* Whether there are some whose letters are those of the built-in fonts. */
bool outputs_draw_glyphs(const struct outputs *outputs);
/* Whether one of them is a figure of several stages. */
bool outputs_figure(const struct outputs *outputs);
/* Whether one of them holds all stages: JSON does, also in a folder. */
bool outputs_whole(const struct outputs *outputs);
/* Whether one of them asks which pairs are masked. */
bool outputs_masks(const struct outputs *outputs);
/* Draws and writes everything: the files, then standard output; then the files get their names together.
 * They get none if standard output fails, unless its reader went away (ERROR_PIPE). Pairs of excerpt i are
 * drawn over `patches[i]`; NULL: as matrices. */
bool outputs_write(struct outputs *outputs, const struct patch_view *const *patches,
                   const struct excerpts *excerpts, struct error *error);
void outputs_free(struct outputs *outputs);

#endif
