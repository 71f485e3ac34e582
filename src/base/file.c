/* Writing files as one transaction. Reading is source.c. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* The staged files of the whole program, because a signal must find them. Changed only with signals
 * blocked. */
struct staged {
    char *temporary, *final;
    char *kept; /* a second name of the file that `final` names so far, while the names are given */
    bool was_there, is_new;
};
static struct staged *staged;
static size_t staged_count;
static char **made_folders;
static size_t made_count;

static void block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, before);
}

static void restore_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

void file_remove_traces(void)
{
    for (size_t i = 0; i < staged_count; i++)
        unlink(staged[i].temporary);
    for (size_t i = made_count; i > 0; i--)
        rmdir(made_folders[i - 1]);
}

static pthread_t main_thread;

/* Runs on the main thread only, the one that blocks signals while the list above changes. */
static void on_signal(int number)
{
    if (!pthread_equal(pthread_self(), main_thread)) {
        pthread_kill(main_thread, number);
        return;
    }
    file_remove_traces();
    signal(number, SIG_DFL);
    raise(number);
}

/* For libraries that end the program themselves where memory is short. */
static void on_exit_discard(void)
{
    file_remove_traces();
}

void file_guard_signals(void)
{
    main_thread = pthread_self();
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action;
        /* What the parent had us ignore (nohup) stays ignored. */
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        action.sa_flags = SA_NODEFER;
        sigfillset(&action.sa_mask);
        sigdelset(&action.sa_mask, numbers[i]);
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    atexit(on_exit_discard);
}

/* The folder that a path leads to, and the name there; false where there is no such folder. */
static bool file_folder(const char *path, struct stat *folder, const char **name)
{
    const char *slash = strrchr(path, '/');
    char parent[4096];
    *name = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof parent)
        return false;
    memcpy(parent, path, length);
    parent[length] = 0;
    return stat(length > 0 ? parent : ".", folder) == 0;
}

