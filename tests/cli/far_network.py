"""A network namespace at the far end of a veth pair: a real Ethernet link, with ARP and neighbour discovery."""

import subprocess

import scan_support as support


class Neighbour:
    """A network namespace at the far end of a veth pair."""

    def __init__(self, near_name, far_name):
        self.process = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        support.ip(f"link add {near_name} type veth peer name {far_name} netns {self.process.pid}")
        self.ip("link set lo up")
        self.ip(f"link set {far_name} up")
        support.ip(f"link set {near_name} up")

    def run(self, *words, text=None):
        return support.run_command(["nsenter", "-t", str(self.process.pid), "-n", *words], text)

    def ip(self, words):
        return self.run("ip", *words.split())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
