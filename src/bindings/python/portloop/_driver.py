"""Drives portloop's libuv loop from an asyncio loop, of any kind that has add_reader(): no thread is used."""
import asyncio
import threading
import weakref
from typing import TYPE_CHECKING, Optional

from . import _native

if TYPE_CHECKING:
    from ._scan import Scan

# One for each asyncio loop, shared by its scans, as they share the budget of a turn.
_drivers: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Driver]]" = weakref.WeakKeyDictionary()


class Driver:
    """A libuv loop whose turns are callbacks of an asyncio loop.

    Kept alive by its scans and by its callbacks on the asyncio loop. If the asyncio loop is closed first, the libuv
    loop ends with the last reference to this object.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.native = _native.Loop()
        self._thread = threading.get_ident()
        self._scans: "weakref.WeakSet[Scan]" = weakref.WeakSet()
        self._open: "list[_native.Scan]" = []
        self._next: Optional[asyncio.Handle] = None
        self._is_watching = False

    def add(self, scan: "Scan", options: _native.Options, hosts: bool, progress_ms: int) -> _native.Scan:
        """Starts a scan."""
        native = _native.Scan(self.native)
        self._open.append(native)
        self.hurry()
        try:
            native.start(options, hosts, progress_ms)
        except BaseException:
            native.close()
            raise
        self._scans.add(scan)
        return native

    def is_own_thread(self) -> bool:
        return threading.get_ident() == self._thread

    def hurry(self) -> None:
        """Takes a turn soon. Call it after what gives the libuv loop something to do."""
        if self.loop.is_closed():
            return
        if not self._is_watching:
            self._is_watching = True
            self.loop.add_reader(self.native.fileno(), self._turn)
        self._plan(0)

    def drop(self, native: _native.Scan) -> None:
        """Closes a scan that nobody refers to any more, on any thread."""
        if self.loop.is_closed():
            native.close()
        elif self.is_own_thread():
            native.close()
            self.hurry()
        else:
            self.loop.call_soon_threadsafe(self.drop, native)

    def cancel(self, task: "asyncio.Task[None]") -> None:
        """Cancels a task of the asyncio loop, on any thread."""
        if self.loop.is_closed():
            return
        if self.is_own_thread():
            task.cancel()
        else:
            self.loop.call_soon_threadsafe(task.cancel)

    def _plan(self, timeout_ms: int) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if timeout_ms == 0:
            self._next = self.loop.call_soon(self._turn)
        elif timeout_ms > 0:
            self._next = self.loop.call_later(timeout_ms / 1000, self._turn)

    def _turn(self) -> None:
        timeout_ms = self.native.turn()
        for scan in tuple(self._scans):
            scan._deliver()
        self._open = [native for native in self._open if not native.closed]
        if self._open:
            self._plan(timeout_ms)
        else:
            self._plan(-1)
            self._is_watching = False
            self.loop.remove_reader(self.native.fileno())


def driver_of(loop: asyncio.AbstractEventLoop) -> Driver:
    existing = _drivers.get(loop)
    driver = existing() if existing is not None else None
    if driver is None:
        driver = Driver(loop)
        _drivers[loop] = weakref.ref(driver)
    return driver
