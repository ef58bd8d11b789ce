#!/usr/bin/env python3
"""Whatever ends first, nothing is left behind, and the exit status is the command's.

usage: lifecycle.py PORTLOOP_LAB
"""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import lab_support as support

LAB = os.path.abspath(sys.argv[1])


class Running:
    """A lab with a command inside that has printed "ready"."""

    def __init__(self, script):
        self.lab = subprocess.Popen([LAB, "lan", "--", "sh", "-c", script], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
        assert self.lab.stdout.readline() == "ready\n"
        (self.init,) = support.children_of(self.lab.pid)
        self.command = support.children_of(self.init)[0]  # the first: children that it has left to init follow
        self.network = support.network_of(self.command)
        assert self.network != support.network_of(os.getpid())

    def ends_with(self, status):
        out, err = self.lab.communicate(timeout=support.PATIENCE_SECONDS)
        assert self.lab.returncode == status, (self.lab.returncode, out, err)
        support.nothing_left_of(self.network)
        return out, err


def stopped(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def exit_status_is_passed_on():
    for script, status in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + signal.SIGTERM),
                           ("kill -KILL $$", 128 + signal.SIGKILL)]:
        done = subprocess.run([LAB, "lan", "--", "sh", "-c", script], capture_output=True, text=True)
        assert done.returncode == status, (script, done)
        assert json.loads(done.stderr.splitlines()[-1])["packets_out"] == 0
    done = subprocess.run([LAB, "lan", "--", "no-such-command"], capture_output=True, text=True)
    assert done.returncode == 127 and "'no-such-command'" in done.stderr, done
    done = subprocess.run([LAB, "lan", "--", "/"], capture_output=True, text=True)
    assert done.returncode == 126, done


def environment_and_limits_are_the_users():
    script = "echo $ODD; ulimit -n; pwd; id -u; cat; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"
    here = subprocess.run(["sh", "-c", script], input="in", capture_output=True, text=True,
                          env={**os.environ, "ODD": "a b"}, cwd="/tmp")
    there = subprocess.run([LAB, "lan", "--", "sh", "-c", script], input="in", capture_output=True, text=True,
                           env={**os.environ, "ODD": "a b"}, cwd="/tmp")
    assert here.stdout == there.stdout, (here.stdout, there.stdout)


def no_descriptor_of_the_lab_reaches_the_command():
    done = subprocess.run([LAB, "lan", "--", "sh", "-c", "ls /proc/self/fd"], capture_output=True, text=True)
    assert done.stdout.split() == ["0", "1", "2", "3"], done.stdout  # 3 is ls's own


def what_the_command_leaves_behind_ends_with_it():
    running = Running("setsid sleep 1000 & setsid -f sleep 1000; echo ready; kill -STOP $$; exit 3")
    assert len(support.processes_in_network(running.network)) >= 4
    support.wait_until(lambda: stopped(running.command), "the command stops itself")
    os.kill(running.command, signal.SIGCONT)
    running.ends_with(3)


def the_labs_death_ends_everything():
    running = Running("sleep 1000 & setsid sleep 1000 & echo ready; wait")
    os.kill(running.lab.pid, signal.SIGKILL)
    running.ends_with(-signal.SIGKILL)


def the_death_of_init_ends_everything():
    running = Running("sleep 1000 & setsid sleep 1000 & echo ready; wait")
    os.kill(running.init, signal.SIGKILL)
    running.ends_with(128 + signal.SIGKILL)


