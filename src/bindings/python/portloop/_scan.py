"""A scan as an asynchronous iterator of results."""
import asyncio
import collections
import warnings
import weakref
from types import TracebackType
from typing import Any, AsyncIterable, AsyncIterator, Callable, Deque, Optional, Tuple, Type, Union

from . import _native
from ._driver import Driver, driver_of
from ._feed import Addition, checked, feed
from ._options import NUMBERS, Targets, Words, choice, set_banners, set_group, set_ports, set_targets, words
from ._types import U32, Banners, Connection, Group, HostEvent, Ports, Result, Stats, Target, number

# A scan pauses while this many results, or results with a connection, wait for the program.
_MAX_WAITING_RESULTS = 4096
_MAX_WAITING_CONNECTIONS = 64


class _Calls:
    """What a scan needs besides the options of the library."""

    def __init__(self, additions: Optional[AsyncIterable[Addition]], on_host: Optional[Callable[[HostEvent], object]],
                 on_progress: Optional[Callable[[Stats], object]], progress_interval: float) -> None:
        self.additions = additions
        self.on_host = on_host
        self.on_progress = on_progress
        self.progress_ms = 0 if on_progress is None else number("progress_interval", round(progress_interval * 1000), 1, U32[1])


class Scan(AsyncIterator[Result]):
    """One scan. It starts when the first result is asked for, when a target is added, or on entering `async with`.

    It ends when all results have been taken, when it is closed, or when nothing refers to it any more, as after
    `break`. Use it on one asyncio loop, on that loop's thread. Cancelling the wait for a result loses no result.
    """

    def __init__(self, options: _native.Options, calls: _Calls) -> None:
        self._options = options
        self._calls = calls
        self._running: Optional[Tuple[Driver, _native.Scan]] = None  # set by the start, and kept
        self._feeder: "Optional[asyncio.Task[None]]" = None
        self._found: Deque[Result] = collections.deque()
        self._connections = 0  # among them
        self._waiter: "Optional[asyncio.Future[None]]" = None
        self._closed_waiters: "list[asyncio.Future[None]]" = []
        self._is_full = False  # too much waits for the program
        self._is_held = False  # pause() was called
        self._failure: Optional[Exception] = None
        self._is_over = False  # no further result is to come, and nothing is left to report

    def __aiter__(self) -> "Scan":
        return self

    async def __anext__(self) -> Result:
        while not self._found:
            if self._is_over:
                raise StopAsyncIteration
            driver, native = self._start()
            if native.done:
                await self._end_feeder()
                self._is_over = True
                if self._failure is not None:
                    raise self._failure
                native.check()
                raise StopAsyncIteration
            await self._wait(driver)
        result = self._found.popleft()
        self._connections -= result.connection is not None
        if self._is_full and not self._found:
            self._is_full = False
            self._pause_or_resume()
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
        await self._end_feeder()
        while not native.closed:
            waiter = driver.loop.create_future()
            self._closed_waiters.append(waiter)
            driver.hurry()
            await waiter

    def pause(self) -> None:
        """Starts no connect until resume() is called; what is in flight ends."""
        self._is_held = True
        self._pause_or_resume()

    def resume(self) -> None:
        self._is_held = False
        self._pause_or_resume()

    def set_in_flight(self, connects: int) -> None:
        """Changes the maximum while the scan runs; connects in flight stay."""
        self._change(lambda native: native.set_in_flight(number("in_flight", connects, *U32)))

    def set_rate(self, connects_per_second: float) -> None:
        self._change(lambda native: native.set_rate(connects_per_second))

    def add(self, target: Union[str, Target]) -> None:
        """Adds addresses while the scan runs, if it was created with `open_input`. Starts it, if it has not started.

        Raises ValueError for what is refused, and PortloopError with the code "ESHUTDOWN" if the input is not open.
        """
        addition = checked(target)
        if self._is_over and self._running is None:
            raise _native.PortloopError("the scan was stopped before it started", "ESHUTDOWN")
        driver, native = self._start()
        native.add(*addition)
        driver.hurry()

    def finish(self) -> None:
        """Nothing more will be added: the iteration ends when all that was added has its results."""
        driver, native = self._start()
        native.finish()
        driver.hurry()

    def stats(self) -> Optional[Stats]:
        """Returns None before the scan has started and after it has ended."""
        counts = None if self._running is None else self._start()[1].stats()
        return None if counts is None else Stats._make(counts)

    def _start(self) -> Tuple[Driver, _native.Scan]:
        """Starts the scan if it has not started. Checks that this is its thread."""
        if self._running is None:
            driver = driver_of(asyncio.get_running_loop())
            calls = self._calls
            native = driver.add(self, self._options, calls.on_host is not None, calls.progress_ms)
            self._running = driver, native
            if self._is_held:
                native.pause()
            if calls.additions is not None:
                fail = weakref.WeakMethod(self._fail)
                self._feeder = driver.loop.create_task(feed(calls.additions, driver, native, fail))
        if not self._running[0].is_own_thread():
            raise RuntimeError("a scan belongs to the thread of its asyncio loop")
        return self._running

    def _change(self, change: Callable[[_native.Scan], None]) -> None:
        if self._running is not None:
            driver, native = self._start()
            change(native)
            driver.hurry()

    def _pause_or_resume(self) -> None:
        pauses = self._is_full or self._is_held
        self._change(lambda native: native.pause() if pauses else native.resume())

    def _fail(self, error: Exception) -> None:
        """What was known by then is still yielded, and then the error raised."""
        self._failure = error
        self.stop()

    async def _end_feeder(self) -> None:
        feeder, self._feeder = self._feeder, None
        if feeder is not None:
            feeder.cancel()
            await asyncio.wait([feeder])

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
        driver, native = self._start()
        for row in native.take():
            self._take_over(driver, native, row)
        on_progress, counts = self._calls.on_progress, self.stats()
        if native.take_progress() and on_progress is not None and counts is not None and not self._is_over:
            driver.loop.call_soon(on_progress, counts)
        is_full = len(self._found) >= _MAX_WAITING_RESULTS or self._connections >= _MAX_WAITING_CONNECTIONS
        if is_full and not self._is_full:
            self._is_full = True
            native.pause()
        if self._found or native.done:
            self._wake()
        if native.closed:
            for waiter in self._closed_waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._closed_waiters.clear()

    def _take_over(self, driver: Driver, native: _native.Scan, row: "Tuple[Any, ...]") -> None:
        if len(row) == len(HostEvent._fields):
            on_host = self._calls.on_host
            if on_host is not None and not self._is_over:
                driver.loop.call_soon(on_host, HostEvent._make(row))
            return
        connection = None if row[-1] < 0 else Connection(row[-1], native)
        if not self._is_over:
            self._found.append(Result._make((*row[:-1], connection)))
            self._connections += connection is not None

    def __del__(self) -> None:
        if self._running is None:
            return
        driver, native = self._running
        if self._feeder is not None:
            driver.cancel(self._feeder)
        if native.closed:
            return
        if driver.loop.is_closed():
            warnings.warn(f"{self!r} was still running when its asyncio loop was closed", ResourceWarning, source=self)
        driver.drop(native)


