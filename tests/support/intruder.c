/* Preloaded (LD_PRELOAD) into a scan: does what an intruder would, once in each thread, as soon as the thread connects.
 * Prints "ACTION: ERROR" for each, or "ACTION: done". PORTLOOP_VICTIM is a file that the scan has nothing to do with.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(const char* action, long result) {
  char line[200];
  const int length =
      snprintf(line, sizeof line, "intruder: %s: %s\n", action, result < 0 ? strerrorname_np(errno) : "done");
  if (write(STDERR_FILENO, line, (size_t)length) < 0) abort();
}

static void start_programs(void) {
  char* const words[] = {"x", NULL};
  report("execve", execve("/nonexistent", words, NULL));
  const pid_t child = fork();
  report("fork", child);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  report("signal", kill(getppid(), 0));
  report("trace", ptrace(PTRACE_CONT, getppid(), NULL, NULL));
  report("code", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  report("memory file", memfd_create("x", 0));
}

static void touch_files(void) {
  const char* victim = getenv("PORTLOOP_VICTIM");
  if (victim == NULL) abort();
  report("read", open(victim, O_RDONLY));
  report("write", open(victim, O_WRONLY));
  report("list", open("/", O_RDONLY | O_DIRECTORY));
  report("chmod", chmod(victim, 0777));
  report("rename", rename(victim, victim));
  char other[4096];
  snprintf(other, sizeof other, "%s.new", victim);
  report("create", open(other, O_CREAT | O_WRONLY, 0666));
}

static void use_sockets(void) {
  report("local socket", socket(AF_UNIX, SOCK_STREAM, 0));
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  report("socket", server);
  report("listen", listen(server, 1));
  close(server);
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's names are reserved ones
int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length) {
  static _Thread_local int intruded;
  if (!intruded++) {
    start_programs();
    touch_files();
    use_sockets();
  }
  __typeof__(&connect) const real = (__typeof__(&connect))(size_t)dlsym(RTLD_NEXT, "connect");
  return real(fd, address, length);
}
