"""What the programs in this folder share: the request, one blocking connect, the measurement and the result.

Standard input has four numbers, a line each: the timeout of a connect in milliseconds, how often silent ports are probed
again, the maximum of connects in flight (for programs that need one), and how many endpoints follow. Then comes one
endpoint per line, an address and a port, in the order in which they are probed.

Standard output gets what the scan cost, a name and a number per line, and one line per endpoint in the same order: its
state, when its connect began and how long it took, both in microseconds.
"""

import errno
import resource
import socket
import sys
import time

STATES = {
    0: "open",
    errno.ECONNREFUSED: "closed",
    errno.EAGAIN: "silent",  # the timeout of connect_ex()
    errno.ETIMEDOUT: "silent",
    errno.EHOSTUNREACH: "filtered",
    errno.ENETUNREACH: "filtered",
    errno.EACCES: "filtered",
}


def connect(endpoint, timeout):
    """Connects once, and returns the error number (0 if it was connected), the time before and the time after."""
    started = time.perf_counter_ns()
    try:
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(timeout)
            code = probe.connect_ex(endpoint)
    except OSError as error:
        code = error.errno
    return code, started, time.perf_counter_ns()


def read_request(stream):
    timeout_ms, retries, in_flight, count = (int(stream.readline()) for _ in range(4))
    endpoints = []
    for _ in range(count):
        address, port = stream.readline().split()
        endpoints.append((address, int(port)))
    return timeout_ms / 1000, retries, in_flight, endpoints


def peak_memory_kib():
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def state_of(outcome):
    return STATES.get(outcome[0], "unknown") if outcome else "unknown"


def main(scan):
    """Calls scan(endpoints, timeout, in_flight), which returns an outcome per endpoint, as connect() does, and the
    number of threads that it used."""
    timeout, retries, in_flight, endpoints = read_request(sys.stdin)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter_ns()
    outcomes, threads = scan(endpoints, timeout, in_flight)
    connects = len(endpoints)
    for _ in range(retries):
        silent = [index for index, outcome in enumerate(outcomes) if state_of(outcome) == "silent"]
        again, more_threads = scan([endpoints[index] for index in silent], timeout, in_flight)
        for index, outcome in zip(silent, again):
            outcomes[index] = outcome
        threads = max(threads, more_threads)
        connects += len(silent)
    wall_ns, after = time.perf_counter_ns() - started, resource.getrusage(resource.RUSAGE_SELF)

    lines = [
        f"wall_us {wall_ns // 1000}",
        f"user_us {round((after.ru_utime - before.ru_utime) * 1e6)}",
        f"system_us {round((after.ru_stime - before.ru_stime) * 1e6)}",
        f"switches_voluntary {after.ru_nvcsw - before.ru_nvcsw}",
        f"switches_involuntary {after.ru_nivcsw - before.ru_nivcsw}",
        f"memory_kib {peak_memory_kib()}",
        f"connects {connects}",
        f"threads {threads}",
    ]
    for outcome in outcomes:
        _, began, ended = outcome or (None, started, started)
        lines.append(f"{state_of(outcome)} {(began - started) // 1000} {(ended - began) // 1000}")
    print("\n".join(lines))