def a_signal_to_the_lab_is_passed_on():
    running = Running("trap 'echo trapped; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
    running.lab.send_signal(signal.SIGTERM)
    out, _ = running.ends_with(5)
    assert out == "trapped\n", out


def a_second_signal_kills_a_command_that_ignores_the_first():
    running = Running("trap '' TERM; echo ready; while :; do sleep 0.01; done")

    def ended():
        running.lab.send_signal(signal.SIGTERM)
        return running.lab.poll() is not None

    support.wait_until(ended, "a repeated SIGTERM kills")
    running.ends_with(128 + signal.SIGKILL)


def a_signal_to_the_whole_group_reaches_the_command_once():
    print_each = ("import signal; mine = {signal.SIGINT, signal.SIGQUIT}; signal.pthread_sigmask(signal.SIG_BLOCK, mine)\n"
                 "print('ready', flush=True)\n"
                 "while (came := signal.sigwait(mine)) != signal.SIGQUIT: print(came.name, flush=True)")
    for _ in range(50):
        lab = subprocess.Popen([LAB, "lan", "--", sys.executable, "-c", print_each], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
        assert lab.stdout.readline() == "ready\n"
        lab.send_signal(signal.SIGSTOP)  # pending signals of one number would merge
        sent = time.monotonic()
        os.killpg(lab.pid, signal.SIGINT)
        assert lab.stdout.readline() == "SIGINT\n"
        lab.send_signal(signal.SIGCONT)
        lab.send_signal(signal.SIGQUIT)  # ends the command, after whatever else is passed on
        out, err = lab.communicate(timeout=support.PATIENCE_SECONDS)
        assert lab.returncode == 0, (lab.returncode, err)
        if time.monotonic() - sent < 0.4:  # otherwise this test was delayed, and the second signal counts as another request
            assert out == "", out
            return
    raise AssertionError("delayed for longer than a request lasts, 50 times")


def ctrl_c_is_left_to_the_command_each_time():
    # The command continues after the first one, and ends at one that is too late to be part of the same request.
    stays = ("import signal, sys, time; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
             "print('ready', flush=True); signal.sigwait({signal.SIGINT}); first = time.monotonic()\n"
             "while time.monotonic() < first + 1: signal.sigwait({signal.SIGINT})\n"
             "sys.exit(6)")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(LAB, [LAB, "lan", "--", sys.executable, "-c", stays])
    output = b""
    while b"ready" not in output:
        assert select.select([terminal], [], [], support.PATIENCE_SECONDS)[0], output
        output += os.read(terminal, 4096)

    def pressed_until_it_ends():
        os.write(terminal, b"\x03")
        return ended(pid)

    _, status = support.wait_until(pressed_until_it_ends, "the lab ends")
    assert os.waitstatus_to_exitcode(status) == 6, status
    os.close(terminal)


def ctrl_c_ends_both():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(LAB, [LAB, "lan", "--", "cat"])
    os.write(terminal, b"ready\n")
    output = b""
    while output.count(b"ready") < 2:  # the terminal's echo and cat's output: only cat is running
        assert select.select([terminal], [], [], support.PATIENCE_SECONDS)[0], output
        output += os.read(terminal, 4096)
    network = support.network_of(support.children_of(pid)[0])
    assert network != support.network_of(os.getpid())
    os.write(terminal, b"\x03")
    _, status = support.wait_until(lambda: ended(pid), "the lab ends")
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT, status
    support.nothing_left_of(network)
    os.close(terminal)


def ended(pid):
    found = os.waitpid(pid, os.WNOHANG)
    return found if found[0] == pid else None


def the_exit_status_survives_a_closed_pipe():
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([LAB, "lan", "--", "sh", "-c", "exit 9"], stderr=write_end)
    os.close(write_end)
    assert done.returncode == 9, done


def main():
    support.need_programs("setsid")
    support.need_lab(LAB)
    for case in [exit_status_is_passed_on, environment_and_limits_are_the_users,
                 no_descriptor_of_the_lab_reaches_the_command, what_the_command_leaves_behind_ends_with_it,
                 the_labs_death_ends_everything, the_death_of_init_ends_everything,
                 a_signal_to_the_lab_is_passed_on, a_second_signal_kills_a_command_that_ignores_the_first,
                 a_signal_to_the_whole_group_reaches_the_command_once, ctrl_c_is_left_to_the_command_each_time,
                 ctrl_c_ends_both, the_exit_status_survives_a_closed_pipe]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
