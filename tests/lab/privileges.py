#!/usr/bin/env python3
"""The lab needs no root; if the system forbids what it needs, it prints one line with what and how to allow it.

The test makes such systems with mount and user namespaces: /dev/net/tun is accessible to all, or is missing, or user
namespaces are forbidden. It runs as root, because it needs root for the first two.

usage: privileges.py PORTLOOP_LAB
"""
import os
import subprocess
import sys
import tempfile

import lab_support as support

LAB = os.path.abspath(sys.argv[1])
NOBODY = "65534"


def in_a_system(script):
    """Runs a shell script in a mount namespace of its own; $LAB is a copy of the lab that all may run."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = os.path.join(folder, "portloop-lab")
        with open(LAB, "rb") as source, open(copy, "wb") as target:
            target.write(source.read())
        os.chmod(copy, 0o755)
        return subprocess.run(["unshare", "--mount", "sh", "-ec", script], capture_output=True, text=True, cwd="/",
                              env={**os.environ, "LAB": copy, "FOLDER": folder})


TUN_FOR_ALL = "mknod -m 666 $FOLDER/tun c 10 200; mount --bind $FOLDER/tun /dev/net/tun; "
AS_NOBODY = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups "


def runs_without_root_and_keeps_its_ids():
    done = in_a_system(TUN_FOR_ALL + AS_NOBODY + "$LAB lan -- sh -c 'id -u; nc -N -w 20 10.0.0.1 22 < /dev/null;"
                       " nc -N -w 20 fd00::1 22 < /dev/null; grep CapEff /proc/self/status'")
    assert done.returncode == 0, done
    banner = "SSH-2.0-OpenSSH_9.2p1 portloop-lab\n"
    assert done.stdout == f"{NOBODY}\n" + 2 * banner + "CapEff:\t0000000000000000\n", done


def everything_ends_with_it_without_root():
    done = in_a_system(TUN_FOR_ALL + AS_NOBODY + "$LAB lan -- sh -c 'readlink /proc/self/ns/net; exec sleep 1000'"
                       " > $FOLDER/output & until [ -s $FOLDER/output ]; do sleep 0.01; done; kill -KILL $!; cat $FOLDER/output")
    assert done.returncode == 0 and done.stdout.startswith("net:["), done
    support.nothing_left_of(done.stdout.strip())


def root_cannot_rename_the_machine():
    rename = "uname -n; echo renamed > /proc/sys/kernel/hostname; uname -n"
    # In a UTS namespace of the test's own: if the lab had none, this machine would not be renamed.
    done = in_a_system(f"exec unshare --uts sh -ec '$LAB lan -- sh -ec \"{rename}\"; uname -n'")
    name = os.uname().nodename
    assert done.returncode == 0 and done.stdout.splitlines() == [name, "renamed", name], done


def refusal(script):
    done = in_a_system(script)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done
    assert done.stderr.startswith("portloop-lab: this system forbids "), done
    return done.stderr


def reports_that_tun_is_missing():
    message = refusal("mount -t tmpfs none /dev/net; exec $LAB lan -- true")
    assert "TUN" in message and "modprobe tun" in message, message


def reports_that_tun_is_not_allowed():
    message = refusal("mknod -m 600 $FOLDER/tun c 10 200; mount --bind $FOLDER/tun /dev/net/tun; " + AS_NOBODY + "$LAB lan -- true")
    assert "TUN" in message and "chmod 666 /dev/net/tun" in message, message


def reports_that_user_namespaces_are_forbidden():
    message = refusal("exec unshare --user --map-root-user sh -ec '"
                   "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all $LAB lan -- true'")
    assert "user namespaces" in message and "user.max_user_namespaces" in message, message


def main():
    support.need_root()
    support.need_programs("unshare", "setpriv", "nc", "mknod")
    support.need_lab(LAB)
    if in_a_system(TUN_FOR_ALL + "true").returncode != 0:
        support.skip("the right to make device nodes and mounts")
    for case in [runs_without_root_and_keeps_its_ids, everything_ends_with_it_without_root,
                 root_cannot_rename_the_machine,
                 reports_that_tun_is_missing, reports_that_tun_is_not_allowed, reports_that_user_namespaces_are_forbidden]:
        case()
        print("ok", case.__name__.replace("_", " "))


main()
