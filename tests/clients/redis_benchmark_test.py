#!/usr/bin/python3
"""redis-benchmark's tests of strings run to their end, and leave behind what they should."""

import subprocess
import unittest

from listening import HOST, SMALL, listening_server

TESTS = "ping_inline,ping_mbulk,set,get,incr,mset"
TITLES = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"]
REQUESTS = 1000 if SMALL else 10000


class RedisBenchmark(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())

    def setUp(self):
        with self.server.client() as client:
            client.call("FLUSHALL")

    def call(self, *words):
        with self.server.client() as client:
            return client.call(*words).value

    def benchmark(self, *options):
        """Runs it; returns {title: requests a second}."""
        command = ["redis-benchmark", "-h", HOST, "-p", str(self.server.port), "--csv",
                   "-n", str(REQUESTS), *options]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=200)
        output = result.stdout + result.stderr
        self.assertEqual(result.returncode, 0, output)
        self.assertNotIn("rror", output)
        self.assertNotIn("WARNING: Could not fetch server CONFIG", output)
        rows = [line.split('","') for line in result.stdout.splitlines()[1:]]
        return {row[0].lstrip('"'): float(row[1]) for row in rows}

    def check_all(self, *options):
        rates = self.benchmark("-t", TESTS, *options)
        self.assertEqual(list(rates), TITLES)
        self.assertTrue(all(rate > 0 for rate in rates.values()), rates)
        self.assertGreaterEqual(int(self.call("GET", "counter:__rand_int__")), REQUESTS)
        self.assertEqual(self.call("STRLEN", "key:__rand_int__"), 3)

    def test_one_at_a_time(self):
        self.check_all()

    def test_pipelined(self):
        self.check_all("-P", "16")

    def test_resp3(self):
        self.check_all("-P", "16", "-3")

    def test_random_keys_and_large_values(self):
        rates = self.benchmark("-t", TESTS, "-r", "500", "-d", "4096", "-P", "8")
        self.assertEqual(list(rates), TITLES)
        keys = self.call("DBSIZE")
        self.assertGreater(keys, 500)
        self.assertLessEqual(keys, 1000)

    def test_a_connection_a_request(self):
        rates = self.benchmark("-t", "ping_mbulk,set", "-k", "0", "-c", "10", "-n", "500")
        self.assertEqual(list(rates), ["PING_MBULK", "SET"])

    def test_many_clients_through_the_unix_socket(self):
        self.benchmark("-s", self.server.unix_socket, "-c", "200", "-t", "set,get")

    def test_a_command_of_the_users_own(self):
        self.benchmark("-r", "100000", "APPEND", "log:__rand_int__", "entry")
        self.assertGreater(self.call("DBSIZE"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
