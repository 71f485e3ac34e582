#include "attention/forms.h"

#include <stddef.h>

/* In the order of enum stage. */
#define STAGES(X, BETWEEN)                                                                                   \
    X(scores) BETWEEN X(scaled)                                                                              \
    BETWEEN X(masked)                                                                                        \
    BETWEEN X(weights)                                                                                       \
    BETWEEN X(output)                                                                                        \
    BETWEEN X(q)                                                                                             \
    BETWEEN X(k)                                                                                             \
    BETWEEN X(v)                                                                                             \
    BETWEEN X(mask)                                                                                          \
    BETWEEN X(encoding)                                                                                      \
    BETWEEN X(heads)                                                                                         \
    BETWEEN X(contribution)                                                                                  \
    BETWEEN X(contribution_share)
#define STAGE_WORD(name) #name
#define STAGE_NAME(name) #name,

const char *const stage_names[STAGE_COUNT + 1] = {STAGES(STAGE_NAME, ) NULL};
const char stage_words[] = STAGES(STAGE_WORD, " ");
