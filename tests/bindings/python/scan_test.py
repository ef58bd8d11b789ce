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
        self.assertEqual(found[:5] + found[7:], ("127.0.0.1", port, "open", "syn-ack", "", None, b"220 \xffhello\r\n", 0, None))
        self.assertGreater(found.rtt_us, 0)
        self.assertGreaterEqual(found.attempts, 1)
        closed = next(result for result in results if result.port == 61001)
        self.assertEqual((closed.state, closed.reason, closed.banner), ("closed", "conn-refused", None))

    @run
    async def test_every_option_is_accepted(self):
        scan = portloop.scan("127.0.0.1-4", "61001-61010", exclude="127.0.0.2", exclude_ports=[61001, "61002"], in_flight=10, rate=1e6, timeout_ms=500,
                             adaptive=False, stop_after=3, all_open="report", retries=0, order="sequential", seed=2**64 - 1, shard=(1, 2), loops=1, connector="portable",
                             banners=portloop.Banners("http", 100, 10), threaded=False, source=["127.0.0.1", "::1"], interface="lo", dscp=46, mark=0,
                             keep_connections=True, group=portloop.Group(100, 1e6), on_host=print, on_progress=print, progress_interval=60)
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
        scan.start(options, False, 0)
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


async def each(*targets):
    for target in targets:
        await asyncio.sleep(0)
        yield target


class Input(unittest.TestCase):
    @run
    async def test_targets_of_an_asynchronous_generator_have_ports_and_tags_of_their_own(self):
        found = [(result.address, result.port, result.tag) async for result in portloop.scan(
            each("127.0.0.1", portloop.Target("127.0.0.2", [61001, "61003"], 2**64 - 1), portloop.Target("127.0.0.1", tag=5)), "61001-61002")]
        self.assertEqual(sorted(found), [("127.0.0.1", 61001, 0), ("127.0.0.1", 61001, 5), ("127.0.0.1", 61002, 0), ("127.0.0.1", 61002, 5),
                                         ("127.0.0.2", 61001, 2**64 - 1), ("127.0.0.2", 61003, 2**64 - 1)])

    @run
    async def test_a_list_of_targets(self):
        found = [(result.address, result.port, result.tag) async for result in portloop.scan(
            ["127.0.0.3", portloop.Target("127.0.0.4", 61009, 7)], 61001)]
        self.assertEqual(sorted(found), [("127.0.0.3", 61001, 0), ("127.0.0.4", 61009, 7)])

    @run
    async def test_results_come_while_targets_are_still_to_come_and_an_endless_input_waits(self):
        asked = 0

        async def endless():
            nonlocal asked
            while True:
                asked += 1
                yield f"127.{asked >> 16 & 255}.{asked >> 8 & 255}.{asked & 255}"

        count = 0
        async with portloop.scan(endless(), 61001, in_flight=10) as scan:
            async for _ in scan:
                count += 1
                if count == 3000:
                    break
            self.assertLess(scan.stats().waiting, 1100)
        self.assertLess(asked, count + 8000)  # what waits for the program, the scan, and its parts

    @run
    async def test_an_error_of_the_input_is_raised_after_what_is_known(self):
        async def broken():
            yield "127.0.0.1"
            while not found:
                await asyncio.sleep(0)
            raise ZeroDivisionError

        for targets, error, words in ((broken, ZeroDivisionError, ""), (lambda: each("127.0.0.1", "here"), ValueError, "'here'"),
                                      (lambda: each(5), TypeError, "not 5")):
            found = []
            with self.assertRaisesRegex(error, words):
                async for result in portloop.scan(targets(), 61001):
                    found.append(result)
            self.assertLessEqual(len(found), 1)

    @run
    async def test_a_scan_that_is_left_ends_its_generator(self):
        ended = asyncio.Event()

        async def waits():
            try:
                yield "127.0.0.1"
                await asyncio.Event().wait()
            finally:
                ended.set()

        async with portloop.scan(waits(), 61001) as scan:
            await scan.__anext__()
        self.assertTrue(ended.is_set())
        ended.clear()
        async for _ in portloop.scan(waits(), 61001):
            break
        await ended.wait()
        ended.clear()
        stopped = portloop.scan(waits(), 61001)
        async for _ in stopped:
            stopped.stop()
        self.assertTrue(ended.is_set())

    @run
    async def test_targets_are_added_one_by_one(self):
        scan = portloop.scan((), 61001, open_input=True)
        scan.add("127.0.0.1")
        found = []
        async for result in scan:
            found.append((result.address, result.port, result.tag))
            if len(found) == 1:
                with self.assertRaisesRegex(ValueError, "'here'"):
                    scan.add("here")
                with self.assertRaisesRegex(ValueError, "null"):
                    scan.add("127.0.0.1\0")
                scan.add(portloop.Target("127.0.0.2", "61002-61003", 9))
                scan.finish()
                with self.assertRaisesRegex(portloop.PortloopError, "input of the scan is not open"):
                    scan.add("127.0.0.3")
        self.assertEqual(sorted(found), [("127.0.0.1", 61001, 0), ("127.0.0.2", 61002, 9), ("127.0.0.2", 61003, 9)])
        stopped = portloop.scan((), 61001, open_input=True)
        stopped.stop()
        with self.assertRaisesRegex(portloop.PortloopError, "stopped"):
            stopped.add("127.0.0.1")


