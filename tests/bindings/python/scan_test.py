"""The package as a program uses it, with asyncio's own loop or, with --uvloop, with that of uvloop; in debug mode, with
warnings as errors."""
import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import unittest
import warnings

import portloop
from portloop import _native

# Far too many probes to wait for: these scans are always left.
ENDLESS = "127.0.0.0/9", "61001-65535"

if "--uvloop" in sys.argv:
    sys.argv.remove("--uvloop")
    import uvloop
    new_event_loop = uvloop.new_event_loop
else:
    new_event_loop = asyncio.new_event_loop


def run(function):
    """Runs a coroutine function as a test, on a loop of its own. What the loop's handler is given fails the test."""
    def test(self):
        reported = []
        loop = new_event_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60  # of no concern here: the machine may be busy
        loop.set_exception_handler(lambda _loop, context: reported.append(context))
        before = descriptors()
        try:
            loop.run_until_complete(function(self))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
        gc.collect()
        self.assertEqual(reported, [])
        self.assertLessEqual(descriptors(), before)
    return test


def descriptors():
    return {(name, os.readlink(f"/proc/self/fd/{name}")) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


@contextlib.contextmanager
def listener(greeting):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def greet():
            connection = listening.accept()[0]
            connection.sendall(greeting)
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


class Results(unittest.TestCase):
    @run
    async def test_each_port_has_one_result_and_the_loop_runs_meanwhile(self):
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        with listener(b"220 \xffhello\r\n") as port:
            results = [result async for result in portloop.scan(["127.0.0.1"], [port, "61001-61500"], banners=True)]
        ticking.cancel()
        self.assertEqual(sorted(result.port for result in results), sorted([port, *range(61001, 61501)]))
        self.assertGreater(ticks, 0)
        found = next(result for result in results if result.port == port)
        self.assertEqual(found[:5] + found[7:], ("127.0.0.1", port, "open", "syn-ack", "", None, b"220 \xffhello\r\n"))
        self.assertGreater(found.rtt_us, 0)
        self.assertGreaterEqual(found.attempts, 1)
        closed = next(result for result in results if result.port == 61001)
        self.assertEqual((closed.state, closed.reason, closed.banner), ("closed", "conn-refused", None))

    @run
    async def test_every_option_is_accepted(self):
        scan = portloop.scan("127.0.0.1-4", "61001-61010", exclude="127.0.0.2", exclude_ports=[61001, "61002"], in_flight=10, rate=1e6, timeout_ms=500,
                             adaptive=False, stop_after=3, retries=0, order="sequential", seed=2**64 - 1, shard=(1, 2), loops=1, connector="portable",
                             banners=portloop.Banners("http", 100, 10))
        results = [result async for result in scan]
        self.assertEqual(len(results), 12)
        self.assertTrue(all(result.port > 61002 and result.address != "127.0.0.2" for result in results))

    @run
    async def test_two_scans_at_once_one_of_them_on_two_threads(self):
        async def count(loops):
            return len([result async for result in portloop.scan(f"127.0.0.{loops}", "61001-62000", loops=loops)])

        self.assertEqual(await asyncio.gather(count(1), count(2)), [1000, 1000])

    @run
    async def test_a_silent_port_is_reported_by_a_timer(self):
        # Bound but not listening, and its only place is taken: further connects stay unanswered.
        with socket.socket() as full, socket.socket() as taken:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            taken.connect(full.getsockname())
            results = [result async for result in portloop.scan("127.0.0.1", full.getsockname()[1], timeout_ms=30, retries=1)]
        self.assertEqual([result.state for result in results], ["filtered"])


class Endings(unittest.TestCase):
    @run
    async def test_a_loop_that_is_left_closes_its_scan(self):
        async for result in portloop.scan(*ENDLESS):
            self.assertEqual(result.state, "closed")
            break
        with self.assertRaises(ZeroDivisionError):
            async for result in portloop.scan(*ENDLESS):
                raise ZeroDivisionError
        # At once, not only when the asyncio loop is closed.
        while asyncio.get_running_loop() in portloop._driver._drivers and portloop._driver._drivers[asyncio.get_running_loop()]() is not None:
            await asyncio.sleep(0)

    @run
    async def test_async_with_closes_the_scan(self):
        async with portloop.scan(*ENDLESS) as scan:
            await scan.__anext__()
            self.assertEqual(scan.stats().probes, 2**23 * 4535)
        self.assertIsNone(scan.stats())
        self.assertEqual([result async for result in scan], [])
        await scan.aclose()

    @run
    async def test_stop_ends_the_iteration_after_what_is_known_also_before_the_start(self):
        scan = portloop.scan(*ENDLESS)
        count = 0
        async for result in scan:
            count += 1
            if count == 100:
                scan.stop()
        self.assertGreaterEqual(count, 100)
        never = portloop.scan(*ENDLESS)
        never.stop()
        self.assertEqual([result async for result in never], [])

    @run
    async def test_a_cancelled_wait_loses_no_result(self):
        found = []
        scan = portloop.scan("127.0.0.1", "61001-61300", in_flight=20)
        while len(found) < 300:
            waiting = asyncio.ensure_future(scan.__anext__())
            await asyncio.sleep(0)
            waiting.cancel()
            try:
                found.append(await waiting)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
        self.assertEqual(sorted(result.port for result in found), list(range(61001, 61301)))
        with self.assertRaises(StopAsyncIteration):
            await scan.__anext__()

    @run
    async def test_a_cancelled_task_ends_its_scan(self):
        started = asyncio.Event()

        async def consume():
            async with portloop.scan(*ENDLESS) as scan:
                async for result in scan:
                    started.set()

        task = asyncio.ensure_future(consume())
        await started.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    @run
    async def test_a_scan_whose_results_nobody_takes_pauses(self):
        async with portloop.scan(*ENDLESS, in_flight=50) as scan:
            while scan.stats().closed < 4096 or scan.stats().in_flight > 0:
                await asyncio.sleep(0)
            count = scan.stats().closed
            self.assertLess(count, 4096 + 1024)
            for _ in range(50):
                await asyncio.sleep(0)
            self.assertEqual(scan.stats().closed, count)
            for _ in range(count + 1):  # it goes on once they have been taken
                await scan.__anext__()

    @run
    async def test_only_one_task_may_wait(self):
        scan = portloop.scan(*ENDLESS)
        first, second = (asyncio.ensure_future(scan.__anext__()) for _ in range(2))
        await asyncio.wait([first, second])
        self.assertEqual(first.result().state, "closed")
        with self.assertRaisesRegex(RuntimeError, "another task waits for a result of this scan"):
            second.result()
        await scan.aclose()

    @run
    async def test_a_scan_belongs_to_its_thread(self):
        async with portloop.scan(*ENDLESS) as scan:
            with self.assertRaisesRegex(RuntimeError, "thread"):
                await asyncio.get_running_loop().run_in_executor(None, scan.stats)

    def test_a_loop_that_is_closed_first_is_reported(self):
        before = descriptors()
        loop = new_event_loop()
        scan = portloop.scan(*ENDLESS)
        loop.run_until_complete(scan.__anext__())
        loop.close()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del scan
            gc.collect()
        self.assertEqual([(entry.category, "still running" in str(entry.message)) for entry in caught], [(ResourceWarning, True)])
        caught.clear()  # the warning refers to the scan
        del loop
        gc.collect()
        self.assertLessEqual(descriptors(), before)

    def test_a_child_process_leaves_the_scan_alone(self):
        """asyncio's own loop does not survive a child that closes it, so that this is tested without."""
        loop = _native.Loop()
        scan = _native.Scan(loop)
        options = _native.Options()
        options.set("targets", "127.0.0.1-20")
        options.set("ports", "61001-61100")
        options.set("in_flight", 100)
        scan.start(options)
        rows = []
        while len(rows) < 50:
            loop.turn()
            rows += scan.take()
        child = os.fork()
        if child == 0:
            with self.assertRaisesRegex(RuntimeError, "parent"):
                loop.turn()
            del scan, loop  # what the end of a program does with them
            gc.collect()
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        while not scan.closed:
            loop.turn()
        rows += scan.take()
        self.assertEqual(len({row[:2] for row in rows}), 2000)


class Refusals(unittest.TestCase):
    def test_wrong_types_and_values_are_named(self):
        for arguments, options, error, words in (
                (("no such host",), {}, ValueError, "'no such host'"), (("127.0.0.1", "70000"), {}, ValueError, "'70000'"),
                (("127.0.0.1", 70000), {}, ValueError, "'70000'"), (("127.0.0.1",), {"timeout_ms": 0}, ValueError, "not 0"),
                (("127.0.0.1",), {"timeout_ms": -5}, ValueError, "timeout_ms must be from 0 to 4294967295, not -5"),
                (("127.0.0.1",), {"timeout_ms": 1.5}, TypeError, "timeout_ms must be a whole number, not 1.5"),
                (("127.0.0.1",), {"retries": 14}, ValueError, "retries is 0-13"), (("127.0.0.1",), {"rate": float("nan")}, ValueError, "rate"),
                (("127.0.0.1",), {"rate": "fast"}, TypeError, "real number"), (([1],), {}, TypeError, "targets must be a string or several, not 1"),
                (("127.0.0.1", [True]), {}, TypeError, "ports must be"), (("127.0.0.1", "80\0"), {}, ValueError, "null"),
                (("127.0.0.1",), {"order": "up"}, ValueError, "order must be 'random' or 'sequential', not 'up'"),
                (("127.0.0.1",), {"banners": "loud"}, ValueError, "banners must be 'none' or 'read' or 'http', not 'loud'"),
                (("127.0.0.1",), {"shard": (3, 2)}, ValueError, "3"), (("127.0.0.1",), {"timeout": 5}, TypeError, "'timeout'"),
                (("127.0.0.1",), {"exclude": "x"}, ValueError, "'x'")):
            with self.subTest(words), self.assertRaises(error) as raised:
                portloop.scan(*arguments, **options)
            self.assertIn(words, str(raised.exception))

    @run
    async def test_nothing_to_scan(self):
        scan = portloop.scan([])
        with self.assertRaisesRegex(ValueError, "no address"):
            await scan.__anext__()

    def test_without_a_running_loop(self):
        step = portloop.scan("127.0.0.1").__anext__()
        with self.assertRaisesRegex(RuntimeError, "no running event loop"):
            step.send(None)


def setUpModule():
    """libuv has a pipe for signals, which the first loop of a process opens."""
    loop = new_event_loop()
    loop.run_until_complete(portloop.scan("127.0.0.1", "61001").__anext__())
    loop.close()
    gc.collect()


if __name__ == "__main__":
    unittest.main()
