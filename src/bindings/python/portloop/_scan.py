"""A scan as an asynchronous iterator of results."""
import asyncio
import collections
import warnings
from types import TracebackType
from typing import AsyncIterator, Deque, Iterable, NamedTuple, Optional, Tuple, Type, Union

from . import _native
from ._driver import Driver, driver_of

_Words = Union[str, Iterable[str]]
_Ports = Union[str, int, Iterable[Union[str, int]]]

# A scan pauses while this many results wait for the program.
_HIGH_WATER_MARK = 4096


class Result(NamedTuple):
    """The result of one port of one address."""

    address: str  # without the port, as in "10.0.0.1" or "fe80::1%2"
    port: int
    state: str  # "open", "closed", "filtered" or "unknown"
    reason: str  # "syn-ack", "conn-refused", "no-response", ...; docs/formats.md lists them
    service: str  # from portloop's built-in list, or ""
    attempts: int  # how many times the port was probed; 0 if its host was lost or absent by then
    rtt_us: int  # from the connect call to the answer, in microseconds; 0 if there was none
    error: Optional[str]  # the system's code, as in "EMFILE", if the reason is "local-error"
    banner: Optional[bytes]  # what the port sent, if banners were asked for and it sent anything


class Stats(NamedTuple):
    """Counts so far."""

    probes: int  # addresses x ports
    connects: int  # including retries
    open: int
    closed: int
    filtered: int
    unknown: int
    in_flight: int


class Banners(NamedTuple):
    """How to read what open ports send: "read" waits for it; "http" then sends an HTTP GET and waits again."""

    kind: str = "read"
    timeout_ms: int = 2000  # maximum time of each wait
    max_bytes: int = 512


class Scan(AsyncIterator[Result]):
    """One scan. It starts when the first result is asked for, or on entering `async with`.

    It ends when all results have been taken, when it is closed, or when nothing refers to it any more, as after
    `break`. Use it on one asyncio loop, on that loop's thread. Cancelling the wait for a result loses no result.
    """

    def __init__(self, options: _native.Options) -> None:
        self._options = options
        self._running: Optional[Tuple[Driver, _native.Scan]] = None  # set by the start, and kept
        self._found: Deque[Result] = collections.deque()
        self._waiter: "Optional[asyncio.Future[None]]" = None
        self._closed_waiters: "list[asyncio.Future[None]]" = []
        self._is_paused = False
        self._is_over = False  # no further result is to come, and nothing is left to report

    def __aiter__(self) -> "Scan":
        return self

    async def __anext__(self) -> Result:
        while not self._found:
            if self._is_over:
                raise StopAsyncIteration
            driver, native = self._start()
            if native.done:
                self._is_over = True
                native.check()
                raise StopAsyncIteration
            await self._wait(driver)
        result = self._found.popleft()
        if self._is_paused and not self._found:
            self._is_paused = False
            driver, native = self._start()
            native.resume()
            driver.hurry()
        return result

    async def __aenter__(self) -> "Scan":
        if not self._is_over:
            self._start()
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        where: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    def stop(self) -> None:
        """Ends the iteration after the results that are known."""
        if self._running is None:
            self._is_over = True
        else:
            driver, native = self._start()
            native.stop()
            driver.hurry()

    async def aclose(self) -> None:
        """Closes the scan and waits until its sockets are closed. What has not been taken is dropped. Idempotent."""
        self._is_over = True
        self._found.clear()
        if self._running is None:
            return
        driver, native = self._start()
        native.close()
        self._wake()
        while not native.closed:
            waiter = driver.loop.create_future()
            self._closed_waiters.append(waiter)
            driver.hurry()
            await waiter

    def stats(self) -> Optional[Stats]:
        """Returns None before the scan has started and after it has ended."""
        counts = None if self._running is None else self._start()[1].stats()
        return None if counts is None else Stats._make(counts)

    def _start(self) -> Tuple[Driver, _native.Scan]:
        """Starts the scan if it has not started. Checks that this is its thread."""
        if self._running is None:
            driver = driver_of(asyncio.get_running_loop())
            self._running = driver, driver.add(self, self._options)
        if not self._running[0].is_own_thread():
            raise RuntimeError("a scan belongs to the thread of its asyncio loop")
        return self._running

    async def _wait(self, driver: Driver) -> None:
        if self._waiter is not None:
            raise RuntimeError("another task waits for a result of this scan")
        self._waiter = driver.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _deliver(self) -> None:
        """Takes over what the last turn has brought. Called by the driver."""
        native = self._start()[1]
        rows = native.take()
        if not self._is_over:
            self._found.extend(map(Result._make, rows))
        if len(self._found) >= _HIGH_WATER_MARK and not self._is_paused:
            self._is_paused = True
            native.pause()
        if self._found or native.done:
            self._wake()
        if native.closed:
            for waiter in self._closed_waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._closed_waiters.clear()

    def __del__(self) -> None:
        if self._running is None or self._running[1].closed:
            return
        driver, native = self._running
        if driver.loop.is_closed():
            warnings.warn(f"{self!r} was still running when its asyncio loop was closed", ResourceWarning, source=self)
        driver.drop(native)


