#!/usr/bin/env python3
"""portloop-lab at a terminal: what it prints, and how it refuses what is wrong.

usage: command_line.py PORTLOOP_LAB
"""
import os
import subprocess
import sys
import tempfile

import lab_support as support

LAB = os.path.abspath(sys.argv[1])


def run(*arguments, **options):
    return subprocess.run([LAB, *arguments], capture_output=True, text=True, **options)


def help_fits_a_screen():
    said = run("--help")
    assert said.returncode == 0 and said.stderr == ""
    assert len(said.stdout.splitlines()) <= 24, said.stdout
    assert all(len(line) <= 100 for line in said.stdout.splitlines())


def the_list_names_each_profile_with_a_target():
    said = run("--list")
    assert said.returncode == 0
    for name in ["lan", "wan", "lossy", "lossy10", "ratelimited", "filtered", "unreachable", "internet", "hostile"]:
        assert f"\n{name} " in "\n" + said.stdout, name
    assert said.stdout.count("for example") == len(said.stdout.splitlines()) / 2


def every_suggested_target_can_be_asked_for():
    lines = run("--list").stdout.splitlines()
    for name, example in zip(lines[::2], lines[1::2]):
        words = example.split("for example ")[1].split()
        said = run(name.split()[0], "--truth", *words, "--open-only")
        assert said.returncode == 0 and '"state":"open"' in said.stdout, (name, said)


def a_shown_profile_is_a_profile_file():
    with tempfile.TemporaryDirectory() as folder:
        path = support.profile_file(folder, run("--show", "internet").stdout)
        question = ["--truth", "198.18.0.0/24", "-p", "22,80,443"]
        built_in, from_file = run("internet", *question), run(path, *question)
        untimed = [[line.split(',"time"')[0] for line in said.stdout.splitlines()] for said in (built_in, from_file)]
        assert untimed[0] == untimed[1] and len(untimed[0]) == 768


def a_file_in_this_folder_needs_no_slash():
    with tempfile.TemporaryDirectory() as folder:
        support.profile_file(folder, "prefix 10.0.0.0/8\nopen 5\n", "mine")
        said = run("mine", "--truth", "10.0.0.1", "-p", "5", cwd=folder)
        assert said.returncode == 0 and '"state":"open"' in said.stdout, said


def the_truth_agrees_with_itself():
    for profile, target in [("lan", "10.0.0.1-3"), ("unreachable", "198.18.4.0/28")]:
        truth = run(profile, "--truth", target, "-p", "1-200").stdout
        said = run(profile, "--check", "-", target, "-p", "1-200", input=truth)
        assert said.returncode == 0 and said.stdout.startswith("right: "), said
        said = run(profile, "--check", "-", target, "-p", "1-200", input=truth + truth)
        assert said.returncode == 1 and "said twice" in said.stdout, said
        said = run(profile, "--check", "-", target, "-p", "1-200", input=truth.replace('"open"', '"closed"', 1))
        assert said.returncode == 1 and "the result says closed" in said.stdout, said


def what_is_wrong_is_quoted_in_one_line():
    with tempfile.TemporaryDirectory() as folder:
        bad = support.profile_file(folder, "prefix 10.0.0.0/8\nrtt fast\n")
        for arguments, quoted in [
            ((), "no PROFILE"),
            (("nosuch", "--", "true"), "'nosuch'"),
            (("./nosuch", "--", "true"), "'./nosuch'"),
            ((folder, "--", "true"), "is no profile"),
            ((bad, "--", "true"), f"{bad}:2: 'fast' is not a time"),
            (("lan",), "no COMMAND"),
            (("lan", "--"), "no COMMAND"),
            (("lan", "true"), "'true'"),
            (("lan", "--truth"), "no TARGET"),
            (("lan", "--truth", "10.0.0.1"), "no ports"),
            (("lan", "--truth", "10.0.0.1", "-p", "70000"), "'70000'"),
            (("lan", "--truth", "10.0.0.0/33", "-p", "1"), "'10.0.0.0/33'"),
            (("lan", "--truth", "localhost", "-p", "1"), "'localhost'"),
            (("lan", "--truth", "10.0.0.1", "-p", "1", "--", "true"), "run no command"),
            (("lan", "--truth", "--check", "-", "10.0.0.1", "-p", "1"), "exclude each other"),
            (("lan", "--check", "-", "fd00::/64", "-p", "1"), "too many"),
            (("lan", "--seed", "many", "--", "true"), "many"),
            (("lan", "--sed", "1", "--", "true"), "sed"),
            (("--show", "nosuch"), "'nosuch'"),
        ]:
            said = run(*arguments, input="")
            assert said.returncode == 2 and said.stdout == "", (arguments, said)
            assert quoted in said.stderr and len(said.stderr.splitlines()) == 1, (arguments, said)


def what_cannot_be_read_or_written_is_named():
    said = run("lan", "--check", "/nonexistent", "10.0.0.1", "-p", "1")
    assert said.returncode == 1 and "'/nonexistent'" in said.stderr, said
    said = run("lan", "--counters", "/nonexistent/file", "--", "true")
    assert said.returncode == 1 and "'/nonexistent/file'" in said.stderr, said
    with open("/dev/full", "w") as full:
        said = subprocess.run([LAB, "lan", "--truth", "10.0.0.1", "-p", "1-9"], stdout=full, stderr=subprocess.PIPE)
    assert said.returncode == 1 and b"No space left" in said.stderr, said


def main():
    for case in [help_fits_a_screen, the_list_names_each_profile_with_a_target,
                 every_suggested_target_can_be_asked_for, a_shown_profile_is_a_profile_file,
                 a_file_in_this_folder_needs_no_slash, the_truth_agrees_with_itself,
                 what_is_wrong_is_quoted_in_one_line, what_cannot_be_read_or_written_is_named]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
