"""A network namespace of the test's own with listeners, and what five formats say, read into one shape."""
import csv
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SKIPPED = 77
ADDRESSES = [f"127.0.0.{host}" for host in range(1, 9)]
PORTS = "1-2500"
PORT_COUNT = 2500


def enter_namespace():
    """Runs this script again as root of its own network namespace, or skips it where the system allows none."""
    if os.environ.get("RESUME_TEST_INSIDE") == "1":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            print(f"skipped: {program} is not installed")
            sys.exit(SKIPPED)
    if subprocess.run(["unshare", "-Urnm", "true"], capture_output=True).returncode != 0:
        print("skipped: no user and network namespaces here")
        sys.exit(SKIPPED)
    os.environ["RESUME_TEST_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-Urnm", sys.executable] + sys.argv)


def listen():
    """Listeners on a dozen ports of each address. Answers them, to be kept, and the endpoints."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held, endpoints = [], set()
    for number, address in enumerate(ADDRESSES):
        for port in range(22 + number, PORT_COUNT, 211):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(512)
            held.append(listener)
            endpoints.add((address, port))
    return held, endpoints


def once(pairs):
    """A dictionary of the pairs; each key must come once."""
    result = {}
    for key, value in pairs:
        assert key not in result, f"{key} comes twice"
        result[key] = value
    return result


def read_json(text):
    assert text == "" or text.endswith("\n"), "the last line is cut"
    lines = [json.loads(line) for line in text.splitlines()]
    return once(((line["address"], line["port"]), line["state"]) for line in lines)


def read_csv(text):
    rows = csv.DictReader(text.split("\r\n")[:-1])
    return once(((row["address"], int(row["port"])), row["state"]) for row in rows)


def read_list(text):
    return once(((line.split(":")[0], int(line.split(":")[1])), "open") for line in text.splitlines())


def ranges(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def read_xml(text):
    pairs = []
    for host in ElementTree.fromstring(text).iter("host"):
        address = host.find("address").get("addr")
        pairs += [((address, int(port.get("portid"))), port.find("state").get("state")) for port in host.iter("port")]
        for extra in host.iter("extraports"):
            for reason in extra.iter("extrareasons"):
                pairs += [((address, port), extra.get("state")) for port in ranges(reason.get("ports"))]
    assert ElementTree.fromstring(text).find("runstats") is not None
    return once(pairs)


def read_grepable(text):
    """Open ports, and ("address", state) -> how many are only counted."""
    pairs = []
    for line in text.splitlines():
        if "\tPorts: " in line or "Ignored State" in line:
            address = line.split()[1]
            for port in re.findall(r"(\d+)/open/tcp", line):
                pairs.append(((address, int(port)), "open"))
            for state, count in re.findall(r"Ignored State: (\w+) \((\d+)\)", line):
                pairs.append(((address, state), int(count)))
    return once(pairs)
