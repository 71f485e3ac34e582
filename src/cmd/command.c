#include "cmd/command.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define COMMAND_ROW(name) &command_##name,
const struct command *const commands[] = {COMMANDS(COMMAND_ROW) NULL};

const struct command *command_called(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *command_near(const char *name)
{
    const char *names[sizeof commands / sizeof *commands] = {NULL};
    for (size_t i = 0; commands[i]; i++)
        names[i] = commands[i]->name;
    return text_nearest(name, names);
}

const struct command *command_named(const char *name, struct error *error)
{
    const struct command *command = command_called(name);
    if (command)
        return command;
    if (access(name, R_OK) == 0)
        return error_set(error, ERROR_USAGE, "%s is no command; did you mean attn run %s?", name, name), NULL;
    const char *near = command_near(name);
    if (near)
        error_set(error, ERROR_USAGE, "unknown command %s; did you mean attn %s?", name, near);
    else
        error_set(error, ERROR_USAGE, "unknown command %s; see attn --help", name);
    return NULL;
}
