"""Each system call of a small scan fails once, at the n-th call for every n: the command ends, each endpoint has one result at
most and none a false one, and the exit status and a line tell that something is missing. A checkpoint that is left can be
resumed. So do merge, compare, portloop-lab and a program with the library.

usage: failing_calls.py PORTLOOP LAB EMBEDDER [--all] [K/N | FailingCalls.TEST...]
    K/N: the K-th of N parts of the tests. --all: every errno for every n, which takes an hour
"""

import os
import re
import subprocess
import sys
import unittest

import scan_support as support
from format_readers import read_json
from scan_support import COMPLETE, FAILED, INCOMPLETE, PORTLOOP, USAGE

ALL = "--all" in sys.argv
LAB, EMBEDDER = (os.path.abspath(path) for path in sys.argv[2:4])

# What the manual lists, without what would be an answer of the target (ECONNREFUSED), and without the errors of wrong arguments.
ERRORS = {
    "socket": "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT",
    "connect": "EADDRNOTAVAIL ENETUNREACH EACCES EPERM EAGAIN EINTR ENOBUFS EADDRINUSE",
    "bind": "EADDRINUSE EACCES ENOMEM EADDRNOTAVAIL", "setsockopt": "ENOMEM ENOBUFS", "getsockopt": "ENOBUFS ENOMEM",
    "recvmsg": "ENOMEM EINTR EAGAIN", "sendto": "ENOBUFS ENOMEM EINTR", "recvfrom": "ENOMEM EINTR",
    "epoll_create1": "EMFILE ENFILE ENOMEM", "epoll_ctl": "ENOMEM ENOSPC", "epoll_wait": "EINTR", "epoll_pwait": "EINTR",
    "eventfd2": "EMFILE ENFILE ENOMEM", "pipe2": "EMFILE ENFILE", "clone3": "EAGAIN ENOMEM EPERM", "ioctl": "ENOTTY ENOMEM", "fcntl": "EMFILE EAGAIN",
    "openat": "EACCES EMFILE ENFILE ENOENT ENOMEM EIO EINTR ENOSPC EROFS", "newfstatat": "EACCES ENOMEM EIO", "lseek": "ESPIPE",
    "read": "EIO EINTR EISDIR", "write": "EIO ENOSPC EPIPE EINTR EAGAIN EDQUOT EFBIG", "fsync": "EIO ENOSPC EROFS", "fdatasync": "EIO ENOSPC",
    "rename": "EACCES EIO ENOSPC EROFS EXDEV", "unlink": "EACCES EIO EROFS", "ftruncate": "EIO EINTR EFBIG", "getdents64": "EIO ENOENT",
    "getcwd": "ENOENT EACCES", "readlink": "EACCES EIO", "prlimit64": "EPERM", "getrandom": "EINTR ENOSYS", "mmap": "ENOMEM EAGAIN",
    "munmap": "ENOMEM", "mprotect": "ENOMEM", "brk": "ENOMEM", "madvise": "ENOMEM EAGAIN", "rt_sigaction": "EINVAL", "prctl": "EINVAL",
    "seccomp": "EINVAL ENOMEM EACCES", "landlock_create_ruleset": "ENOSYS EOPNOTSUPP", "landlock_add_rule": "ENOMEM EBADFD",
    "landlock_restrict_self": "E2BIG EPERM", "sched_getaffinity": "EINVAL", "getsockname": "ENOBUFS", "getpeername": "ENOBUFS",
}
# Of the loader and of what runs before main(), which end the program with their own message.
LOADER = r"error while loading shared libraries|cannot (allocate|create|apply)|symbol lookup error|failed to map|TLS"
# libuv and glibc end the process by themselves if some of their calls fail: an epoll_ctl() of a loop that runs, for example.
OWN_ENDS = {"epoll_ctl", "pipe2", "read", "write", "mmap", "brk", "munmap", "mprotect", "rt_sigaction", "fcntl", "ioctl"}
SIGABRT, SIGSEGV = 6, 11