def _words(name: str, value: _Words) -> Iterable[str]:
    words = [value] if isinstance(value, str) else list(value)
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"{name} must be a string or several, not {word!r}")
    return words


def _ports(name: str, value: _Ports) -> str:
    parts = [value] if isinstance(value, (str, int)) else list(value)
    for part in parts:
        if not isinstance(part, (str, int)) or isinstance(part, bool):
            raise TypeError(f"{name} must be a string, a number or several, not {part!r}")
    return ",".join(map(str, parts))


def _number(name: str, value: int, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")
    return value


def _choice(name: str, value: str, choices: Tuple[str, ...]) -> int:
    if value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, not {value!r}")
    return choices.index(value)


_U32 = 0, 2**32 - 1
_I32 = -(2**31), 2**31 - 1


def scan(
    targets: _Words,
    ports: _Ports = "common",
    *,
    exclude: _Words = (),
    exclude_ports: _Ports = (),
    in_flight: Optional[int] = None,
    rate: Optional[float] = None,
    timeout_ms: Optional[int] = None,
    adaptive: bool = True,
    stop_after: Optional[int] = None,
    retries: Optional[int] = None,
    order: str = "random",
    seed: int = 0,
    shard: Tuple[int, int] = (1, 1),
    loops: int = 1,
    connector: str = "fastest",
    banners: Union[bool, str, Banners] = False,
) -> Scan:
    """Returns a scan of each port of each target.

    `targets` are numeric addresses, CIDR blocks and ranges; resolve names yourself, for example with
    loop.getaddrinfo(). `ports` are as in "22,80,8000-8100", "http*", "all" or "common". An option that is None or left
    out has the default of portloop's C library, which portloop.h describes. Set `rate` if the latency of your loop
    matters.

    Raises TypeError or ValueError, with a message that quotes the word at fault. Iterating raises PortloopError if the
    scan can't be started or finished.
    """
    options = _native.Options()
    for word in _words("targets", targets):
        options.set("targets", word)
    for word in _words("exclude", exclude):
        options.set("exclude", word)
    options.set("ports", _ports("ports", ports))
    excluded = _ports("exclude_ports", exclude_ports)
    if excluded:
        options.set("exclude_ports", excluded)
    for name, value, bounds in (
        ("in_flight", in_flight, _U32), ("timeout_ms", timeout_ms, _U32), ("stop_after", stop_after, _U32),
        ("retries", retries, _I32), ("seed", seed, (0, 2**64 - 1)), ("loops", loops, _U32),
    ):
        if value is not None:
            options.set(name, _number(name, value, *bounds))
    if rate is not None:
        options.set("rate", rate)
    options.set("adaptive", int(adaptive))
    options.set("order", _choice("order", order, ("random", "sequential")))
    options.set("connector", _choice("connector", connector, ("fastest", "portable")))
    options.set("shard", *(_number("shard", part, *_U32) for part in shard))
    if banners:
        asked = banners if isinstance(banners, Banners) else Banners(banners if isinstance(banners, str) else "read")
        options.set("banners", _choice("banners", asked.kind, ("none", "read", "http")),
                    _number("banners", asked.timeout_ms, *_U32), _number("banners", asked.max_bytes, *_U32))
    return Scan(options)
