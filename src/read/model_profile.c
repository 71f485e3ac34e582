#include "read/model_profile.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/words.h"
#include "read/json_names.h"
#include "read/name_pattern.h"

bool profile_row_names(const struct profile_row *row, const struct array *array, struct name_numbers *numbers)
{
    return name_pattern_fits(row->pattern, array->name, numbers) &&
           (numbers->layer == SIZE_MAX || numbers->layer < LAYERS_MAX);
}

uint64_t profile_rows_met(const struct profile *profile, const struct archive *archive,
                          const struct name_endings *endings)
{
    uint64_t met = 0;
    for (size_t r = 0; r < 63 && profile->rows[r].pattern; r++) {
        const bool may_fit = !endings || name_endings_have(endings, profile->rows[r].pattern);
        for (size_t i = 0; may_fit && i < archive->count && !(met >> r & 1); i++) {
            struct name_numbers numbers;
            if (profile_row_names(&profile->rows[r], &archive->arrays[i], &numbers))
                met |= UINT64_C(1) << r;
        }
    }
    return met;
}

uint64_t profile_inputs_of(const struct profile *profile, enum dump_part part, uint64_t met, bool needed)
{
    uint64_t inputs = 0;
    for (size_t r = 0; r < 63 && profile->rows[r].pattern; r++)
        if (profile->rows[r].part == part && met >> r & 1 && !(needed && profile->rows[r].is_optional))
            inputs |= UINT64_C(1) << profile->rows[r].input;
    return inputs;
}

uint64_t model_missing(const struct profile *profile, enum dump_part part, uint64_t has)
{
    const uint64_t fused = UINT64_C(1) << INPUT_W_QKV;
    const uint64_t three = UINT64_C(1) << INPUT_W_Q | UINT64_C(1) << INPUT_W_K | UINT64_C(1) << INPUT_W_V;
    const uint64_t needed = profile_inputs_of(profile, part, UINT64_MAX, true);
    uint64_t missing = needed & ~has;
    if (!(needed & fused) || !(needed & three))
        return missing;
    if (has & fused)
        return missing & ~three;
    return has & three ? missing & ~fused : missing & ~three;
}