class FailingCalls(unittest.TestCase):
    def setUp(self):
        folder = support.scratch()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.listeners = support.Listeners("127.0.0.1", [3, 5])
        self.addCleanup(self.listeners.close)
        self.truth = {("127.0.0.1", port): "open" if port in self.listeners.ports else "closed" for port in range(1, 7)}

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name)) as file:
            return file.read()

    def run_traced(self, tracing, words):
        # With --seccomp-bpf, strace stops the command only at the calls that are traced.
        return subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", *tracing, *words], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=4 * support.PATIENCE_SECONDS)

    def counts(self, words):
        done = self.run_traced(["-c", "-o", self.path("calls")], words)
        self.assertEqual(done.returncode, COMPLETE, done.stderr)
        table = re.findall(r"^ +[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", self.read("calls"), re.MULTILINE)
        return {name: int(count) for count, name in table if name in ERRORS}

    def each_failure(self, words, check, prepare=lambda: None, step=1, without=()):
        """Calls check(call, the ended command) for each failure, except the pairs (call, error) of `without`."""
        prepare()
        turn = 0
        for call, count in sorted(self.counts(words).items()):
            errors = [error for error in ERRORS[call].split() if (call, error) not in without]
            for number in range(1, count + 1, 1 if ALL else max(step, count // 12)):
                turn += 1
                for error in errors if ALL else [errors[turn % len(errors)]]:
                    prepare()
                    self.listeners.empty_queues()
                    with self.subTest(call=call, number=number, error=error):
                        done = self.run_traced(["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"], words)
                        if done.returncode not in (127, 1) or not re.search(LOADER, done.stderr):
                            check(call, done)

    def check_end(self, call, done):
        if call in OWN_ENDS and done.returncode in (128 + SIGABRT, 128 + SIGSEGV, -SIGABRT, -SIGSEGV, 127):
            return False
        self.assertIn(done.returncode, (COMPLETE, FAILED, INCOMPLETE, USAGE), done.stderr)
        if done.returncode != COMPLETE:
            # Without standard error, which may be what has failed, the status has to do.
            self.assertTrue(call == "write" or re.search(r"(?m)^\S+: \S", done.stderr) or "unknown" in done.stderr, done.stderr)
        return True

    def check_results(self, text, complete):
        complete_lines = text[:text.rfind("\n") + 1]
        results = read_json(complete_lines)
        for endpoint, state in results.items():
            self.assertIn(state, (self.truth[endpoint], "unknown"))
        if complete:
            self.assertEqual(text, complete_lines)
            self.assertEqual(results, self.truth)

    def scan_words(self, *words):
        return [PORTLOOP, "scan", "-p", "1-6", "--show", "all", "-f", "json", *words, "127.0.0.1"]

    def clear(self):
        for name in os.listdir(self.folder):
            os.remove(self.path(name))

    def check_scan(self, call, done):
        if self.check_end(call, done):
            self.check_results(done.stdout, done.returncode == COMPLETE)

    def check_file(self, call, done):
        self.check_results(self.read("j"), self.check_end(call, done) and done.returncode == COMPLETE)

    def check_file_and_resume(self, call, done):
        self.check_file(call, done)
        if not os.path.exists(self.path("c")):
            return
        again = subprocess.run([PORTLOOP, "scan", "--resume", "c"], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=support.PATIENCE_SECONDS)
        self.assertEqual(again.returncode, COMPLETE, again.stderr)
        self.check_results(self.read("j"), True)

    def check_library(self, call, done):
        if call in OWN_ENDS and done.returncode < 0:
            return
        self.assertIn(done.returncode, (0, 1))
        self.assertLessEqual({int(port) for port in re.findall(r"(?m)^127.0.0.1 (\d+) ", done.stdout)}, self.listeners.ports)
        if done.returncode == 0 and "unknown" not in done.stdout:
            self.assertIn("of 6 ports are open", done.stdout)

    def test_scan(self):
        self.each_failure(self.scan_words(), self.check_scan)

    def test_scan_on_two_loops(self):
        # EAGAIN of an eventfd means that its reader is being woken already; libuv relies on that.
        self.each_failure(self.scan_words("--loops", "2", "--connector", "portable"), self.check_scan, step=3, without={("write", "EAGAIN")})

    def test_scan_with_checkpoint(self):
        self.each_failure(self.scan_words("--checkpoint", "c", "-o", "json=j", "--overwrite"), self.check_file_and_resume, prepare=self.clear, step=2)

    def test_resume(self):
        def interrupted():
            self.clear()
            done = subprocess.run(self.scan_words("--checkpoint", "c", "-o", "json=j", "--rate", "5", "--max-time", "100ms"), cwd=self.folder,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=support.PATIENCE_SECONDS)
            self.assertEqual(done.returncode, INCOMPLETE, done.stderr)

        self.each_failure([PORTLOOP, "scan", "--resume", "c"], self.check_file_and_resume, prepare=interrupted, step=6)

    def test_one_call_in_a_hundred_of_a_larger_scan(self):
        failing = {"socket": "EMFILE", "connect": "EADDRNOTAVAIL", "bind": "EADDRINUSE", "setsockopt": "ENOBUFS", "recvmsg": "ENOMEM", "write": "EINTR",
                   "read": "EINTR", "epoll_wait": "EINTR", "mmap": "ENOMEM"}
        rules = [word for turn, (call, error) in enumerate(failing.items()) for word in ("-e", f"inject={call}:error={error}:when={60 + turn}+97")]
        for options in ([], ["--loops", "2"], ["--connector", "portable"]):
            with self.subTest(options=options):
                done = self.run_traced(["-o", "/dev/null", "-e", "trace=" + ",".join(failing), *rules],
                                       [PORTLOOP, "scan", "-p", "1-2000", "--show", "all", "-f", "json", *options, "127.0.0.1"])
                self.assertIn(done.returncode, (COMPLETE, INCOMPLETE), done.stderr)
                results = read_json(done.stdout)
                self.assertEqual(len(results), 2000)
                for (_, port), state in results.items():
                    right = "open" if port in self.listeners.ports else "closed"
                    self.assertIn(state, (right,) if done.returncode == COMPLETE else (right, "unknown"))

    def test_merge(self):
        with open(self.path("j"), "w") as file:
            reasons = {"open": "syn-ack", "closed": "conn-refused"}
            file.writelines(f'{{"address":"127.0.0.1","port":{port},"state":"{state}","reason":"{reasons[state]}"}}\n'
                            for (_, port), state in self.truth.items())
        self.each_failure([PORTLOOP, "merge", "-f", "json", "--show", "all", "j"], self.check_scan)

    def test_compare(self):
        self.each_failure([PORTLOOP, "compare", "127.0.0.1", "-p", "1-6", "--models", "loop", "--runs", "1", "--warmup", "0"], self.check_end, step=12)

    def test_lab(self):
        self.each_failure([LAB, "lan", "--", "true"], self.check_end, step=2)

    def test_library(self):
        self.each_failure([EMBEDDER, "127.0.0.1", "1-6"], self.check_library, step=3)


def names_of_part(part):
    """Every test is in exactly one part, also one that is added later."""
    number, parts = (int(word) for word in part.split("/"))
    assert 1 <= number <= parts
    names = unittest.TestLoader().getTestCaseNames(FailingCalls)
    return [f"FailingCalls.{name}" for name in names[number - 1::parts]]


if __name__ == "__main__":
    support.need_programs("strace")
    support.enter_own_network()
    words = [word for word in sys.argv[4:] if word != "--all"]
    chosen = names_of_part(words[0]) if len(words) == 1 and "/" in words[0] else words
    unittest.main(argv=["failing_calls", *chosen])
