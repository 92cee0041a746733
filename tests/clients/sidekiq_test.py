#!/usr/bin/python3
"""Sidekiq, the job queue for Ruby, as Debian ships it: a process of it does thousands of jobs.

Sidekiq keeps queues in lists and waits with BRPOP; retries, dead and scheduled jobs are in sorted
sets; statistics and heartbeats are written in transactions. The poller that moves scheduled jobs
to their queue is a script, so they are moved through the API here.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

import redis

from listening import HOST, SKIPPED, SMALL, eventually, listening_server

if not shutil.which("sidekiq"):
    print("skipped: there is no sidekiq (Debian's ruby-sidekiq has it)")
    sys.exit(SKIPPED)

JOBS_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sidekiq", "jobs.rb")
JOBS = 500 if SMALL else 10000


class Sidekiq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())
        cls.environment = {**os.environ, "REDIS_URL": f"redis://{HOST}:{cls.server.port}"}

    def setUp(self):
        self.redis = redis.Redis(HOST, self.server.port, decode_responses=True)
        self.addCleanup(self.redis.connection_pool.disconnect)
        self.redis.flushall()
        self.log = pathlib.Path(self.server.directory, "sidekiq.log")

    def ruby(self, code):
        """The value of a Ruby expression, by way of JSON."""
        command = ["ruby", "-r", JOBS_FILE, "-e", f"puts JSON.generate(({code}))"]
        result = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def start_sidekiq(self, *options):
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                ["sidekiq", "-r", JOBS_FILE, "-e", "test", *options], env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def stop(self, process):
        """Asks it to end, as an operator does."""
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0, self.log.read_text()[-2000:])

    def statistic(self, name):
        return int(self.redis.get(f"stat:{name}") or 0)

    def test_thousands_of_jobs(self):
        pushed = self.ruby(f'Sidekiq::Client.push_bulk("class" => Triple, '
                           f'"args" => (0...{JOBS}).map {{ |i| [i] }}).size')
        self.assertEqual((pushed, self.redis.llen("queue:default")), (JOBS, JOBS))
        process = self.start_sidekiq("-c", "10")
        self.assertTrue(eventually(lambda: self.redis.hlen("results") == JOBS, timeout_s=200))
        self.stop(process)
        self.assertEqual(self.redis.hgetall("results"), {str(i): str(i * 3) for i in range(JOBS)})
        self.assertEqual(self.redis.exists("queue:default"), 0)
        self.assertEqual((self.statistic("processed"), self.statistic("failed")), (JOBS, 0))

    def test_a_process_that_waits(self):
        process = self.start_sidekiq("-c", "3", "-q", "urgent,2", "-q", "default")
        self.assertTrue(eventually(lambda: self.redis.scard("processes") == 1))
        seen = self.ruby("Sidekiq::ProcessSet.new.map { |p| [p['concurrency'], p['queues'].sort] }")
        self.assertEqual(seen, [[3, ["default", "urgent"]]])
        for i in range(20):
            queue = "urgent" if i % 2 else "default"
            self.redis.lpush(f"queue:{queue}", json.dumps(
                {"class": "Triple", "args": [i], "jid": f"{i:024x}", "queue": queue,
                 "retry": True, "created_at": 0, "enqueued_at": 0}))
            self.assertTrue(eventually(lambda: self.redis.hexists("results", i)))
        self.stop(process)
        self.assertEqual(self.redis.scard("processes"), 0)

    def test_failures_are_tried_again_or_kept(self):
        self.ruby("[Fail.perform_async, FailForGood.perform_async]")
        process = self.start_sidekiq("-c", "2")
        self.assertTrue(eventually(lambda: self.redis.zcard("retry") and self.redis.zcard("dead")))
        self.stop(process)
        stats = self.ruby("[Sidekiq::Stats.new.retry_size, Sidekiq::Stats.new.dead_size]")
        self.assertEqual(stats, [1, 1])
        self.assertEqual(self.ruby("Sidekiq::RetrySet.new.map(&:klass)"), ["Fail"])
        self.assertEqual(self.ruby("Sidekiq::DeadSet.new.first['error_message']"), "on purpose")
        self.ruby("Sidekiq::DeadSet.new.retry_all")
        self.assertEqual((self.redis.llen("queue:default"), self.redis.zcard("dead")), (1, 0))

    def test_scheduled_jobs_through_the_api(self):
        jid = self.ruby("[Triple.perform_in(3600, 7), Triple.perform_in(7200, 8)].first")
        scheduled = "Sidekiq::ScheduledSet.new"
        self.assertEqual(self.ruby(f"{scheduled}.map(&:args)"), [[8], [7]])
        self.assertEqual(self.ruby(f"{scheduled}.find_job('{jid}').args"), [7])
        self.assertEqual(self.ruby(f"{scheduled}.scan('Triple').map(&:args).sort"), [[7], [8]])
        self.ruby(f"{scheduled}.find_job('{jid}').add_to_queue")
        self.assertEqual(self.ruby("Sidekiq::Queue.new.map(&:args)"), [[7]])
        self.assertEqual(self.redis.zcard("schedule"), 1)
        self.assertEqual(self.ruby(f"{scheduled}.clear"), 1)

    def test_unfinished_jobs_go_back_to_their_queue(self):
        self.ruby("[Sleep.perform_async(100), Sleep.perform_async(100)]")
        process = self.start_sidekiq("-c", "2", "-t", "1")
        self.assertTrue(eventually(lambda: self.redis.get("asleep") == "2"))
        self.assertEqual(self.redis.llen("queue:default"), 0)
        self.stop(process)
        self.assertEqual(self.ruby("Sidekiq::Queue.new.map(&:args)"), [[100], [100]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
