"""Finds out which TCP ports answer, without root, on your own asyncio loop.

    async for result in portloop.scan("192.0.2.0/28", "22,80,443"):
        if result.state == "open":
            print(result.address, result.port)

Scan only hosts and networks that you are permitted to scan.
"""
from ._native import PortloopError, version as __version__
from ._scan import Scan, scan
from ._types import Banners, Connection, Group, HostEvent, Result, Stats, Target

__all__ = ["Banners", "Connection", "Group", "HostEvent", "PortloopError", "Result", "Scan", "Stats", "Target", "scan"]
