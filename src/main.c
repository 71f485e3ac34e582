/* From arguments to a command, and from its error to a message and the exit status. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/options.h"

/* attn CMD …, with the command's own options. */
static bool run_command(int argc, char **argv, struct error *error)
{
    const struct command *command = command_named(argv[1], error);
    if (!command)
        return false;
    struct options options = {0};
    bool ok = options_parse(&options, command, argc - 1, argv + 1, error);
    if (ok && options.help)
        ok = help_print(command, error);
    else if (ok && options.version)
        ok = version_print(error);
    else if (ok)
        ok = command->run(&options, error);
    options_free(&options);
    return ok;
}

static bool attn(int argc, char **argv, struct error *error)
{
    if (argc < 2)
        return error_set(error, ERROR_USAGE, "no command; see attn --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_print(NULL, error);
    if (strcmp(argv[1], "--version") == 0)
        return version_print(error);
    if (argv[1][0] == '-')
        return error_set(error, ERROR_USAGE,
                         "%s before a command; expected attn COMMAND [OPTION…], see attn --help", argv[1]);
    return run_command(argc, argv, error);
}

/* A file that is mapped for reading was cut short by somebody else. */
static void on_bus(int number)
{
    static const char message[] = "attn: a file became shorter while it was read\n";
    (void)number;
    file_remove_traces();
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    _exit(ERROR_SYSTEM);
}

int main(int argc, char **argv)
{
    struct error error = {0};
    memory_begin();
    file_guard_signals();
    signal(SIGBUS, on_bus);
    if (attn(argc, argv, &error))
        return 0;
    file_discard();
    if (error.kind == ERROR_PIPE)
        return ERROR_SYSTEM;
    fprintf(stderr, "attn: %s\n", error.message);
    return error.kind == ERROR_NONE ? ERROR_SYSTEM : (int)error.kind;
}