static bool stat_is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool file_is_same(const char *path, const char *other)
{
    struct stat a, b;
    const char *name, *other_name;
    if (strcmp(path, other) == 0)
        return true;
    if (stat(path, &a) == 0 && stat(other, &b) == 0)
        return stat_is_same(&a, &b) && !S_ISCHR(a.st_mode);
    return file_folder(path, &a, &name) && file_folder(other, &b, &other_name) && stat_is_same(&a, &b) &&
           strcmp(name, other_name) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Makes the folders above the last '/' of path, remembering which are new. */
static bool make_parents(const char *path, struct error *error)
{
    char *folder = text_copy(path);
    if (!folder)
        return error_memory(error, strlen(path) + 1);
    bool ok = true;
    for (char *slash = folder; ok && (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        if (slash[-1] != '/' && !file_is_folder(folder)) {
            sigset_t before;
            char *name = text_copy(folder);
            block_signals(&before);
            if (!name || !memory_resize(&made_folders, made_count + 1, sizeof *made_folders, error))
                ok = error_memory(error, strlen(folder) + 1);
            else if (mkdir(folder, 0777) == 0) {
                made_folders[made_count++] = name;
                name = NULL;
            } else if (errno != EEXIST)
                ok = error_set(error, ERROR_SYSTEM, "%s: could not make the folder: %s", folder,
                               strerror(errno));
            restore_signals(&before);
            free(name);
        }
        *slash = '/';
    }
    free(folder);
    return ok;
}

/* Opens a new file beside `final` and remembers both names, which it takes over. */
static int open_temporary(char *final, char *temporary, struct error *error)
{
    sigset_t before;
    block_signals(&before);
    int fd = -1;
    if (memory_resize(&staged, staged_count + 1, sizeof *staged, error)) {
        fd = mkstemp(temporary);
        if (fd < 0)
            error_set(error, ERROR_SYSTEM, "%s: could not write: %s", final, strerror(errno));
    }
    char *kept = fd >= 0 ? text_format("%s~", temporary) : NULL;
    if (fd >= 0 && !kept) {
        error_memory(error, strlen(temporary) + 2);
        close(fd);
        unlink(temporary);
        fd = -1;
    }
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        staged[staged_count++] = (struct staged){.temporary = temporary, .final = final, .kept = kept};
    } else {
        free(final);
        free(temporary);
    }
    restore_signals(&before);
    return fd;
}

/* The mode of the file that is replaced, or 666 under the umask. */
static void set_mode(int fd, const struct stat *old)
{
    mode_t mode;
    if (old) {
        mode = old->st_mode & 07777;
    } else {
        mode_t mask = umask(0);
        umask(mask);
        mode = 0666 & ~mask;
    }
    if (fchmod(fd, mode) != 0)
        return; /* some file systems have no modes */
}

bool file_stage(const char *path, bool make_folders, struct out *out, struct error *error)
{
    out_begin(out, -1, path);
    if (make_folders && !make_parents(path, error))
        return false;

    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (!exists && lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        return error_set(error, ERROR_SYSTEM, "%s: is a link to nothing: expected a file name", path);
    if (exists && S_ISDIR(status.st_mode))
        return error_set(error, ERROR_SYSTEM, "%s: is a folder; expected a file name", path);
    if (exists && !S_ISREG(status.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (out->fd < 0)
            return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
        return true;
    }
    if (exists && access(path, W_OK) != 0)
        return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));

    /* Through a link, its target is what gets replaced. */
    char *final = exists ? realpath(path, NULL) : text_copy(path);
    if (!final && exists && errno != ENOMEM)
        return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
    const char *slash = final ? strrchr(final, '/') : NULL;
    int folder = slash ? (int)(slash - final + 1) : 0;
    char *temporary = final ? text_format("%.*s.attn-XXXXXX", folder, final) : NULL;
    if (!temporary) {
        free(final);
        return error_memory(error, strlen(path) + 1);
    }
    out->fd = open_temporary(final, temporary, error);
    if (out->fd < 0)
        return false;
    set_mode(out->fd, exists ? &status : NULL);
    return true;
}

bool file_stage_end(struct out *out, struct error *error)
{
    bool ok = out_finish(out, error);
    if (out->fd >= 0 && close(out->fd) != 0 && ok)
        ok = error_set(error, ERROR_SYSTEM, "%s: could not write: %s", out->name, strerror(errno));
    out_free(out);
    return ok;
}

/* Empties the lists above; the files are in place or removed. */
static void forget(void)
{
    for (size_t i = 0; i < staged_count; i++) {
        free(staged[i].temporary);
        free(staged[i].final);
        free(staged[i].kept);
    }
    for (size_t i = 0; i < made_count; i++)
        free(made_folders[i]);
    free(staged);
    free(made_folders);
    staged = NULL;
    made_folders = NULL;
    staged_count = made_count = 0;
}

/* Gives the first `done` names back to the files that had them before. */
static void roll_back(size_t done)
{
    for (size_t i = done; i > 0; i--) {
        if (staged[i - 1].was_there)
            rename(staged[i - 1].kept, staged[i - 1].final);
        else if (staged[i - 1].is_new)
            unlink(staged[i - 1].final);
    }
    for (size_t i = made_count; i > 0; i--)
        rmdir(made_folders[i - 1]);
}

bool file_commit(struct error *error)
{
    sigset_t before;
    block_signals(&before);
    bool ok = true;
    size_t done = 0;
    /* A second name for each file that will be replaced, where the file system has such. */
    for (size_t i = 0; i < staged_count; i++) {
        staged[i].was_there = link(staged[i].final, staged[i].kept) == 0;
        staged[i].is_new = !staged[i].was_there && errno == ENOENT;
    }
    while (ok && done < staged_count) {
        if (rename(staged[done].temporary, staged[done].final) == 0)
            done++;
        else
            ok = error_set(error, ERROR_SYSTEM, "%s: could not write: %s", staged[done].final,
                           strerror(errno));
    }
    for (size_t i = done; i < staged_count; i++)
        unlink(staged[i].temporary);
    if (!ok)
        roll_back(done);
    for (size_t i = 0; i < staged_count; i++)
        unlink(staged[i].kept);
    forget();
    restore_signals(&before);
    return ok;
}

void file_discard(void)
{
    sigset_t before;
    block_signals(&before);
    file_remove_traces();
    forget();
    restore_signals(&before);
}
