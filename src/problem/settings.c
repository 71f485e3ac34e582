#include "problem/settings.h"

#include <string.h>

#include "problem/setting_kinds.h"

/* Whether a setting matters only where weights are computed: it is neither about tensors nor about masks. */
static bool is_computing(enum setting which)
{
    return setting_kinds[which].role &
           (ROLE_SCALE | ROLE_WEIGHT | ROLE_POSITION | ROLE_STACK | ROLE_PROJECTION);
}

void settings_mark(struct settings *settings, enum setting which)
{
    settings->given |= UINT64_C(1) << which;
}

void settings_override(struct settings *settings, const struct settings *over)
{
    for (enum setting i = 0; i < SETTING_COUNT; i++)
        if (settings_have(over, i)) {
            memcpy((char *)settings + setting_kinds[i].at, (const char *)over + setting_kinds[i].at,
                   setting_kinds[i].size);
            settings->place[i] = over->place[i];
        }
    if (settings_have(over, SETTING_CAUSAL))
        settings->causal_offset = over->causal_offset;
    settings->given |= over->given;
}

bool settings_in_force(const struct settings *s, enum setting which)
{
    const void *field = (const char *)s + setting_kinds[which].at;
    if (!settings_have(s, which))
        return false;
    switch (setting_kinds[which].type) {
    case TYPE_SHARE:
        return *(const double *)field > 0;
    case TYPE_SOFTCAPS: {
        const struct per_head *list = field;
        bool any = false;
        for (size_t i = 0; i < list->count; i++)
            any = any || list->at[i] > 0;
        return any;
    }
    case TYPE_FLAG:
        return *(const bool *)field;
    case TYPE_WORD:
        return *(const int *)field != 0; /* word 0 is the default */
    case TYPE_CAUSAL:
        return s->causal != CAUSAL_NO;
    default:
        return true;
    }
}

int settings_word(const struct settings *settings, enum setting which)
{
    return *(const int *)((const char *)settings + setting_kinds[which].at);
}

bool settings_are_shares(const struct settings *s)
{
    return s->recurrence == RECURRENCE_NONE && !(s->dropout > 0) && s->normalizer != NORMALIZER_SIGMOID &&
           !settings_have(s, SETTING_DIFFERENTIAL);
}

uint64_t settings_keep_masks(struct settings *settings)
{
    uint64_t dropped = 0;
    for (enum setting i = 0; i < SETTING_COUNT; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if (!is_computing(i))
            continue;
        dropped |= settings_in_force(settings, i) ? bit : 0;
        settings->given &= ~bit;
        memset((char *)settings + setting_kinds[i].at, 0, setting_kinds[i].size);
    }
    return dropped;
}

bool settings_same(const struct settings *a, const struct settings *b, enum setting which)
{
    size_t at = setting_kinds[which].at;
    return settings_have(a, which) && settings_have(b, which) &&
           memcmp((const char *)a + at, (const char *)b + at, setting_kinds[which].size) == 0;
}

const struct per_head *settings_per_head(const struct settings *settings, enum setting which)
{
    const enum setting_type type = setting_kinds[which].type;
    return type == TYPE_POSITIVES || type == TYPE_FINITES || type == TYPE_SOFTCAPS
               ? (const struct per_head *)((const char *)settings + setting_kinds[which].at)
               : NULL;
}
