"""One event loop: a task for each port, and a semaphore that limits the connects in flight."""

import asyncio
import errno
import time

from guest import main


async def connect(endpoint, timeout, limit):
    async with limit:
        started, code = time.perf_counter_ns(), 0
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(*endpoint), timeout)
            writer.close()
        except asyncio.TimeoutError:
            code = errno.ETIMEDOUT
        except OSError as error:
            code = error.errno
        return code, started, time.perf_counter_ns()


async def scan_all(endpoints, timeout, in_flight):
    limit = asyncio.Semaphore(in_flight)
    return await asyncio.gather(*(connect(endpoint, timeout, limit) for endpoint in endpoints))


def scan(endpoints, timeout, in_flight):
    return asyncio.run(scan_all(endpoints, timeout, in_flight)), 1


main(scan)
