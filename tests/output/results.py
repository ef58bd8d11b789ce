"""Results as Python values, and format_results (format_results.cpp) as a function."""

import re
import subprocess
import sys
from dataclasses import dataclass

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ""


@dataclass
class Result:
    address: str = "192.0.2.1"
    port: int = 22
    state: str = "open"
    reason: str = "syn-ack"
    errno: int = 0
    rtt_us: int = 310
    attempts: int = 1
    time_us: int = 1795361211000123
    host: bytes = b""
    service: bytes = b""
    banner: bytes = b""

    def line(self):
        return "\t".join(
            str(field)
            for field in (
                self.address, self.port, self.state, self.reason, self.errno, self.rtt_us, self.attempts,
                self.time_us, self.host.hex(), self.service.hex(), self.banner.hex(),
            )
        )


def formatted(name, results, ports="1-65535", per_host=0, show="open", command=b"portloop scan x", end="end"):
    """The results in format `name`, as bytes; end=None simulates a scan that was killed."""
    lines = [result.line() for result in results] + ([end] if end else [])
    run = subprocess.run(
        [PROGRAM, name, ports, str(per_host), show, command.hex()],
        input="\n".join(lines).encode(), stdout=subprocess.PIPE, timeout=60, check=True,
    )
    return run.stdout


def original(visible):
    """Undoes the escaping that every format shares: \\xNN is one byte."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), visible.encode())
