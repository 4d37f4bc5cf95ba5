/* Writes down, in their order, the calls by which a process changes the files of one folder.
 *
 * Loaded before the C library (LD_PRELOAD). ATTRAX_CALLS names the file to write into, ATTRAX_UNDER the folder that is
 * watched. A record is a line "call TAB path TAB second path TAB length NEWLINE" and so many bytes: what was written.
 * Calls are written down once they have succeeded. Those that change files in a way that is not followed here are
 * written down too, as "unknown", so that a test that is blind to something fails instead of passing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int record = -1;
static char under[PATH_MAX];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("ATTRAX_CALLS"), *folder = getenv("ATTRAX_UNDER");
    if (!file || !folder) return;
    snprintf(under, sizeof under, "%s", folder);
    record = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static void put(const char *bytes, size_t length) {
    while (length) {
        long done = syscall(SYS_write, record, bytes, length);
        if (done <= 0) abort();
        bytes += done;
        length -= (size_t)done;
    }
}

static int watched(const char *path) {
    size_t length = strlen(under);
    return !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

static void note(const char *call, const char *path, const char *second, const void *written, size_t length) {
    int error = errno;
    if (record >= 0 && (watched(path) || watched(second))) {
        char line[2 * PATH_MAX + 64];
        int size = snprintf(line, sizeof line, "%s\t%s\t%s\t%zu\n", call, path, second, length);
        pthread_mutex_lock(&one_at_a_time);
        put(line, (size_t)size);
        put(written, length);
        pthread_mutex_unlock(&one_at_a_time);
    }
    errno = error;
}

/* The path of an open file or folder. */
static const char *of_file(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size < 0 ? 0 : size] = 0;
    return path;
}

/* The path of a name that may be relative to an open folder. */
static const char *of_name(int folder, const char *name, char *path) {
    char above[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else if (folder == AT_FDCWD) {
        if (snprintf(path, PATH_MAX, "%s/%s", getcwd(above, sizeof above) ? above : "", name) >= PATH_MAX) abort();
    } else {
        of_file(folder, above);
        if (snprintf(path, PATH_MAX, "%s/%s", above, name) >= PATH_MAX) abort();
    }
    return path;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opened(int file, int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (file >= 0 && (flags & (O_CREAT | O_TRUNC)))
        note(flags & O_TRUNC ? "truncate" : "create", of_name(folder, name, path), "", "", 0);
    return file;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *name, int flags, ...) {
    MODE(flags)
    return opened(REAL(open)(name, flags, mode), AT_FDCWD, name, flags);
}
int open64(const char *name, int flags, ...) {
    MODE(flags)
    return opened(REAL(open64)(name, flags, mode), AT_FDCWD, name, flags);
}
int openat(int folder, const char *name, int flags, ...) {
    MODE(flags)
    return opened(REAL(openat)(folder, name, flags, mode), folder, name, flags);
}
int openat64(int folder, const char *name, int flags, ...) {
    MODE(flags)
    return opened(REAL(openat64)(folder, name, flags, mode), folder, name, flags);
}

ssize_t write(int file, const void *bytes, size_t length) {
    char path[PATH_MAX];
    ssize_t done = REAL(write)(file, bytes, length);
    if (done > 0) note("write", of_file(file, path), "", bytes, (size_t)done);
    return done;
}

#define UNKNOWN(type, name, parameters, arguments, file) \
    type name parameters { \
        char path[PATH_MAX]; \
        note("unknown " #name, of_file(file, path), "", "", 0); \
        return REAL(name) arguments; \
    }
UNKNOWN(ssize_t, pwrite, (int file, const void *bytes, size_t length, off_t from), (file, bytes, length, from), file)
UNKNOWN(ssize_t, pwrite64, (int file, const void *bytes, size_t length, off64_t from), (file, bytes, length, from), file)
UNKNOWN(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), file)
UNKNOWN(int, ftruncate, (int file, off_t length), (file, length), file)
UNKNOWN(int, ftruncate64, (int file, off64_t length), (file, length), file)
UNKNOWN(ssize_t, copy_file_range, (int from, off64_t *start, int file, off64_t *place, size_t length, unsigned int flags),
        (from, start, file, place, length, flags), file)

int fsync(int file) {
    char path[PATH_MAX];
    int failed = REAL(fsync)(file);
    if (!failed) note("fsync", of_file(file, path), "", "", 0);
    return failed;
}
int fdatasync(int file) {
    char path[PATH_MAX];
    int failed = REAL(fdatasync)(file);
    if (!failed) note("fsync", of_file(file, path), "", "", 0);
    return failed;
}

static int renamed(int failed, int from, const char *old, int to, const char *new_name) {
    char path[PATH_MAX], second[PATH_MAX];
    if (!failed) note("rename", of_name(from, old, path), of_name(to, new_name, second), "", 0);
    return failed;
}
int rename(const char *old, const char *new_name) {
    return renamed(REAL(rename)(old, new_name), AT_FDCWD, old, AT_FDCWD, new_name);
}
int renameat(int from, const char *old, int to, const char *new_name) {
    return renamed(REAL(renameat)(from, old, to, new_name), from, old, to, new_name);
}

static int named(int failed, const char *call, int folder, const char *name) {
    char path[PATH_MAX];
    if (!failed) note(call, of_name(folder, name, path), "", "", 0);
    return failed;
}
int mkdir(const char *name, mode_t mode) { return named(REAL(mkdir)(name, mode), "mkdir", AT_FDCWD, name); }
int mkdirat(int folder, const char *name, mode_t mode) {
    return named(REAL(mkdirat)(folder, name, mode), "mkdir", folder, name);
}
int rmdir(const char *name) { return named(REAL(rmdir)(name), "remove", AT_FDCWD, name); }
int unlink(const char *name) { return named(REAL(unlink)(name), "remove", AT_FDCWD, name); }
int unlinkat(int folder, const char *name, int flags) {
    return named(REAL(unlinkat)(folder, name, flags), "remove", folder, name);
}
int link(const char *old, const char *new_name) {
    char path[PATH_MAX];
    note("unknown link", of_name(AT_FDCWD, new_name, path), "", "", 0);
    return REAL(link)(old, new_name);
}