def scan(
    targets: Targets,
    ports: Ports = "common",
    *,
    exclude: Words = (),
    exclude_ports: Ports = (),
    in_flight: Optional[int] = None,
    rate: Optional[float] = None,
    timeout_ms: Optional[int] = None,
    adaptive: bool = True,
    stop_after: Optional[int] = None,
    all_open: str = "ignore",
    retries: Optional[int] = None,
    order: str = "random",
    seed: int = 0,
    shard: Tuple[int, int] = (1, 1),
    loops: int = 1,
    threaded: bool = False,
    connector: str = "fastest",
    banners: Union[bool, str, Banners] = False,
    source: Words = (),
    interface: Optional[str] = None,
    dscp: Optional[int] = None,
    mark: Optional[int] = None,
    keep_connections: bool = False,
    group: Optional[Group] = None,
    open_input: bool = False,
    on_host: Optional[Callable[[HostEvent], object]] = None,
    on_progress: Optional[Callable[[Stats], object]] = None,
    progress_interval: float = 1.0,
) -> Scan:
    """Returns a scan of each port of each target.

    `targets` are numeric addresses, CIDR blocks and ranges, or Targets with ports and a tag of their own; resolve names
    yourself, for example with loop.getaddrinfo(). They may be an asynchronous iterable, whose targets are scanned while
    more come; what it raises is raised by the iteration. `open_input` leaves the input open for Scan.add() until
    Scan.finish(). `ports` are as in "22,80,8000-8100", "http*", "all" or "common".

    `all_open` finds hosts that accept connections on every port, by probing a few random ports of each host with an open
    one: "report" makes it a HostEvent; "skip" also leaves out the rest of such a host.

    `keep_connections` keeps the connections to open ports, so that they can be taken over. `source` is an address of
    this machine, or one for each family. `on_host` is called with each HostEvent, and `on_progress` with the Stats,
    every `progress_interval` seconds, both on the asyncio loop. With `threaded` or more than one of `loops`, all but
    that runs on threads. An option that is None or left out has the default of portloop's C library, which portloop.h
    describes. Set `rate` if the latency of your loop matters.

    Raises TypeError or ValueError, with a message that quotes the word at fault. Iterating raises PortloopError if the
    scan can't be started or finished.
    """
    options = _native.Options()
    additions = set_targets(options, targets)
    if additions is not None and open_input:
        raise ValueError("open_input is for Scan.add(): targets that come while the scan runs finish the input themselves")
    for name, value in (("exclude", exclude), ("source", source)):
        for word in words(name, value):
            options.set(name, word)
    set_ports(options, ports, exclude_ports)
    numbers = {"in_flight": in_flight, "timeout_ms": timeout_ms, "stop_after": stop_after, "retries": retries, "seed": seed,
               "loops": loops, "dscp": dscp, "mark": mark}
    for name, amount in numbers.items():
        if amount is not None:
            options.set(name, number(name, amount, *NUMBERS[name]))
    if rate is not None:
        options.set("rate", rate)
    if interface is not None:
        options.set("interface", interface)
    flags = {"adaptive": adaptive, "threaded": threaded, "keep_connections": keep_connections,
             "open_input": open_input or additions is not None}
    for name, flag in flags.items():
        options.set(name, int(flag))
    options.set("all_open", choice("all_open", all_open, ("ignore", "report", "skip")))
    options.set("order", choice("order", order, ("random", "sequential")))
    options.set("connector", choice("connector", connector, ("fastest", "portable")))
    options.set("shard", *(number("shard", part, *U32) for part in shard))
    set_banners(options, banners)
    set_group(options, group)
    return Scan(options, _Calls(additions, on_host, on_progress, progress_interval))