class Control(unittest.TestCase):
    @run
    async def test_a_scan_that_is_paused_starts_nothing_and_has_other_limits_then(self):
        async with portloop.scan(*ENDLESS, in_flight=20) as scan:
            await scan.__anext__()
            scan.pause()
            while scan.stats().in_flight > 0:
                await asyncio.sleep(0)
            connects = scan.stats().connects
            for _ in range(50):
                await asyncio.sleep(0)
            self.assertEqual(scan.stats().connects, connects)
            scan.set_in_flight(1)
            scan.set_rate(1e9)
            scan.resume()
            while scan.stats().connects == connects:
                await asyncio.sleep(0)
                self.assertLessEqual(scan.stats().in_flight, 1)
            with self.assertRaisesRegex(ValueError, "in_flight is 1-1000000"):
                scan.set_in_flight(0)
            with self.assertRaisesRegex(ValueError, "rate is"):
                scan.set_rate(-1)
        scan.set_rate(5)  # no effect any more

    @run
    async def test_a_pause_outlives_that_of_a_full_queue(self):
        async with portloop.scan(*ENDLESS, in_flight=50) as scan:
            while scan.stats().closed < 4096:
                await asyncio.sleep(0)
            scan.pause()
            while scan.stats().in_flight > 0:
                await asyncio.sleep(0)
            for _ in range(50):
                await asyncio.sleep(0)
            count = scan.stats().closed
            for _ in range(count):
                await scan.__anext__()
            for _ in range(50):
                await asyncio.sleep(0)
            self.assertEqual(scan.stats().closed, count)
            scan.resume()
            await scan.__anext__()

    @run
    async def test_a_group_holds_for_all_of_its_scans(self):
        group = portloop.Group(in_flight=3)
        async with portloop.scan(*ENDLESS, group=group) as one, portloop.scan(*ENDLESS, group=group) as other:
            for _ in range(200):
                await one.__anext__()
                await other.__anext__()
                self.assertLessEqual(one.stats().in_flight + other.stats().in_flight, 3)
            group.set_in_flight(1)
            group.set_rate(1e6)

    @unittest.skipUnless("ABSENT_HOST" in os.environ, "needs a link without hosts, which run_in_host.py makes")
    @run
    async def test_a_host_that_is_absent_is_an_event(self):
        events = []
        absent = os.environ["ABSENT_HOST"]
        results = [result async for result in portloop.scan(absent, "1-3", on_host=events.append)]
        self.assertEqual([(result.state, result.reason) for result in results], [("filtered", "host-unreach")] * 3)
        self.assertEqual(events, [portloop.HostEvent(absent, "absent")])

    @unittest.skipUnless("TARPIT_HOST" in os.environ, "needs a host that accepts everything, which run_in_host.py makes")
    @run
    async def test_a_host_that_accepts_everything_is_an_event_and_may_be_left_out(self):
        tarpit = os.environ["TARPIT_HOST"]
        for use, count in ("ignore", 20), ("report", 20), ("skip", 1):
            events = []
            results = [result async for result in portloop.scan(tarpit, "101-120", all_open=use, on_host=events.append)]
            self.assertEqual([result.state for result in results], ["open"] * count)
            self.assertEqual(events, [] if use == "ignore" else [portloop.HostEvent(tarpit, "all-open")])

    @run
    async def test_progress_comes_while_a_scan_waits(self):
        came = asyncio.Event()
        seen = []

        def note(stats):
            seen.append(stats)
            came.set()

        async with portloop.scan((), 1, open_input=True, on_progress=note, progress_interval=0.001, threaded=True) as scan:
            await came.wait()
            self.assertEqual(seen[0][:2], (0, 0))
            self.assertIsInstance(seen[0], portloop.Stats)
            scan.finish()

    @run
    async def test_an_error_of_a_callback_is_the_loops_and_the_scan_goes_on(self):
        loop = asyncio.get_running_loop()
        reported = loop.create_future()
        before = loop.get_exception_handler() if hasattr(loop, "get_exception_handler") else None
        loop.set_exception_handler(lambda _loop, context: reported.done() or reported.set_result(context["exception"]))
        async with portloop.scan((), 61001, open_input=True, on_progress=lambda stats: 1 // 0, progress_interval=0.001) as scan:
            self.assertIsInstance(await reported, ZeroDivisionError)
            scan.add("127.0.0.1")
            await scan.__anext__()
        loop.set_exception_handler(before)


class Connections(unittest.TestCase):
    @run
    async def test_a_connection_is_taken_over(self):
        for options in {}, {"loops": 2}, {"connector": "portable"}:
            with socket.create_server(("127.0.0.1", 0)) as listening:
                port = listening.getsockname()[1]
                found = [result async for result in portloop.scan("127.0.0.1", [port, 61001], keep_connections=True, **options)]
                connection = next(result.connection for result in found if result.port == port)
                self.assertIsNone(next(result.connection for result in found if result.port == 61001))
                taken = connection.take()
                self.assertEqual((taken.getpeername(), taken.gettimeout()), (("127.0.0.1", port), 0.0))
                with self.assertRaisesRegex(RuntimeError, "taken over"):
                    connection.take()
                peer, address = listening.accept()
                while address != taken.getsockname():  # a port may be asked more than once
                    peer.close()
                    peer, address = listening.accept()
                reader, writer = await asyncio.open_connection(sock=taken)
                with peer:
                    peer.sendall(b"220 hello\r\n")
                self.assertEqual(await reader.readline(), b"220 hello\r\n")
                writer.close()
                await writer.wait_closed()

    @run
    async def test_a_connection_that_nobody_takes_is_reset(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            for leave in "drop", "close", "scan":
                scan = portloop.scan("127.0.0.1", port, keep_connections=True)
                if leave == "scan":  # with a result that was not asked for
                    async with scan:
                        while scan.stats() is not None and scan.stats().open == 0:
                            await asyncio.sleep(0)
                else:
                    result = await scan.__anext__()
                    if leave == "close":
                        result.connection.close()
                        result.connection.close()
                        with self.assertRaisesRegex(RuntimeError, "closed"):
                            result.connection.take()
                    del result
                with listening.accept()[0] as peer, self.assertRaises(ConnectionResetError):
                    peer.recv(1)

    @run
    async def test_a_scan_pauses_while_connections_wait(self):
        with socket.create_server(("0.0.0.0", 0), backlog=1000) as everywhere:
            scan = portloop.scan("127.0.0.1-254", everywhere.getsockname()[1], keep_connections=True, in_flight=10)
            first = await scan.__anext__()
            for _ in range(500):
                await asyncio.sleep(0)
            self.assertLess(scan.stats().open, 64 + 1 + 20)
            count = 1
            async for _ in scan:
                count += 1
            self.assertEqual(count, 254)
            first.connection.take().close()


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
                (("127.0.0.1",), {"exclude": "x"}, ValueError, "'x'"), (("127.0.0.1",), {"source": "here"}, ValueError, "'here'"),
                (("127.0.0.1",), {"dscp": 64}, ValueError, "DSCP is 0-63, or -1 for none, not 64"),
                (("127.0.0.1",), {"all_open": "scan"}, ValueError, "all_open must be 'ignore' or 'report' or 'skip', not 'scan'"),
                (("127.0.0.1",), {"mark": -1}, ValueError, "mark must be from 0"), (("127.0.0.1",), {"interface": "x" * 16}, ValueError, "15 bytes"),
                (("127.0.0.1",), {"group": 5}, TypeError, "group must be a portloop.Group, not 5"),
                (("127.0.0.1",), {"on_progress": print, "progress_interval": 0}, ValueError, "progress_interval must be from 1"),
                (([portloop.Target("127.0.0.1"), 5],), {}, TypeError, "targets must be a string or several, not 5"),
                (([portloop.Target("127.0.0.1"), ("127.0.0.2", 80)],), {}, TypeError, "a target must be a string or a portloop.Target, not ('127.0.0.2', 80)"),
                (([portloop.Target("here")],), {}, ValueError, "'here'"), (([portloop.Target("127.0.0.1", "70000")],), {}, ValueError, "'70000'"),
                (([portloop.Target("127.0.0.1", tag=-1)],), {}, ValueError, "tag must be from 0"),
                (([portloop.Target("127.0.0.1")],), {"open_input": True}, ValueError, "open_input is for Scan.add()")):
            with self.subTest(words), self.assertRaises(error) as raised:
                portloop.scan(*arguments, **options)
            self.assertIn(words, str(raised.exception))

    @run
    async def test_what_the_system_refuses_is_named_when_the_scan_starts(self):
        for options, words in (({"interface": "nosuchif0"}, "'nosuchif0'"), ({"source": "192.0.2.77"}, "not an address of this machine")):
            with self.assertRaisesRegex(ValueError, words):
                await portloop.scan("127.0.0.1", 1, **options).__anext__()

    def test_limits_of_a_group(self):
        for arguments, error, words in (((0,), ValueError, "in_flight is"), ((None, -1.0), ValueError, "rate is"), (("9",), TypeError, "in_flight must be")):
            with self.assertRaisesRegex(error, words):
                portloop.Group(*arguments)

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
