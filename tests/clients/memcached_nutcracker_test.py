#!/usr/bin/python3
"""nutcracker (twemproxy) before three servers, by consistent hashing; one of them is killed."""

import os
import shutil
import subprocess
import sys
import unittest

from listening import HOST, SKIPPED, SMALL, eventually, listening_memcached
from support.memcached import MemcachedClient
from support.server import ROOT, free_port

UNPACKED = os.path.join(ROOT, "build", "tools", "nutcracker")
PROGRAM = shutil.which("nutcracker", path=os.environ["PATH"] + ":/usr/sbin") or UNPACKED
if not os.path.exists(PROGRAM):
    print("skipped: there is no nutcracker (./dev test unpacks it)")
    sys.exit(SKIPPED)

ITEMS = 300 if SMALL else 3000
CONFIGURATION = """\
pool:
  listen: {host}:{port}
  hash: fnv1a_64
  distribution: ketama
  timeout: 2000
  preconnect: true
  auto_eject_hosts: true
  server_retry_timeout: 600000
  server_failure_limit: 1
  servers:
{servers}
"""


class Nutcracker(unittest.TestCase):
    def setUp(self):
        self.servers = [self.enterContext(listening_memcached()) for _ in range(3)]
        self.port = free_port()
        directory = self.servers[0].directory
        path = self.servers[0].write_file("nutcracker.yml", CONFIGURATION.format(
            host=HOST, port=self.port, servers="\n".join(
                f"   - {HOST}:{server.memcached_port}:1 server{number}"
                for number, server in enumerate(self.servers))))  # fmt: skip
        with open(os.path.join(directory, "nutcracker.log"), "wb") as log:
            self.proxy = subprocess.Popen(
                [PROGRAM, "-c", path, "-o", "/dev/stderr", "-a", HOST, "-s", str(free_port())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.proxy.wait)
        self.addCleanup(self.proxy.kill)
        self.assertTrue(eventually(self.is_listening))
        self.client = MemcachedClient((HOST, self.port))
        self.addCleanup(self.client.close)

    def is_listening(self):
        try:
            MemcachedClient((HOST, self.port)).close()
            return True
        except OSError:
            return False

    @staticmethod
    def items_of(server):
        with server.memcached() as client:
            return int(client.stats()[b"curr_items"])

    def test_everyday_commands(self):
        ask = self.client.ask
        self.assertEqual(self.client.set(b"k", b"v", 7), b"STORED\r\n")
        self.assertEqual(self.client.gets(b"k")[:2], (b"v", 7))
        self.assertEqual(ask(b"add k 0 0 1\r\nx\r\n"), b"NOT_STORED\r\n")
        self.assertEqual(ask(b"append k 0 0 1\r\n!\r\n"), b"STORED\r\n")
        self.assertEqual(ask(b"cas k 3 0 1 %d\r\nw\r\n" % self.client.gets(b"k")[2]), b"STORED\r\n")
        self.assertEqual(ask(b"touch k 100\r\n"), b"TOUCHED\r\n")
        self.assertEqual(self.client.set(b"n", b"9"), b"STORED\r\n")
        self.assertEqual(ask(b"incr n 1\r\n"), b"10\r\n")
        self.assertEqual(ask(b"delete n\r\n"), b"DELETED\r\n")
        self.assertIsNone(self.client.gets(b"n"))

    def test_large_values_and_gets_over_all_servers(self):
        values = {b"k%d" % i: b"%d" % i * 10_000 for i in range(60)}
        for key, value in values.items():
            self.assertEqual(self.client.set(key, value), b"STORED\r\n")
        self.client.send(b"get " + b" ".join(values) + b"\r\n")
        found = {}
        while (line := self.client.line()) != b"END\r\n":
            _, key, _, size = line.split()
            found[key] = self.client.take(int(size) + 2)[:-2]
        self.assertEqual(found, values)

    def test_one_of_three_is_killed(self):
        keys = [b"k%d" % i for i in range(ITEMS)]
        for key in keys:
            self.assertEqual(self.client.set(key, b"v-" + key), b"STORED\r\n")
        shares = [self.items_of(server) for server in self.servers]
        self.assertEqual(sum(shares), ITEMS)
        self.assertTrue(all(share > ITEMS / 10 for share in shares), shares)

        self.servers[1].expect_trouble = True
        self.servers[1].kill()
        # The proxy notices with a request or two, which fail; then it has but two servers.
        self.assertTrue(eventually(self.all_answered_with(keys[:100])))
        found = [key for key in keys if self.client.gets(key)]
        # Consistent hashing: who was with the others has stayed there.
        self.assertEqual(len(found), ITEMS - shares[1])
        for key in set(keys).difference(found):
            self.assertEqual(self.client.set(key, b"v-" + key), b"STORED\r\n")
        for key in keys:
            self.assertEqual(self.client.get(key), b"v-" + key)
        self.assertEqual(sum(map(self.items_of, (self.servers[0], self.servers[2]))), ITEMS)

    def all_answered_with(self, keys):
        def try_all():
            answers = [self.client.ask(b"touch %b 0\r\n" % key) for key in keys]
            return not any(answer.startswith(b"SERVER_ERROR") for answer in answers)

        return try_all


if __name__ == "__main__":
    unittest.main(verbosity=2)
