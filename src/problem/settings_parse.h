/* Settings from their texts, of the command line and of JSON alike. */
#ifndef ATTN_PROBLEM_SETTINGS_PARSE_H
#define ATTN_PROBLEM_SETTINGS_PARSE_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/settings.h"

/*
 * Parses a setting from its text: "4", "0.125", "true", "end", "3,0" (NULL: a switch given alone). JSON
 * values come the same way: true and false as text, an array [3, 0] as "3,0"; only the object of rope_scaling is read
 * by problem/rope_setting.h, and settings_mark says that it was. On failure sets an error of
 * `kind` that says what was expected; `called` names the setting in the message ("--heads", "heads").
 */
bool settings_parse(struct settings *settings, enum setting which, const char *text, const char *called,
                    enum error_kind kind, struct error *error);

#endif
