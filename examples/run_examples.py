#!/usr/bin/env python3
"""Runs the compiled examples and checks their output.

usage: run_examples.py EMBED_MINIMAL EMBED_LOOP WATCH STREAM
"""
import json
import re
import socket
import subprocess
import sys
import urllib.request

EMBED_MINIMAL, EMBED_LOOP, WATCH, STREAM = sys.argv[1:5]
TIMEOUT_SECONDS = 60


def check(holds, *what):
    if not holds:
        sys.exit("wrong: " + " ".join(map(str, what)))


def bound(listening):
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    if listening:
        held.listen()
    return held, held.getsockname()[1]


def minimal():
    listener, open_port = bound(True)
    held, closed_port = bound(False)
    with listener, held:
        done = subprocess.run([EMBED_MINIMAL, "127.0.0.1", f"{open_port},{closed_port}"], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    check(done.returncode == 0, done)
    lines = done.stdout.splitlines()
    check(lines[0].startswith(f"127.0.0.1 {open_port}") and lines[1] == "1 of 2 ports are open", done)


def stream():
    listener, open_port = bound(True)
    held, closed_port = bound(False)
    with listener, held, subprocess.Popen([STREAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        # Far more lines than it keeps: it stops reading, and goes on when fewer wait.
        lines = [f"127.0.0.1 {closed_port}\n"] * 30000
        lines[0] = lines[12345] = lines[-1] = f"127.0.0.1 {open_port}\n"
        lines[777] = "nowhere 80\n"
        out, errors = program.communicate("".join(lines), timeout=TIMEOUT_SECONDS)
    found = sorted(int(line.split(":")[0]) for line in out.splitlines())
    check(found == [1, 12346, 30000], out, errors)
    check(all(line.endswith(f": 127.0.0.1 {open_port}") for line in out.splitlines()), out)
    check(program.returncode == 1 and errors.startswith("stream: line 778: 'nowhere'") and errors.count("\n") == 1, errors)


def refusals():
    for program in (EMBED_MINIMAL, EMBED_LOOP, WATCH):
        for arguments, word in ((["localhost", "80"], "'localhost'"), (["127.0.0.1", "0"], "'0'"), ([], "usage")):
            refused(program, arguments, word, 2)
    refused(EMBED_MINIMAL, ["2001:db8::/32", "all"], "2^63", 2)
    refused(EMBED_LOOP, ["127.0.0.1", "61001", "65536"], "usage", 2)
    for seconds in ("-1", "nan", "soon"):
        refused(WATCH, ["127.0.0.1", "61001", seconds], "usage", 2)
    refused(WATCH, ["2001:db8::/32", "all"], "2^63", 1)
    held, port = bound(True)
    with held:
        refused(EMBED_LOOP, ["127.0.0.1", "61001", str(port)], "address already in use", 1)


def refused(program, arguments, word, status):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    check(done.returncode == status and word in done.stderr, done)
    check(done.stdout == "", done)


def loop_with_a_page():
    # Many addresses, so that the scan is still running when the page is asked for; it is stopped over the page.
    with subprocess.Popen([EMBED_LOOP, "127.0.0.0/10", "61001-62000"], stdout=subprocess.PIPE, text=True) as program:
        try:
            page = re.search(r"http://\S+", program.stdout.readline()).group()
            with urllib.request.urlopen(page, timeout=TIMEOUT_SECONDS) as answer:
                first = json.load(answer)
            check(first["state"] == "running" and first["probes"] == 2**22 * 1000, first)
            while first["answered"] == 0:  # the next page comes when the loop has come to it
                with urllib.request.urlopen(page, timeout=TIMEOUT_SECONDS) as answer:
                    first = json.load(answer)
            with urllib.request.urlopen(urllib.request.Request(page + "stop", method="POST"), timeout=TIMEOUT_SECONDS):
                pass
            while program.stdout.readline() != "the scan is stopped\n":
                check(program.poll() is None, "the program ended")
            # Whoever has connected and asks nothing keeps the program no longer than its last page does.
            idle = socket.create_connection(("127.0.0.1", int(page.split(":")[-1].rstrip("/"))))
            with idle, urllib.request.urlopen(page, timeout=TIMEOUT_SECONDS) as answer:
                last = json.load(answer)
                idle.settimeout(TIMEOUT_SECONDS)
                check(idle.recv(1) == b"", "the idle visitor got something")
            check(last["state"] == "stopped" and last["answered"] >= first["answered"], last)
            summary = program.stdout.read()
            check(program.wait(TIMEOUT_SECONDS) == 0, program.returncode)
            ticks, pages = map(int, re.match(r"(\d+) ticks and (\d+) pages", summary).groups())
            check(ticks > 0 and pages >= 3, summary)
        finally:
            program.kill()


def watch():
    listener, port = bound(True)
    with subprocess.Popen([WATCH, "127.0.0.1", str(port), "0.05", "100"], stdout=subprocess.PIPE, text=True) as program:
        try:
            check(program.stdout.readline().endswith(f"127.0.0.1 {port} open\n"), "first round")
            listener.close()
            check(program.stdout.readline().endswith(f"{port} open -> closed\n"), "after the listener has gone")
            again = socket.socket()
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))
            with again:
                again.listen()
                check(program.stdout.readline().endswith(f"{port} closed -> open\n"), "after it has come back")
        finally:
            program.kill()
    done = subprocess.run([WATCH, "127.0.0.1", str(port), "0", "3"], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    check(done.returncode == 0, done)


minimal()
stream()
refusals()
loop_with_a_page()
watch()
