#!/usr/bin/python3
"""RQ, the job queue for Python, as Debian ships it: its own workers do thousands of jobs.

RQ keeps jobs in hashes, queues in lists, registries in sorted sets, and waits with BLPOP. From
Redis 5 on it keeps results in streams; as long as the server has none, RQ is told that it talks to
an older one, and keeps them in the jobs' hashes. `Queue.empty()` and `Queue.delete()` are scripts,
and are not tested for the same reason.
"""

import operator
import os
import subprocess
import sys
import time
import unittest
from datetime import timedelta

from listening import HOST, SKIPPED, SMALL, eventually, listening_server

try:
    import redis
    import rq
    from rq.command import send_shutdown_command
    from rq.job import Job, JobStatus
    from rq.scheduler import RQScheduler
except ImportError as missing:
    print(f"skipped: {missing} (Debian's python3-rq has it)")
    sys.exit(SKIPPED)

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = 500 if SMALL else 10000
BATCH = 500
WORKERS = 2


class RedisWithoutStreams(redis.Redis):
    """A connection that RQ takes for one to a Redis 4."""


setattr(RedisWithoutStreams, "__rq_redis_server_version", (4, 0, 9))


class Rq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())
        cls.url = f"redis://{HOST}:{cls.server.port}"

    def setUp(self):
        self.redis = RedisWithoutStreams(HOST, self.server.port)
        self.addCleanup(self.redis.connection_pool.disconnect)
        self.redis.flushall()
        self.queue = rq.Queue("work", connection=self.redis)

    def start_worker(self, *options):
        """Starts a worker process; it is ended with the test if it has not ended by itself."""
        command = ["rq", "worker", "--url", self.url, "--worker-class", "rq.SimpleWorker",
                   "--connection-class", "rq_test.RedisWithoutStreams", "--quiet", *options]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": HERE},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process

    def finish(self, process):
        output, _ = process.communicate(timeout=250)
        self.assertEqual(process.returncode, 0, output)

    def work(self):
        """Does all that is queued, in this process."""
        worker = rq.SimpleWorker([self.queue], connection=self.redis)
        worker.work(burst=True, logging_level="CRITICAL")

    def fetch(self, job):
        return Job.fetch(job.id, connection=self.redis)

    def test_thousands_of_jobs_and_several_workers(self):
        jobs = []
        for first in range(0, JOBS, BATCH):
            jobs += self.queue.enqueue_many([rq.Queue.prepare_data(operator.mul, (i, 3))
                                             for i in range(first, first + BATCH)])
        self.assertEqual(self.queue.count, JOBS)
        workers = [self.start_worker("--burst", "work") for _ in range(WORKERS)]
        for worker in workers:
            self.finish(worker)
        done = Job.fetch_many([job.id for job in jobs], connection=self.redis)
        self.assertEqual([job.return_value() for job in done], [i * 3 for i in range(JOBS)])
        self.assertEqual({job.get_status(refresh=False) for job in done}, {JobStatus.FINISHED})
        self.assertEqual((self.queue.count, len(self.queue.finished_job_registry)), (0, JOBS))
        self.assertEqual(len(self.queue.started_job_registry), 0)
        self.assertEqual(rq.Worker.all(connection=self.redis), [])

    def test_a_job_that_waits_for_others(self):
        parts = [self.queue.enqueue(operator.add, i, 1) for i in range(3)]
        whole = self.queue.enqueue(operator.neg, 5, depends_on=parts)
        self.assertEqual(whole.get_status(), JobStatus.DEFERRED)
        self.assertEqual(len(self.queue.deferred_job_registry), 1)
        self.work()
        self.assertEqual(self.fetch(whole).return_value(), -5)
        self.assertEqual(len(self.queue.deferred_job_registry), 0)

    def test_failures_are_kept_and_can_be_repeated(self):
        job = self.queue.enqueue(operator.truediv, 1, 0)
        self.work()
        failed = self.queue.failed_job_registry
        self.assertEqual(failed.get_job_ids(), [job.id])
        self.assertIn("ZeroDivisionError", self.fetch(job).exc_info)
        failed.requeue(job.id)
        self.assertEqual((self.queue.job_ids, len(failed)), ([job.id], 0))
        self.work()
        self.assertEqual(len(failed), 1)

    def test_retries(self):
        job = self.queue.enqueue(operator.truediv, 1, 0, retry=rq.Retry(max=3))
        self.work()
        self.assertEqual((self.fetch(job).retries_left, len(self.queue.failed_job_registry)),
                         (0, 1))

    def test_scheduled_jobs(self):
        soon = self.queue.enqueue_in(timedelta(seconds=-1), operator.add, 1, 2)
        later = self.queue.enqueue_in(timedelta(hours=1), operator.add, 1, 2)
        scheduler = RQScheduler([self.queue], connection=self.redis)
        self.addCleanup(scheduler.release_locks)
        self.assertEqual(scheduler.acquire_locks(), {"work"})
        other = RQScheduler([self.queue], connection=self.redis)
        self.assertEqual(other.acquire_locks(), set())  # One of them has the queue.
        scheduler.enqueue_scheduled_jobs()
        self.assertEqual(self.queue.job_ids, [soon.id])
        self.assertEqual(self.queue.scheduled_job_registry.get_job_ids(), [later.id])
        self.work()
        self.assertEqual(self.fetch(soon).return_value(), 3)

    def test_results_go_when_their_time_has_come(self):
        short = self.queue.enqueue(operator.add, 1, 2, result_ttl=1)
        none = self.queue.enqueue(operator.add, 1, 2, result_ttl=0)
        self.work()
        self.assertFalse(Job.exists(none.id, connection=self.redis))
        self.assertTrue(eventually(lambda: not Job.exists(short.id, connection=self.redis)))

    def test_queues_by_priority_and_positions(self):
        urgent = rq.Queue("urgent", connection=self.redis)
        order = []
        for queue, names in ((self.queue, "ab"), (urgent, "xy")):
            for name in names:
                order.append(queue.enqueue(operator.concat, name, "!").id)
        front = self.queue.enqueue(operator.concat, "front", "!", at_front=True)
        self.assertEqual(self.queue.get_job_position(front.id), 0)
        taken = []
        while found := rq.Queue.dequeue_any([urgent, self.queue], None, connection=self.redis):
            taken.append(found[0].id)
        self.assertEqual(taken, [*order[2:], front.id, *order[:2]])

    def test_a_waiting_worker_takes_jobs_and_commands(self):
        process = self.start_worker("--name", "waiting", "work")
        self.assertTrue(eventually(lambda: rq.Worker.count(queue=self.queue) == 1))
        jobs = []
        for i in range(5):  # Each one finds the worker blocked.
            jobs.append(self.queue.enqueue(operator.add, i, i))
            self.assertTrue(eventually(lambda: self.fetch(jobs[-1]).is_finished))
            time.sleep(0.02)
        self.assertEqual([self.fetch(job).return_value() for job in jobs], [0, 2, 4, 6, 8])
        self.assertTrue(eventually(lambda: self.redis.pubsub_numsub("rq:pubsub:waiting")[0][1]))
        send_shutdown_command(self.redis, "waiting")
        self.queue.enqueue(operator.add, 1, 1)  # A blocked worker looks up when something comes.
        self.finish(process)
        self.assertEqual(rq.Worker.count(queue=self.queue), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # Those of Debian's RQ.
