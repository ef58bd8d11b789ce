"""Prints the open ports of a host and what they send: python3 open_ports.py HOST PORTS"""
import asyncio
import socket
import sys

import portloop


async def main(host, ports):
    loop = asyncio.get_running_loop()
    address = (await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM))[0][4][0]
    async with portloop.scan(address, ports, banners=True) as scan:
        async for result in scan:
            if result.state == "open":
                print(result.address, result.port, result.service, result.banner)


if len(sys.argv) != 3:
    sys.exit("usage: open_ports.py HOST PORTS")
asyncio.run(main(*sys.argv[1:]))
