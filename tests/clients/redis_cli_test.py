#!/usr/bin/python3
"""redis-cli, as people and scripts use it."""

import json
import subprocess
import threading
import time
import unittest

from listening import HOST, SMALL, listening_server


class RedisCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())

    def setUp(self):
        self.assertEqual(self.cli("FLUSHALL"), "OK\n")

    def command(self, *arguments):
        return ["redis-cli", "-h", HOST, "-p", str(self.server.port), *arguments]

    def cli(self, *arguments, stdin="", status=0):
        result = subprocess.run(self.command(*arguments), input=stdin, capture_output=True,
                                text=True, errors="backslashreplace", timeout=60)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout

    def watch(self, *arguments, seconds):
        """What an endless command prints until it is stopped."""
        line_buffered = ["stdbuf", "-oL", *self.command(*arguments)]
        process = subprocess.Popen(line_buffered, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)
        timer = threading.Timer(seconds, process.terminate)
        timer.start()
        output, _ = process.communicate()
        timer.cancel()
        return output

    # --- Output formats ---

    def test_replies_for_people(self):
        self.cli("SET", "greeting", "hello\tworld")
        self.assertEqual(self.cli("--no-raw", "GET", "greeting"), '"hello\\tworld"\n')
        self.assertEqual(self.cli("--no-raw", "GET", "nothing"), "(nil)\n")
        self.assertEqual(self.cli("--no-raw", "INCR", "count"), "(integer) 1\n")
        self.assertEqual(self.cli("--no-raw", "MGET", "greeting", "nothing", "count"),
                         '1) "hello\\tworld"\n2) (nil)\n3) "1"\n')
        self.assertEqual(self.cli("--no-raw", "KEYS", "no*"), "(empty array)\n")

    def test_raw_replies(self):
        self.cli("SET", "greeting", "hello\tworld")
        self.assertEqual(self.cli("GET", "greeting"), "hello\tworld\n")
        self.assertEqual(self.cli("-d", "|", "MGET", "greeting", "greeting"),
                         "hello\tworld|hello\tworld\n")

    def test_csv(self):
        self.cli("MSET", "a", "1", "b", 'say "no"')
        self.assertEqual(self.cli("--csv", "MGET", "a", "b", "c"), '"1","say \\"no\\"",NULL\n')

    def test_json(self):
        self.cli("MSET", "a", "1", "b", "two words")
        self.assertEqual(json.loads(self.cli("--json", "MGET", "a", "b", "c")),
                         ["1", "two words", None])
        self.assertEqual(json.loads(self.cli("--json", "CONFIG", "GET", "maxmemory")),
                         {"maxmemory": "0"})
        self.assertEqual(json.loads(self.cli("--json", "DBSIZE")), 2)

    def test_resp3(self):
        self.assertEqual(self.cli("-3", "--no-raw", "GET", "nothing"), "(nil)\n")
        self.assertEqual(self.cli("-3", "--no-raw", "CONFIG", "GET", "maxmemory"),
                         '1# "maxmemory" => "0"\n')
        self.assertIn('"proto" => (integer) 3', self.cli("-3", "--no-raw", "HELLO"))
        self.assertIn("redis_version:", self.cli("-3", "INFO", "server"))

    # --- Ways in ---

    def test_addresses(self):
        self.assertEqual(self.cli("-u", f"redis://{HOST}:{self.server.port}/0", "PING"),
                         "PONG\n")
        self.assertEqual(self.cli("-s", self.server.unix_socket, "PING"), "PONG\n")

    def test_databases(self):
        self.cli("SET", "where", "zero")
        self.cli("-n", "3", "SET", "where", "three")
        self.assertEqual(self.cli("-n", "3", "GET", "where"), "three\n")
        self.assertEqual(self.cli("GET", "where"), "zero\n")
        self.assertIn("db3:keys=1", self.cli("INFO", "keyspace"))

    def test_script_on_stdin(self):
        script = 'SET a 1\nINCR a\n\n3 INCR a\nSET b "two words"\nAPPEND b "\\x21"\nGET b\n'
        self.assertEqual(self.cli(stdin=script), "OK\n2\n3\n4\n5\nOK\n10\ntwo words!\n")

    def test_value_from_stdin(self):
        text = "line one\nline two"
        self.assertEqual(self.cli("-x", "SET", "text", stdin=text), "OK\n")
        self.assertEqual(self.cli("GET", "text"), text + "\n")
        self.assertEqual(self.cli("-X", "HERE", "SET", "HERE", "value", stdin="key"), "OK\n")
        self.assertEqual(self.cli("GET", "key"), "value\n")

    def test_repetition(self):
        self.assertEqual(self.cli("-r", "3", "-i", "0", "INCR", "count"), "1\n2\n3\n")

    def test_errors(self):
        self.cli("SET", "word", "abc")
        self.assertEqual(self.cli("INCR", "word"),
                         "ERR value is not an integer or out of range\n\n")
        self.assertTrue(self.cli("NOSUCH", "a").startswith("ERR unknown command 'NOSUCH'"))
        self.assertEqual(self.cli("-e", "GET", status=1), "")

    def test_quoted_input(self):
        self.cli("--quoted-input", "SET", r'"\x00\xffkey"', r'"\r\n"')
        self.assertEqual(self.cli("--no-raw", "--quoted-input", "GET", r'"\x00\xffkey"'),
                         '"\\r\\n"\n')

    # --- Mass work ---

    def test_pipe(self):
        count = 2000 if SMALL else 50000
        requests = "".join(f"*3\r\n$3\r\nSET\r\n${len(f'key:{i}')}\r\nkey:{i}\r\n"
                           f"${len(str(i))}\r\n{i}\r\n" for i in range(count))
        self.assertIn(f"errors: 0, replies: {count}", self.cli("--pipe", stdin=requests))
        self.assertEqual(self.cli("DBSIZE"), f"{count}\n")
        self.assertEqual(self.cli("GET", f"key:{count - 1}"), f"{count - 1}\n")

    def test_pipe_of_inline_commands_with_an_error(self):
        output = self.cli("--pipe", stdin="SET a x\r\nINCR a\r\nSET b y\r\n", status=1)
        self.assertIn("errors: 1, replies: 3", output)
        self.assertEqual(self.cli("MGET", "a", "b"), "x\ny\n")

    def fill(self, count):
        script = "".join(f"SET user:{i} {'v' * (i % 50 + 1)}\r\n" for i in range(count))
        self.cli("--pipe", stdin=script)

    def test_scan(self):
        self.fill(500)
        self.cli("SET", "other", "1")
        keys = self.cli("--scan").split()
        self.assertEqual(sorted(set(keys)), sorted([f"user:{i}" for i in range(500)] + ["other"]))
        self.assertEqual(set(self.cli("--scan", "--pattern", "user:1?").split()),
                         {f"user:{i}" for i in range(10, 20)})
        self.assertEqual(self.cli("--scan", "--pattern", "ot*"), "other\n")

    def test_bigkeys_and_memkeys(self):
        self.fill(200)
        self.cli("SET", "giant", "x" * 5000)
        summary = self.cli("--bigkeys")
        self.assertIn("Sampled 201 keys in the keyspace!", summary)
        self.assertIn('Biggest string found \'"giant"\' has 5000 bytes', summary)
        self.assertIn("Sampled 201 keys in the keyspace!", self.cli("--memkeys"))

    # --- Looking at the server ---

    def test_stat(self):
        self.cli("SET", "a", "1")
        output = self.watch("--stat", "-i", "0.1", seconds=0.8)
        header, *lines = output.splitlines()[1:]
        self.assertEqual(header.split()[:2], ["keys", "mem"])
        self.assertTrue(all(line.split()[0] == "1" for line in lines[:3]), output)

    def test_latency(self):
        output = self.cli("--latency", "--raw", "-i", "0.2")
        least, most, average, samples = output.split()
        self.assertLessEqual(float(least), float(average))
        self.assertLessEqual(float(average), float(most))
        self.assertGreater(int(samples), 0)

    def test_monitor(self):
        with subprocess.Popen(self.command("MONITOR"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True) as monitor:
            guard = threading.Timer(30, monitor.terminate)
            guard.start()
            self.assertEqual(monitor.stdout.readline(), "OK\n")
            self.cli("SET", "seen", 'a "quoted"\tvalue')
            line = monitor.stdout.readline()
            guard.cancel()
            monitor.terminate()
        self.assertRegex(line, r'^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] '
                               r'"SET" "seen" "a \\"quoted\\"\\tvalue"\n$')

    def test_expiry(self):
        self.cli("SET", "soon", "gone", "PX", "50")
        self.cli("SET", "later", "here", "EX", "100")
        self.assertGreater(int(self.cli("PTTL", "later")), 90000)
        deadline = time.monotonic() + 30
        while self.cli("EXISTS", "soon") == "1\n" and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.cli("MGET", "soon", "later"), "\nhere\n")

    def test_configuration(self):
        before = self.cli("CONFIG", "GET", "maxclients").split()[1]
        self.assertEqual(self.cli("CONFIG", "SET", "maxclients", "1234"), "OK\n")
        self.assertEqual(self.cli("CONFIG", "GET", "maxcl*"), "maxclients\n1234\n")
        self.cli("CONFIG", "SET", "maxclients", before)

    def test_client_list(self):
        self.assertRegex(self.cli("CLIENT", "LIST"), r"^id=\d+ addr=127\.0\.0\.1:\d+ .* cmd=client")


if __name__ == "__main__":
    unittest.main(verbosity=2)
