#include "attention/forms.h"

#include <stddef.h>

const char *const stage_names[STAGE_COUNT + 1] = {
    "scores", "scaled", "masked", "weights", "output", "q", "k", "v", "mask", "encoding", NULL,
};
