#!/usr/bin/env python3
"""curl, nc and nmap agree with --truth on the profiles without loss, and no checksum is wrong.

usage: real_clients.py PORTLOOP_LAB
"""
import os
import re
import sys

import lab_support as support

LAB = os.path.abspath(sys.argv[1])
HOSTS = {"lan": ("10.0.0.1", "fd00::1"), "wan": ("198.18.0.1", "fd00:40::1"), "filtered": ("198.18.0.1", "fd00:20::1")}
CHECKSUM_COUNTERS = re.compile(r"^(Tcp|Icmp|Ip): (?=.*[A-Za-z])(.*)\n\1: (.*)$", re.M)


def kernel_errors(snmp, snmp6):
    """What the command's kernel has refused: {counter: value} of all counters of wrong packets."""
    errors = {}
    for protocol, names, values in CHECKSUM_COUNTERS.findall(snmp):
        for name, value in zip(names.split(), values.split()):
            if name in ("InCsumErrors", "InErrs", "InErrors", "InHdrErrors"):
                errors[protocol + name] = int(value)
    for line in snmp6.splitlines():
        name, value = line.split()
        if re.fullmatch(r"(Ip6In.*Errors|Icmp6In(Csum)?Errors)", name):
            errors[name] = int(value)
    assert "TcpInCsumErrors" in errors and "IcmpInCsumErrors" in errors, errors
    return errors


def in_lab(profile, script):
    done, _ = support.run_in_lab(LAB, profile, ["sh", "-c", script])
    return done


def curl_gets_the_page():
    for profile, (ipv4, ipv6) in HOSTS.items():
        done = in_lab(profile, f"curl -sS -g --max-time 20 http://{ipv4}:8080/ 'http://[{ipv6}]/'")
        assert done.returncode == 0 and done.stdout == "portloop-lab\n" * 2, (profile, done)


def nc_reads_the_banner():
    for profile, (ipv4, ipv6) in HOSTS.items():
        for host in (ipv4, ipv6):
            done = in_lab(profile, f"nc -N -w 20 {host} 22 < /dev/null")
            assert done.stdout == "SSH-2.0-OpenSSH_9.2p1 portloop-lab\n", (profile, host, done)


def nc_is_refused_by_a_closed_port():
    done = in_lab("lan", "nc -zv -w 20 10.0.0.1 23")
    assert done.returncode == 1 and "refused" in done.stderr, done


def nmap_agrees_with_the_truth():
    for profile, (ipv4, ipv6) in HOSTS.items():
        for host in (ipv4, ipv6):
            family = "-6" if ":" in host else "-4"
            ports = "1-150" if profile == "filtered" else "1-1000"  # nmap waits long for each silent port
            done = in_lab(profile, f"nmap {family} -sT -Pn -n -T4 -dd --max-retries 3 -p{ports} -oG - {host}")
            assert done.returncode == 0, done
            listed = {int(port): state for port, state in re.findall(r"(\d+)/(open|closed|filtered)/tcp", done.stdout)}
            ignored = re.search(r"Ignored State: (\w+) \((\d+)\)", done.stdout)
            for truth in support.truth(LAB, profile, host, ports):
                state = listed.get(truth["port"], ignored.group(1) if ignored else None)
                assert state == truth["state"], (profile, host, truth, state)


def no_checksum_is_wrong():
    script = """
      curl -sS -g --max-time 20 http://{ipv4}/ 'http://[{ipv6}]/' > /dev/null
      nc -N -w 20 {ipv4} 22 < /dev/null > /dev/null
      nmap -sT -Pn -n -T4 -p1-300 {ipv4} > /dev/null; nmap -6 -sT -Pn -n -T4 -p1-300 {ipv6} > /dev/null
      cat /proc/net/snmp; echo ---; cat /proc/net/snmp6"""
    hosts = {**HOSTS, "hostile": ("198.18.0.1", "fd00:5::1"), "unreachable": ("198.18.4.1", "fd00:15:4::1")}
    for profile, (ipv4, ipv6) in hosts.items():
        done, counters = support.run_in_lab(LAB, profile, ["sh", "-c", script.format(ipv4=ipv4, ipv6=ipv6)])
        snmp, snmp6 = done.stdout.split("---\n")
        errors = kernel_errors(snmp, snmp6)
        assert counters["packets_out"] > 10 and not any(errors.values()), (profile, errors)


def main():
    support.need_programs("curl", "nc", "nmap")
    support.need_lab(LAB)
    for case in [curl_gets_the_page, nc_reads_the_banner, nc_is_refused_by_a_closed_port, nmap_agrees_with_the_truth,
                 no_checksum_is_wrong]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
