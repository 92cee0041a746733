/* Preloaded into a server, makes chosen system calls fail: the n-th write to a file of the data
 * directory finds the disk full, the n-th fsync an I/O error, and so on.
 *
 * What is to fail stands in a file that a test has mapped too (see faults.py), so it can change
 * while the server runs, and a forked child obeys it as well. Calls are made with syscall(), since
 * this is in use before the C library is.
 *
 *     FAULTS_CONTROL   path of that file
 *     FAULTS_UNDER     only files under this directory count
 *     FAULTS_LOOKUP    "hangs": names of hosts are never found
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
  CALL_WRITE = 1,
  CALL_FSYNC = 2,
  CALL_RENAME = 4,
  CALL_OPEN = 8,
  CALL_TRUNCATE = 16,
  CALL_ALLOCATE = 32,
  CALL_LINK = 64,
  CALL_UNLINK = 128
};
enum mode { MODE_NONE, MODE_ERROR, MODE_SHORT, MODE_KILL, MODE_HANG };

struct control {
  uint32_t calls; /* which calls; a set of enum call */
  uint32_t mode;  /* what happens to them */
  uint32_t error; /* errno of MODE_ERROR */
  int32_t skip;   /* so many calls are left alone first */
  int32_t times;  /* then so many are hit; negative: all */
  uint32_t seen;  /* counts calls of the set, hit or not */
  uint32_t hit;
};

static struct control* control;
static char under[PATH_MAX];

static void find_control(void) {
  static int looked = 0;
  if (looked) return;
  looked = 1;
  const char* path = getenv("FAULTS_CONTROL");
  const char* directory = getenv("FAULTS_UNDER");
  if (path == NULL || directory == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (mapped == MAP_FAILED) return;
  strncpy(under, directory, sizeof under - 1);
  control = mapped;
}

static int counts_path(const char* path) {
  /* The server works in its data directory, so its relative paths count too. */
  return path[0] != '/' || strncmp(path, under, strlen(under)) == 0;
}

static int counts_fd(int fd) {
  char link[64] = "/proc/self/fd/";
  char digits[16];
  int count = 0;
  unsigned rest = (unsigned)fd;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  size_t end = strlen(link);
  while (count > 0) link[end++] = digits[--count];
  link[end] = '\0';
  char target[PATH_MAX];
  ssize_t length = syscall(SYS_readlink, link, target, sizeof target - 1);
  if (length <= 0) return 0;
  target[length] = '\0';
  if (strstr(target, "server.log") != NULL) return 0;
  return target[0] == '/' && strncmp(target, under, strlen(under)) == 0;
}

/* Whether this call is to be hit; the mode is then done by the caller, but for MODE_KILL and
 * MODE_HANG, which is over when the control says so. */
static int hit(enum call call) {
  int saved = errno;
  if (control == NULL || (control->calls & call) == 0) return MODE_NONE;
  __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (__atomic_sub_fetch(&control->skip, 1, __ATOMIC_SEQ_CST) >= 0) return MODE_NONE;
  if (control->times >= 0 && __atomic_sub_fetch(&control->times, 1, __ATOMIC_SEQ_CST) < 0) {
    control->times = 0;
    return MODE_NONE;
  }
  __atomic_add_fetch(&control->hit, 1, __ATOMIC_SEQ_CST);
  if (control->mode == MODE_KILL) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  while (__atomic_load_n(&control->mode, __ATOMIC_SEQ_CST) == MODE_HANG) usleep(1000);
  errno = saved;
  return (int)control->mode;
}

static int fails(enum call call) {
  int mode = hit(call);
  if (mode == MODE_ERROR) errno = (int)control->error;
  return mode == MODE_ERROR;
}

/* Whether a write is to fail; *shortens tells whether it is to be done by half. */
static int write_fails(int fd, int* shortens) {
  find_control();
  *shortens = 0;
  if (control == NULL || !counts_fd(fd)) return 0;
  int mode = hit(CALL_WRITE);
  if (mode == MODE_ERROR) errno = (int)control->error;
  *shortens = mode == MODE_SHORT;
  return mode == MODE_ERROR;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  int shortens;
  if (write_fails(fd, &shortens)) return -1;
  if (shortens && count > 1) count /= 2;
  return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  int shortens;
  if (write_fails(fd, &shortens)) return -1;
  if (shortens && count > 1) count /= 2;
  return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off_t offset) {
  return pwrite(fd, bytes, count, offset);
}

ssize_t writev(int fd, const struct iovec* vectors, int count) {
  int shortens;
  if (write_fails(fd, &shortens)) return -1;
  if (shortens && count > 1) count /= 2;
  return syscall(SYS_writev, fd, vectors, count);
}

int fsync(int fd) {
  find_control();
  if (control != NULL && counts_fd(fd) && fails(CALL_FSYNC)) return -1;
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  find_control();
  if (control != NULL && counts_fd(fd) && fails(CALL_FSYNC)) return -1;
  return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char* from, const char* to) {
  find_control();
  if (control != NULL && counts_path(to) && fails(CALL_RENAME)) return -1;
  return (int)syscall(SYS_rename, from, to);
}

int link(const char* from, const char* to) {
  find_control();
  if (control != NULL && counts_path(to) && fails(CALL_LINK)) return -1;
  return (int)syscall(SYS_link, from, to);
}

int unlink(const char* path) {
  find_control();
  if (control != NULL && counts_path(path) && fails(CALL_UNLINK)) return -1;
  return (int)syscall(SYS_unlink, path);
}

int ftruncate(int fd, off_t length) {
  find_control();
  if (control != NULL && counts_fd(fd) && fails(CALL_TRUNCATE)) return -1;
  return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

/* By half, there are three megabytes left behind the end of each file. */
int fallocate(int fd, int mode, off_t offset, off_t length) {
  find_control();
  if (control != NULL && counts_fd(fd)) {
    int done = hit(CALL_ALLOCATE);
    struct stat status;
    int beyond = fstat(fd, &status) == 0 && offset + length > status.st_size + (3 << 20);
    if (done == MODE_ERROR || (done == MODE_SHORT && beyond)) {
      errno = done == MODE_ERROR ? (int)control->error : ENOSPC;
      return -1;
    }
  }
  return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int fallocate64(int fd, int mode, off_t offset, off_t length) {
  return fallocate(fd, mode, offset, length);
}

static int open_file(int directory, const char* path, int flags, mode_t mode) {
  find_control();
  int writes = (flags & O_ACCMODE) != O_RDONLY;
  if (control != NULL && writes && counts_path(path) && fails(CALL_OPEN)) return -1;
  return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define OPEN_FUNCTION(name)                        \
  int name(const char* path, int flags, ...) {     \
    va_list arguments;                             \
    va_start(arguments, flags);                    \
    mode_t mode = va_arg(arguments, mode_t);       \
    va_end(arguments);                             \
    return open_file(AT_FDCWD, path, flags, mode); \
  }
OPEN_FUNCTION(open)
OPEN_FUNCTION(open64)

#define OPENAT_FUNCTION(name)                                 \
  int name(int directory, const char* path, int flags, ...) { \
    va_list arguments;                                        \
    va_start(arguments, flags);                               \
    mode_t mode = va_arg(arguments, mode_t);                  \
    va_end(arguments);                                        \
    return open_file(directory, path, flags, mode);           \
  }
OPENAT_FUNCTION(openat)
OPENAT_FUNCTION(openat64)

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  const char* how = getenv("FAULTS_LOOKUP");
  if (how != NULL && strcmp(how, "hangs") == 0) {
    for (;;) pause();
  }
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  *(void**)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  return real(node, service, hints, result);
}
