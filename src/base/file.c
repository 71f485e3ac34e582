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
    char *said;   /* the path as it was given */
    dev_t device; /* of the folder of `final`, as is the next */
    ino_t inode;
    char *kept; /* a second name of the file that `final` names so far, while the names are given */
    bool was_there, is_new;
};

static void staged_free(struct staged *file)
{
    free(file->temporary);
    free(file->final);
    free(file->kept);
    free(file->said);
}

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

/* The folder that a path leads to, and the name there without a '/' at its end; false where there is no such folder. */
static bool file_folder(const char *path, struct stat *folder, const char **name, size_t *length)
{
    size_t end = strlen(path), begin;
    char parent[4096];
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/'; begin--)
        ;
    *name = path + begin;
    *length = end - begin;
    if (begin >= sizeof parent)
        return false;
    memcpy(parent, path, begin);
    parent[begin] = 0;
    return stat(begin > 0 ? parent : ".", folder) == 0;
}

static bool stat_is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool file_is_same(const char *path, const char *other)
{
    struct stat a, b;
    const char *name, *other_name;
    size_t length, other_length;
    if (strcmp(path, other) == 0)
        return true;
    if (stat(path, &a) == 0 && stat(other, &b) == 0)
        return stat_is_same(&a, &b) && !S_ISCHR(a.st_mode);
    return file_folder(path, &a, &name, &length) && file_folder(other, &b, &other_name, &other_length) &&
           stat_is_same(&a, &b) && length == other_length && memcmp(name, other_name, length) == 0;
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

/* The path that staged a file of that name before; NULL: none did. */
static const char *staged_as(const struct stat *folder, const char *name)
{
    for (size_t i = 0; i < staged_count; i++) {
        const char *slash = strrchr(staged[i].final, '/');
        if (staged[i].inode == folder->st_ino && staged[i].device == folder->st_dev &&
            strcmp(slash ? slash + 1 : staged[i].final, name) == 0)
            return staged[i].said;
    }
    return NULL;
}

/* Opens a new file beside file->final and remembers it; takes over its strings. */
static int open_temporary(struct staged *file, struct error *error)
{
    sigset_t before;
    block_signals(&before);
    int fd = -1;
    if (memory_resize(&staged, staged_count + 1, sizeof *staged, error)) {
        fd = mkstemp(file->temporary);
        if (fd < 0)
            error_set(error, ERROR_SYSTEM, "%s: could not write: %s", file->final, strerror(errno));
    }
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        memcpy(file->kept, file->temporary, strlen(file->temporary)); /* mkstemp chose the last letters */
        staged[staged_count++] = *file;
    } else {
        staged_free(file);
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

/* Whether a path may become an output, so far as what is there now says it; *exists and *status are what it is. */
static bool check_target(const char *path, bool *exists, struct stat *status, struct error *error)
{
    struct stat link;
    *exists = stat(path, status) == 0;
    const int why = errno;
    if (!*exists && lstat(path, &link) == 0 && S_ISLNK(link.st_mode))
        return error_set(error, ERROR_SYSTEM, "%s: is a link %s: expected a file name", path,
                         why == ELOOP ? "that leads back to itself" : "to nothing");
    if (*exists && S_ISDIR(status->st_mode))
        return error_set(error, ERROR_SYSTEM, "%s: is a folder; expected a file name", path);
    if (*exists && S_ISREG(status->st_mode) && access(path, W_OK) != 0)
        return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
    return true;
}

/* Cuts off the last name, with the '/' before it: "a/b//" becomes "a", "/a" becomes "/", "a" becomes "". */
static void cut_name(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    path[length] = 0;
}

/* Whether a folder takes new files; errno says why not. */
static bool takes_files(const char *folder)
{
    if (access(folder, F_OK) != 0)
        return false;
    errno = ENOTDIR;
    return file_is_folder(folder) && access(folder, W_OK | X_OK) == 0;
}

bool file_check(const char *path, struct error *error)
{
    struct stat status;
    bool exists;
    if (!check_target(path, &exists, &status, error) || exists)
        return !error->kind;
    char *folder = text_copy(path);
    if (!folder)
        return error_memory(error, strlen(path) + 1);
    cut_name(folder);
    bool ok = takes_files(*folder ? folder : ".") ||
              error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
    free(folder);
    return ok;
}

bool file_check_folder(const char *path, struct error *error)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *folder = text_copy_part(path, length);
    if (!folder)
        return error_memory(error, length + 1);
    /* The nearest folder above that is there must take new ones. */
    while (*folder && access(folder, F_OK) != 0 && errno == ENOENT)
        cut_name(folder);
    const bool there = strlen(folder) == length && file_is_folder(folder);
    bool ok = takes_files(*folder ? folder : ".") ||
              error_set(error, ERROR_SYSTEM, "%.*s: could not %s: %s", (int)length, path,
                        there ? "write" : "make the folder", strerror(errno));
    free(folder);
    return ok;
}

/* The names of an output, and where it lies. */
static bool name_staged(struct staged *file, const char *path, bool exists, struct error *error)
{
    /* Through a link, its target is what gets replaced. */
    file->final = exists ? realpath(path, NULL) : text_copy(path);
    if (!file->final && exists && errno != ENOMEM)
        return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
    const char *slash = file->final ? strrchr(file->final, '/') : NULL;
    int length = slash ? (int)(slash - file->final + 1) : 0;
    file->said = text_copy(path);
    file->temporary = file->final ? text_format("%.*s.attn-XXXXXX", length, file->final) : NULL;
    file->kept = file->temporary ? text_format("%s~", file->temporary) : NULL;
    if (!file->said || !file->kept)
        return error_memory(error, strlen(path) + 1);
    struct stat folder;
    const char *name;
    size_t bytes;
    if (!file_folder(file->final, &folder, &name, &bytes))
        return true; /* it is missing, which the attempt to write there says */
    file->device = folder.st_dev;
    file->inode = folder.st_ino;
    const char *other = staged_as(&folder, name);
    return !other ||
           error_set(error, ERROR_USAGE, "%s and %s are the same file: expected two names", other, path);
}

bool file_stage(const char *path, bool make_folders, struct out *out, struct error *error)
{
    out_begin(out, -1, path);
    if (make_folders && !make_parents(path, error))
        return false;

    struct stat status;
    bool exists;
    if (!check_target(path, &exists, &status, error))
        return false;
    if (exists && !S_ISREG(status.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (out->fd < 0)
            return error_set(error, ERROR_SYSTEM, "%s: could not write: %s", path, strerror(errno));
        return true;
    }

    struct staged file = {0};
    if (!name_staged(&file, path, exists, error)) {
        staged_free(&file);
        return false;
    }
    out->fd = open_temporary(&file, error);
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
    for (size_t i = 0; i < staged_count; i++)
        staged_free(&staged[i]);
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

bool file_is_pipe(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISFIFO(about.st_mode);
}
