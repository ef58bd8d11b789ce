#!/usr/bin/env python3
"""The command line of portloop-lab: what it prints, and how it refuses wrong usage.

usage: command_line.py PORTLOOP_LAB
"""
import os
import re
import subprocess
import sys
import tempfile

import lab_support as support

LAB = os.path.abspath(sys.argv[1])


def run(*arguments, **options):
    return subprocess.run([LAB, *arguments], capture_output=True, text=True, **options)


def help_fits_a_screen():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert len(done.stdout.splitlines()) <= 24, done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


def the_list_names_each_profile_with_a_target():
    done = run("--list")
    assert done.returncode == 0
    for name in ["lan", "wan", "lossy", "lossy10", "ratelimited", "filtered", "unreachable", "internet", "mixture", "hostile",
                 "home", "office", "tarpits", "dsl", "bufferbloat", "small-router", "bursty"]:
        assert f"\n{name} " in "\n" + done.stdout, name
    assert done.stdout.count("for example") == len(done.stdout.splitlines()) / 2


def every_suggested_target_is_accepted():
    lines = run("--list").stdout.splitlines()
    for name, example in zip(lines[::2], lines[1::2]):
        words = example.split("for example ")[1].split()
        done = run(name.split()[0], "--truth", *words, "--open-only")
        assert done.returncode == 0 and '"state":"open"' in done.stdout, (name, done)


def a_shown_profile_is_a_profile_file():
    with tempfile.TemporaryDirectory() as folder:
        path = support.profile_file(folder, run("--show", "internet").stdout)
        selection = ["--truth", "198.18.0.0/24", "-p", "22,80,443"]
        built_in, from_file = run("internet", *selection), run(path, *selection)
        untimed = [[line.split(',"time"')[0] for line in done.stdout.splitlines()] for done in (built_in, from_file)]
        assert untimed[0] == untimed[1] and len(untimed[0]) == 768


def a_file_in_this_folder_needs_no_slash():
    with tempfile.TemporaryDirectory() as folder:
        support.profile_file(folder, "prefix 10.0.0.0/8\nopen 5\n", "mine")
        done = run("mine", "--truth", "10.0.0.1", "-p", "5", cwd=folder)
        assert done.returncode == 0 and '"state":"open"' in done.stdout, done


def the_truth_agrees_with_itself():
    for profile, target in [("lan", "10.0.0.1-3"), ("unreachable", "198.18.4.0/28")]:
        truth = run(profile, "--truth", target, "-p", "1-200").stdout
        done = run(profile, "--check", "-", target, "-p", "1-200", input=truth)
        assert done.returncode == 0 and done.stdout.startswith("right: "), done
        done = run(profile, "--check", "-", target, "-p", "1-200", input=truth + truth)
        assert done.returncode == 1 and "repeated " in done.stdout, done
        done = run(profile, "--check", "-", target, "-p", "1-200", input=truth.replace('"open"', '"closed"', 1))
        assert done.returncode == 1 and "the result is closed" in done.stdout, done


def wrong_words_are_quoted_in_one_line():
    with tempfile.TemporaryDirectory() as folder:
        bad = support.profile_file(folder, "prefix 10.0.0.0/8\nrtt fast\n")
        for arguments, quoted in [
            ((), "no PROFILE"),
            (("nosuch", "--", "true"), "'nosuch'"),
            (("./nosuch", "--", "true"), "'./nosuch'"),
            ((folder, "--", "true"), "as a profile"),
            ((bad, "--", "true"), f"{bad}:2: 'fast' is not a time"),
            (("lan",), "no COMMAND"),
            (("lan", "--"), "no COMMAND"),
            (("lan", "true"), "'true'"),
            (("lan", "--truth"), "no TARGET"),
            (("lan", "--truth", "10.0.0.1"), "no ports"),
            (("lan", "--truth", "10.0.0.1", "-p", "70000"), "'70000'"),
            (("lan", "--truth", "10.0.0.0/33", "-p", "1"), "'10.0.0.0/33'"),
            (("lan", "--truth", "localhost", "-p", "1"), "'localhost'"),
            (("lan", "--truth", "10.0.0.1", "-p", "1", "--", "true"), "don't run a command"),
            (("lan", "--truth", "--check", "-", "10.0.0.1", "-p", "1"), "can't be combined"),
            (("lan", "--check", "-", "fd00::/64", "-p", "1"), "too many"),
            (("lan", "--seed", "many", "--", "true"), "many"),
            (("lan", "--sed", "1", "--", "true"), "sed"),
            (("--show", "nosuch"), "'nosuch'"),
        ]:
            done = run(*arguments, input="")
            assert done.returncode == 2 and done.stdout == "", (arguments, done)
            assert quoted in done.stderr and len(done.stderr.splitlines()) == 1, (arguments, done)


def words_of_100_kilobytes_are_refused():
    long = 120_000 * "a"
    for arguments in ([long], ["--" + long], ["-" + long], ["--" + long + "=1"], ["lan", "-p" + long, "--truth", "10.0.0.1"],
                      ["lan", "--truth", long, "-p", "1"], ["lan", "--check", long, "10.0.0.1", "-p", "1"],
                      ["lan", "--seed", 120_000 * "9", "--", "true"], ["--show", long]):
        done = run(*arguments)
        assert done.returncode in (1, 2) and done.stdout == "", (done.returncode, done.stderr[:200])
        assert re.fullmatch(r"portloop-lab: [^\n]{1,999}\n", done.stderr), done.stderr[:200]
    done = run("lan", "--truth", "10.0.0.1", "-p" + ",".join(map(str, range(1, 20_000))))
    assert done.returncode == 0 and done.stdout.count("\n") == 19_999, done.stderr[:200]


def values_may_be_in_the_word_of_an_option():
    for arguments in (["-p22,80"], ["--ports=22,80"], ["-p", "22,80"]):
        done = run("lan", "--truth", "10.0.0.1", *arguments)
        assert done.returncode == 0 and done.stdout.count("\n") == 2, done
    done = run("lan", "--truth", "10.0.0.1,10.0.0.2", "10.0.0.3", "-p", "1")
    assert done.returncode == 0 and done.stdout.count("\n") == 3, done


def unreadable_and_unwritable_files_are_named():
    done = run("lan", "--check", "/nonexistent", "10.0.0.1", "-p", "1")
    assert done.returncode == 1 and "'/nonexistent'" in done.stderr, done
    done = run("lan", "--counters", "/nonexistent/file", "--", "true")
    assert done.returncode == 1 and "'/nonexistent/file'" in done.stderr, done
    with open("/dev/full", "w") as full:
        done = subprocess.run([LAB, "lan", "--truth", "10.0.0.1", "-p", "1-9"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr, done


def main():
    for case in [help_fits_a_screen, the_list_names_each_profile_with_a_target,
                 every_suggested_target_is_accepted, a_shown_profile_is_a_profile_file,
                 a_file_in_this_folder_needs_no_slash, the_truth_agrees_with_itself,
                 wrong_words_are_quoted_in_one_line, words_of_100_kilobytes_are_refused,
                 values_may_be_in_the_word_of_an_option, unreadable_and_unwritable_files_are_named]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
