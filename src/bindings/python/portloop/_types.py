"""What a scan is given and what it returns."""
import socket
from typing import Iterable, NamedTuple, Optional, Union

from . import _native

Ports = Union[str, int, Iterable[Union[str, int]]]


class Connection:
    """The connection to an open port, for `keep_connections`.

    It is reset when it is closed, or when nothing refers to it any more, unless it was taken over.
    """

    def __init__(self, fd: int, native: _native.Scan) -> None:
        self._fd = fd
        self._native = native

    def take(self) -> socket.socket:
        """Takes it over: returns a connected, non-blocking socket, which is the caller's from then on.

        Use it with `loop.sock_sendall()` and the like, or with `asyncio.open_connection(sock=...)`. What was read as a
        banner is not in it any more.
        """
        if self._fd < 0:
            raise RuntimeError("the connection was taken over or closed before")
        fd, self._fd = self._fd, -1
        taken = socket.socket(fileno=fd)
        taken.setblocking(False)  # it is; this tells Python
        return taken

    def close(self) -> None:
        """Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._native.reset(fd)

    def __del__(self) -> None:
        self.close()


class Result(NamedTuple):
    """The result of one port of one address."""

    address: str  # without the port, as in "10.0.0.1" or "fe80::1%2"
    port: int
    state: str  # "open", "closed", "filtered" or "unknown"
    reason: str  # "syn-ack", "conn-refused", "no-response", ...; docs/formats.md lists them
    service: str  # from portloop's built-in list, or ""
    attempts: int  # how many times the port was probed; 0 if its host was lost or absent, or had banned us, by then
    rtt_us: int  # from the connect call to the answer, in microseconds; 0 if there was none
    error: Optional[str]  # the system's code, as in "EMFILE", if the reason is "local-error"
    banner: Optional[bytes]  # what the port sent, if banners were asked for and it sent anything
    tag: int = 0  # of the Target that it belongs to
    connection: Optional[Connection] = None  # to an open port, with keep_connections


class HostEvent(NamedTuple):
    """What has become known of a whole host, maybe long before its ports have their results."""

    address: str
    # "absent": it is not on its link; "silent": it, or the path to it, no longer answers; "back": an absent one does;
    # "all-open": it accepts connections on every port (with all_open); "banned": it refuses what it accepted before
    event: str


class Stats(NamedTuple):
    """Counts so far."""

    probes: int  # addresses x ports, of what was added so far
    connects: int  # including retries
    open: int
    closed: int
    filtered: int
    unknown: int
    in_flight: int
    waiting: int  # targets that were added and not begun with


class Banners(NamedTuple):
    """How to read what open ports send: "read" waits for it; "http" then sends an HTTP GET and waits again."""

    kind: str = "read"
    timeout_ms: int = 2000  # maximum time of each wait
    max_bytes: int = 512


class Target(NamedTuple):
    """Addresses with ports and a tag of their own."""

    target: str  # an address, a CIDR block or a range
    ports: Optional[Ports] = None  # None: those of the scan
    tag: int = 0  # yours, in the results


class Group:
    """Limits that several scans share. Its scans may belong to different asyncio loops."""

    def __init__(self, in_flight: Optional[int] = None, rate: Optional[float] = None) -> None:
        """The maximum number of connects in flight (default 1,000) and per second (default: no limit)."""
        self._native = _native.Group()
        if in_flight is not None:
            self.set_in_flight(in_flight)
        if rate is not None:
            self.set_rate(rate)

    def set_in_flight(self, connects: int) -> None:
        """May be called at any time; connects in flight stay."""
        self._native.set_in_flight(number("in_flight", connects, *U32))

    def set_rate(self, connects_per_second: float) -> None:
        self._native.set_rate(connects_per_second)


U32 = 0, 2**32 - 1
I32 = -(2**31), 2**31 - 1
U64 = 0, 2**64 - 1


def number(name: str, value: int, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")
    return value


def port_list(name: str, value: Ports) -> str:
    parts = [value] if isinstance(value, (str, int)) else list(value)
    for part in parts:
        if not isinstance(part, (str, int)) or isinstance(part, bool):
            raise TypeError(f"{name} must be a string, a number or several, not {part!r}")
    return ",".join(map(str, parts))