static int count_bits(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* How well the names of an archive fit a profile. */
struct fit {
    bool is_whole; /* some part has all that it needs */
    int inputs;    /* that were found, over all parts */
};

static struct fit fit_of(const struct profile *profile, const struct archive *archive,
                         const struct name_endings *endings)
{
    const uint64_t met = profile_rows_met(profile, archive, endings);
    struct fit fit = {0};
    for (enum dump_part part = PART_ONLY; part < PART_COUNT; part++) {
        const uint64_t has = profile_inputs_of(profile, part, met, false);
        fit.inputs += count_bits(has);
        fit.is_whole = fit.is_whole || (has && !model_missing(profile, part, has));
    }
    return fit;
}

/* Whether layers of one profile attend as those of another with the same names. */
static bool attend_alike(const struct profile *a, const struct profile *b)
{
    return a->keys == b->keys && a->window == b->window && a->rule == b->rule &&
           strcmp(a->fixed[PART_ONLY], b->fixed[PART_ONLY]) == 0;
}

/* The profile whose names an archive has; *tie: another that fits as well and attends otherwise, or NULL. */
static const struct profile *profile_by_names(const struct archive *archive, struct fit *best,
                                              const struct profile **tie)
{
    const struct profile *found = NULL;
    struct name_endings endings = {{0}};
    *best = (struct fit){0};
    *tie = NULL;
    for (size_t i = 0; i < archive->count; i++)
        name_endings_add(&endings, archive->arrays[i].name);
    for (const struct profile *p = profiles; p->name; p++) {
        const struct fit fit = fit_of(p, archive, &endings);
        if (p->is_said || fit.inputs == 0 || fit.is_whole < best->is_whole)
            continue;
        if (fit.is_whole > best->is_whole || fit.inputs > best->inputs) {
            found = p;
            *best = fit;
            *tie = NULL;
        } else if (fit.inputs == best->inputs && !*tie && !attend_alike(p, found)) {
            *tie = p;
        }
    }
    return found;
}

bool model_fits(const struct archive *archive)
{
    struct fit fit;
    const struct profile *tie;
    if (profile_by_names(archive, &fit, &tie) && fit.is_whole)
        return true;
    for (const struct profile_refusal *refusal = profile_refusals; refusal->part; refusal++)
        for (size_t i = 0; !refusal->only_if_lost && i < archive->count; i++)
            if (strcasestr(archive->arrays[i].name, refusal->part))
                return true;
    return false;
}

bool model_check_refusals(const struct model *model, bool is_lost, struct error *error)
{
    const struct archive *archive = model->archive;
    for (const struct profile_refusal *r = profile_refusals; r->part; r++)
        for (size_t i = 0; (is_lost || !r->only_if_lost) && i < archive->count; i++)
            if (strcasestr(archive->arrays[i].name, r->part))
                return error_set(error, ERROR_INPUT, "%s holds %s (%s): expected %s",
                                 archive->sources[0].name, r->holds, archive->arrays[i].name, r->advice);
    return true;
}

static bool profile_said(struct model *model, const char *said, struct error *error)
{
    const char *names[128] = {NULL};
    model->profile = profile_named(said);
    for (size_t i = 0; i < 127 && profiles[i].name; i++)
        names[i] = profiles[i].name;
    const char *near = text_nearest(said, names);
    if (model->profile)
        return true;
    return error_set(error, ERROR_USAGE, "--profile %s: there is no such profile%s%s%s", said,
                     near ? "; did you mean " : ": expected one of docs/inputs.md, such as llama",
                     near ? near : "", near ? "?" : "");
}

/* Whether a name is that of a projection which belongs to no layer, as in the state of one module. */
static bool is_of_one_module(const char *name)
{
    const struct other_name *other = json_names_other(name);
    const enum input input = input_named(other ? other->own : name);
    return (input == INPUT_W_Q || input == INPUT_W_QKV) && !strpbrk(name, "0123456789");
}

static bool nothing_fits(const struct model *model, struct error *error)
{
    const struct archive *archive = model->archive;
    const char *file = archive->sources[0].name;
    if (archive->count == 0)
        return error_set(error, ERROR_INPUT, "%s holds no tensor: expected the weights of a model", file);
    if (!model_check_refusals(model, true, error))
        return false;
    for (size_t i = 0; i < archive->count; i++)
        if (is_of_one_module(archive->arrays[i].name))
            return error_set(error, ERROR_INPUT,
                             "%s holds projections of one layer (%s), and no model: expected it without "
                             "--projections, as one more input",
                             file, archive->arrays[i].name);
    return error_set(error, ERROR_INPUT,
                     "%s holds %zu tensors, and no profile knows their names, the first %s: expected the "
                     "weights of a model that docs/inputs.md lists; --w-q %s:NAME takes one",
                     file, archive->count, archive->arrays[0].name, file);
}

/* By the names alone. `type` is what the config says, and nobody knows; NULL: nothing. */
static bool profile_of_names(struct model *model, const char *type, struct warnings *warnings,
                             struct error *error)
{
    struct fit fit;
    const struct profile *tie;
    const char *file = model->archive->sources[0].name;
    model->profile = profile_by_names(model->archive, &fit, &tie);
    if (!model->profile)
        return nothing_fits(model, error);
    if (type)
        warnings_add(
            warnings,
            "%s: nothing is known of the model type \"%s\": it is taken for %s by its names, and may "
            "attend otherwise; --profile names another",
            model->config.file, type, model->profile->title);
    else if (tie)
        warnings_add(warnings,
                     "%s: by its names this is %s, but it may be %s or another with the same names: --config "
                     "gives its config.json, --profile %s names it",
                     file, model->profile->title, tie->title, tie->name);
    return true;
}

bool model_choose_profile(struct model *model, struct inputs *inputs, const char *said,
                          struct warnings *warnings, struct error *error)
{
    const char *architecture = config_text(&model->config, "general.architecture");
    const char *type = architecture ? architecture : config_text(&model->config, "model_type");
    const char *by = "by the names of its tensors";
    char shown[80];
    text_clean(shown, sizeof shown, type ? type : "");
    if (said) {
        by = "as --profile says";
        if (!profile_said(model, said, error))
            return false;
    } else if (type && (model->profile = profile_for(type, architecture)) &&
               (architecture || fit_of(model->profile, model->archive, NULL).inputs > 0)) {
        by = architecture ? "by general.architecture" : "by model_type";
    } else if (architecture) {
        return model_check_refusals(model, true, error) &&
               error_set(error, ERROR_INPUT,
                         "%s: nothing is known of the architecture \"%s\": expected one that docs/inputs.md "
                         "lists, or --profile",
                         model->archive->sources[0].name, shown);
    } else if (!profile_of_names(model, model->profile ? NULL : type ? shown : NULL, warnings, error)) {
        return false;
    }
    warnings_add(&inputs->notes, "%s: the profile is %s, %s, %s%s%s", model->archive->sources[0].name,
                 model->profile->name, model->profile->title, by,
                 model->config.count > 0 ? "; its config is " : "",
                 model->config.count > 0 ? model->config.file : "");
    return true;
}
