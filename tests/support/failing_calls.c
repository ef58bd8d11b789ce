/* Preloaded (LD_PRELOAD) into a program under test: makes its n-th call of a function fail.
 *
 * PORTLOOP_FAIL is a list, separated by commas, of CALL[@FILE]:N[+]:ERRNO
 *   CALL   one of the functions below; "malloc" counts every allocation
 *   @FILE  count only calls whose descriptor or path contains FILE
 *   N      the first call is 1; with "+", all calls from the n-th on fail
 *   ERRNO  its number
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct rule {
  char call[32];
  char file[64];
  long number;
  int and_later;
  int error;
  atomic_long seen;
};

static struct rule rules[8];
static int rule_count;

__attribute__((constructor)) static void read_rules(void) {
  const char* text = getenv("PORTLOOP_FAIL");
  int count = 0;
  for (; text != NULL && *text != '\0' && count < 8; ++count) {
    struct rule* rule = &rules[count];
    const size_t length = strcspn(text, ",");
    char one[160], plus[2] = "";
    snprintf(one, sizeof one, "%.*s", (int)length, text);
    if (sscanf(one, "%31[^@:]@%63[^:]:%ld%1[+]:%d", rule->call, rule->file, &rule->number, plus, &rule->error) != 5 &&
        sscanf(one, "%31[^@:]@%63[^:]:%ld:%d", rule->call, rule->file, &rule->number, &rule->error) != 4) {
      rule->file[0] = '\0';
      if (sscanf(one, "%31[^@:]:%ld%1[+]:%d", rule->call, &rule->number, plus, &rule->error) != 4 &&
          sscanf(one, "%31[^@:]:%ld:%d", rule->call, &rule->number, &rule->error) != 3)
        abort();
    }
    rule->and_later = strchr(one, '+') != NULL;
    text += length + (text[length] == ',');
  }
  rule_count = count;
}

/* Returns 0, or sets errno and returns it. `path` may be NULL: that of `fd`, if there is one. */
static int fails(const char* call, int fd, const char* path) {
  for (int i = 0; i < rule_count; ++i) {
    struct rule* rule = &rules[i];
    if (strcmp(rule->call, call) != 0) continue;
    if (rule->file[0] != '\0') {
      char link[64], target[PATH_MAX] = "";
      if (path == NULL) {
        const int before = errno;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        const ssize_t length = readlink(link, target, sizeof target - 1);
        if (length > 0) target[length] = '\0';
        path = target;
        errno = before;
      }
      const int matches = strstr(path, rule->file) != NULL;
      if (path == target) path = NULL;
      if (!matches) continue;
    }
    const long number = atomic_fetch_add(&rule->seen, 1) + 1;
    if (number == rule->number || (rule->and_later && number > rule->number)) return errno = rule->error;
  }
  return 0;
}

#define REAL(name) ((__typeof__(&(name)))(size_t)dlsym(RTLD_NEXT, #name))

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are reserved ones

int epoll_create1(int flags) { return fails("epoll_create1", -1, NULL) ? -1 : REAL(epoll_create1)(flags); }
int epoll_ctl(int set, int operation, int fd, struct epoll_event* event) {
  return fails("epoll_ctl", fd, NULL) ? -1 : REAL(epoll_ctl)(set, operation, fd, event);
}
int eventfd(unsigned count, int flags) { return fails("eventfd", -1, NULL) ? -1 : REAL(eventfd)(count, flags); }
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  const int error = fails("pthread_create", -1, NULL);
  return error ? error : REAL(pthread_create)(thread, attributes, run, argument);
}
ssize_t read(int fd, void* buffer, size_t size) { return fails("read", fd, NULL) ? -1 : REAL(read)(fd, buffer, size); }
ssize_t write(int fd, const void* buffer, size_t size) {
  return fails("write", fd, NULL) ? -1 : REAL(write)(fd, buffer, size);
}
int fsync(int fd) { return fails("fsync", fd, NULL) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails("fdatasync", fd, NULL) ? -1 : REAL(fdatasync)(fd); }
int rename(const char* from, const char* to) { return fails("rename", -1, to) ? -1 : REAL(rename)(from, to); }

/* libuv aborts if it has no memory for its table of watchers (src/unix/core.c, maybe_resize()), and nobody can mend
 * that from outside: who aborted is written, so that a test can tell. */
void abort(void) {
  Dl_info caller;
  const char* name = dladdr(__builtin_return_address(0), &caller) != 0 ? caller.dli_fname : "";
  if (write(STDERR_FILENO, "abort() in ", 11) < 0 || write(STDERR_FILENO, name, strlen(name)) < 0) _exit(127);
  REAL(abort)();
  _exit(127);
}

/* glibc's own names: dlsym() itself allocates. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
void* malloc(size_t size) { return fails("malloc", -1, NULL) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails("malloc", -1, NULL) ? NULL : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return fails("malloc", -1, NULL) ? NULL : __libc_realloc(memory, size); }
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
