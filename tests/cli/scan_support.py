"""Shared by the tests of portloop scan: running it as a user does, listeners, and a network of the test's own."""

import errno
import fcntl
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from result_schema import read_record

SKIPPED = 77  # the exit status by which Meson recognises a skipped test
PATIENCE_SECONDS = 30  # a bound on what must happen, never a time to sleep
PORTLOOP = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "portloop"
COMPLETE, FAILED, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130  # exit statuses


def skip(what_is_missing):
    print(f"skipped: {os.path.basename(sys.argv[0])} needs {what_is_missing}")
    sys.exit(SKIPPED)


def need_programs(*names):
    os.environ["PATH"] = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin" + os.pathsep + "/sbin"
    for name in names:
        if shutil.which(name) is None:
            skip(f"the program {name}")


def enter_own_network():
    """Restarts this script in new network and mount namespaces, as their root, with loopback up; skips if that is forbidden."""
    need_programs("unshare", "ip")
    if os.environ.get("PORTLOOP_TEST_NETWORK") != "own":
        tried = subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, text=True)
        if tried.returncode != 0:
            skip("network namespaces: " + tried.stderr.strip())
        os.environ["PORTLOOP_TEST_NETWORK"] = "own"
        os.execvp("unshare", ["unshare", "-Urnm", sys.executable, *sys.argv])
    ip("link set lo up")


def ip(words):
    subprocess.run(["ip", *words.split()], check=True)


def silent_network(*addresses, name="silent"):
    """A network device on which every packet is lost. It exists until the returned file is closed."""
    try:
        device = open("/dev/net/tun", "r+b", buffering=0)
    except OSError as error:
        skip(f"/dev/net/tun: {error}")
    IFF_TUN, IFF_NO_PI, TUNSETIFF = 1, 0x1000, 0x400454CA  # linux/if_tun.h
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for address in addresses:
        ip(f"addr add {address} dev {name}" + (" nodad" if ":" in address else ""))
    ip(f"link set {name} up")
    return device


def firewall(test, *rules):
    """Filters what arrives at this network's own addresses with `rules` (of nft), until the end of the test."""
    run_command(["nft", "-f", "-"], "table inet test {\nchain arriving {\ntype filter hook input priority 0;\n" + "\n".join(rules) + "\n}\n}\n")
    test.addCleanup(run_command, ["nft", "delete", "table", "inet", "test"])


def run_command(words, text=None):
    """Runs a command that must succeed, and returns its output."""
    return subprocess.run(words, input=text, check=True, capture_output=True, text=True).stdout


def scan(*words, stdin=subprocess.DEVNULL, **options):
    """Runs one scan to its end: (exit status, stdout, stderr) as strings."""
    done = subprocess.run([PORTLOOP, "scan", *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=PATIENCE_SECONDS, **options)
    return done.returncode, done.stdout, done.stderr


def scan_json(*words, **options):
    """Runs one scan with --format json: (exit status, its results, stderr). Every line must be complete."""
    status, out, err = scan("--format", "json", *words, **options)
    return status, [read_record(line) for line in out.splitlines()], err


def start(*words, **options):
    """Starts a scan."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0} | options
    return subprocess.Popen([PORTLOOP, "scan", *words], **options)


def listen(address, port, backlog=1024):
    """A listener, or None if the port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(socket.getaddrinfo(address, port, family, socket.SOCK_STREAM)[0][4])
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    listener.listen(backlog)
    return listener


class Listeners:
    """Listeners on up to `count` of `ports`. Nothing accepts: the kernel answers. The member `ports` has the open ones."""

    def __init__(self, address, ports, count=None):
        self.sockets = []
        self.ports = set()
        raise_descriptors()
        for port in ports:
            if count is not None and len(self.sockets) == count:
                break
            listener = listen(address, port)
            if listener is not None:
                self.sockets.append(listener)
                self.ports.add(port)

    def empty_queues(self):
        """Accepts and closes what is waiting. After 1024 connections a port would be silent."""
        for listener in self.sockets:
            listener.setblocking(False)
            try:
                while True:
                    listener.accept()[0].close()
            except BlockingIOError:
                pass

    def close(self):
        for listener in self.sockets:
            listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_until(holds, what, patience_s=PATIENCE_SECONDS):
    """Polls until holds() is true and returns its value; fails after `patience_s`."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"never happened: {what}")


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptor_limit(limit):
    """For preexec_fn: sets the hard limit of the child."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def open_ports(results):
    """The open ports of one address. An endpoint that appears twice is an error."""
    endpoints = [(r["address"], r["port"]) for r in results]
    assert len(endpoints) == len(set(endpoints)), "an endpoint appears twice"
    return {r["port"] for r in results if r["state"] == "open"}


def other_listening_ports(family):
    """Ports of this machine on which other programs listen, from /proc."""
    ports = set()
    name = "/proc/net/tcp6" if family == socket.AF_INET6 else "/proc/net/tcp"
    for path in {name, "/proc/net/tcp6"}:
        if not os.path.exists(path):
            continue
        with open(path) as table:
            for line in list(table)[1:]:
                fields = line.split()
                if fields[3] == "0A":  # TCP_LISTEN
                    ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


def failing(*rules):
    """The environment of a program some of whose calls fail: see tests/support/failing_calls.c. Skips if it is missing."""
    library = os.environ.get("PORTLOOP_FAILING_CALLS")
    if library is None:
        skip("tests/support/failing_calls.c, which a sanitizer's runtime excludes")
    return os.environ | {"LD_PRELOAD": library, "PORTLOOP_FAIL": ",".join(rules)}


def fnv(data):
    """FNV-1a, 64 bits: the hash of checkpoints."""
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def resealed(text):
    """A checkpoint's text that was changed, with a checksum that matches."""
    body = text[:text.rstrip(b"\n").rfind(b"\n") + 1]
    return body + b"end %016x\n" % fnv(body)


def scratch():
    return tempfile.TemporaryDirectory()
