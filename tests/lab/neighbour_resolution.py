#!/usr/bin/env python3
"""On an Ethernet link the command's kernel resolves neighbours: those that exist answer, the others don't.

usage: neighbour_resolution.py PORTLOOP_LAB
"""
import os
import re
import sys
import tempfile

import lab_support as support

LAB = os.path.abspath(sys.argv[1])
LINK = """link ethernet 10.0.0.9/24 fd00::9/64
gateway 10.0.0.1 fd00::1
"""
NETWORK = """prefix 10.0.0.1 10.0.0.5 fd00::1 fd00::5
  rtt 1ms
  open 22 says ssh
prefix 198.18.0.0/16 fd00:40::/64
  rtt 5ms
  open 22 says ssh
"""
BANNER = "SSH-2.0-OpenSSH_9.2p1 portloop-lab\n"
# Connects to each address, one after the other, and prints the error.
CONNECT = """
import errno, socket, sys
for address in sys.argv[1:]:
    try:
        socket.create_connection((address, 22), timeout=20).close()
        print(address, "connected")
    except OSError as error:
        print(address, errno.errorcode.get(error.errno, error))
"""


def in_lab(text, script):
    with tempfile.TemporaryDirectory() as folder:
        return support.run_in_lab(LAB, support.profile_file(folder, text), ["sh", "-c", script])


def hosts_on_the_link_and_behind_the_gateway_answer():
    for host in ["10.0.0.1", "10.0.0.5", "fd00::5", "198.18.7.7", "fd00:40::7"]:
        done, counters = in_lab(LINK + NETWORK, f"nc -N -w 20 {host} 22 < /dev/null; ip neigh")
        resolved = host if host.startswith(("10.0", "fd00::")) else "10.0.0.1" if "." in host else "fd00::1"
        assert done.stdout.startswith(BANNER), (host, done)
        assert re.search(rf"^{resolved} dev lab0 lladdr 02:", done.stdout, re.M), (host, done)
        assert counters["solicitations"] >= 1 and counters["write_failures"] == 0, counters


def an_absent_host_is_reported_by_the_kernel_itself():
    done, counters = in_lab(LINK + NETWORK, f"{sys.executable} -c '{CONNECT}' 10.0.0.77 fd00::77; ip neigh")
    assert "10.0.0.77 EHOSTUNREACH" in done.stdout and "fd00::77 EHOSTUNREACH" in done.stdout, done
    assert re.search(r"^10.0.0.77 dev lab0 +FAILED", done.stdout, re.M), done
    assert counters["syns"] == 0 and counters["solicitations"] >= 6, counters


def what_has_no_gateway_has_no_route():
    done, _ = in_lab("link ethernet 10.0.0.9/24\n" + NETWORK, f"{sys.executable} -c '{CONNECT}' 198.18.0.1 fd00:40::1 fd00::5 10.0.0.5")
    assert done.stdout.splitlines() == ["198.18.0.1 ENETUNREACH", "fd00:40::1 ENETUNREACH", "fd00::5 ENETUNREACH",
                                        "10.0.0.5 connected"], done


def lost_broadcasts_are_repeated_by_the_kernel():
    # With this seed the first question for 10.0.0.5 is lost and the second is not.
    done, counters = in_lab(LINK + "broadcast-loss 50%\n" + NETWORK, "nc -N -w 20 10.0.0.5 22 < /dev/null")
    assert done.stdout == BANNER and counters["dropped"] >= 1 and counters["solicitations"] >= 2, (done, counters)


def main():
    support.need_programs("nc", "ip")
    support.need_lab(LAB)
    for case in [hosts_on_the_link_and_behind_the_gateway_answer, an_absent_host_is_reported_by_the_kernel_itself,
                 what_has_no_gateway_has_no_route, lost_broadcasts_are_repeated_by_the_kernel]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
