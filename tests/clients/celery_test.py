#!/usr/bin/python3
"""Celery, the task queue for Python, as Debian ships it: broker and result backend are the server.

The broker keeps queues in lists and waits with BRPOP, what workers have taken in a hash and a
sorted set, bindings in sets, and broadcasts with PUBLISH and PSUBSCRIBE; results are strings that
are also published.

Workers look now and then for what others have taken and not finished. One at a time does, under a
lock, and the lock is released by a script. As long as the server has no scripts, the test holds
that lock, as another worker would; so what a dead worker had taken is not given back here.
"""

import gc
import os
import signal
import subprocess
import sys
import unittest

from listening import HOST, SKIPPED, SMALL, eventually, listening_server

try:
    import celery
    import celery.exceptions
    import redis
except ImportError as missing:
    print(f"skipped: {missing} (Debian's python3-celery has it)")
    sys.exit(SKIPPED)

HERE = os.path.dirname(os.path.abspath(__file__))
TASKS = 100 if SMALL else 500
PATIENCE_S = 30


class Celery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())
        os.environ["TARN_URL"] = f"redis://{HOST}:{cls.server.port}"
        import celery_tasks  # It reads the environment.
        cls.tasks = celery_tasks
        cls.addClassCleanup(celery_tasks.app.close)
        cls.redis = redis.Redis(HOST, cls.server.port)
        cls.addClassCleanup(cls.redis.connection_pool.disconnect)
        cls.redis.set("unacked_mutex", "held by the test")
        cls.worker, cls.log = cls.start_worker("--concurrency", "2", "--task-events")
        cls.addClassCleanup(gc.collect)  # Results unsubscribe when they are forgotten.

    @classmethod
    def start_worker(cls, *options):
        path = os.path.join(cls.server.directory, "celery.log")
        command = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "-l", "INFO",
                   "--without-mingle", *options]
        with open(path, "wb") as log:
            process = subprocess.Popen(command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env={**os.environ, "PYTHONPATH": HERE})
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        return process, path

    @classmethod
    def tearDownClass(cls):
        """The worker ends well when it is asked to and has nothing to do."""
        inspect = cls.tasks.app.control.inspect(timeout=0.5)
        eventually(lambda: not any((inspect.active() or {"no answer": ["?"]}).values()))
        cls.worker.send_signal(signal.SIGTERM)
        status = cls.worker.wait(PATIENCE_S)
        if status != 0:
            with open(cls.log, encoding="utf-8", errors="replace") as log:
                raise AssertionError(f"the worker exited with {status}: {log.read()[-3000:]}")

    def test_hundreds_of_tasks(self):
        results = [self.tasks.add.delay(i, i) for i in range(TASKS)]
        self.assertEqual([result.get(timeout=PATIENCE_S) for result in results],
                         [2 * i for i in range(TASKS)])
        self.assertTrue(eventually(lambda: self.redis.hlen("unacked") == 0))
        self.assertEqual((self.redis.llen("work"), self.redis.zcard("unacked_index")), (0, 0))
        for result in results:
            result.forget()

    def test_groups_and_chains(self):
        tasks = self.tasks
        group = celery.group(tasks.add.s(i, 1) for i in range(50))()
        self.assertEqual(group.get(timeout=PATIENCE_S), list(range(1, 51)))
        chain = celery.chain(tasks.add.s(1, 2), tasks.add.s(10), tasks.add.s(100))()
        self.assertEqual(chain.get(timeout=PATIENCE_S), 113)

    def test_chords(self):
        """The workers count the parts that are done in the backend; the last starts the body."""
        tasks = self.tasks
        chord = celery.chord(tasks.add.s(i, 1) for i in range(40))(tasks.total.s())
        self.assertEqual(chord.get(timeout=PATIENCE_S), sum(range(1, 41)))

    def test_failures(self):
        result = self.tasks.fail.delay()
        with self.assertRaisesRegex(ValueError, "on purpose"):
            result.get(timeout=PATIENCE_S)
        self.assertEqual(result.state, "FAILURE")
        self.assertIn("celery_tasks.py", result.traceback)

    def test_retries(self):
        self.assertEqual(self.tasks.succeed_at_last.delay().get(timeout=PATIENCE_S), 2)

    def test_states_on_the_way(self):
        states = []
        result = self.tasks.report_progress.delay()
        value = result.get(timeout=PATIENCE_S,
                           on_message=lambda body: states.append(body["status"]))
        self.assertEqual(value, "done")
        self.assertLessEqual(set(states), {"HALFWAY", "SUCCESS"})

    def test_large_results(self):
        size = 100_000 if SMALL else 4_000_000
        self.assertEqual(len(self.tasks.make_large.delay(size).get(timeout=PATIENCE_S)), size)

    def test_priorities_are_separate_lists(self):
        """Nobody takes from this queue; its highest priority has the queue's own name."""
        for priority in (0, 3, 9):
            self.tasks.add.apply_async((1, 1), queue="other", priority=priority)
        lists = {key for key in self.redis.scan_iter(_type="list") if key.startswith(b"other")}
        self.assertEqual(lists, {b"other", b"other\x06\x163", b"other\x06\x169"})
        self.assertEqual(self.redis.smembers("_kombu.binding.other"),
                         {b"other\x06\x16\x06\x16other"})

    def test_purge(self):
        for _ in range(5):
            self.tasks.add.apply_async((1, 1), queue="unused")
        with self.tasks.app.connection_for_write() as connection:
            self.assertEqual(connection.default_channel.queue_purge("unused"), 5)
        self.assertEqual(self.redis.exists("unused"), 0)

    def test_broadcasts(self):
        """All workers hear them: a task that is revoked while it waits for its time is not done."""
        control = self.tasks.app.control
        self.assertTrue(eventually(lambda: control.ping(timeout=1, limit=1)))  # It has begun.
        registered = control.inspect(timeout=2).registered()
        self.assertIn("celery_tasks.add", next(iter(registered.values())))
        later = self.tasks.add.apply_async((1, 1), countdown=2)
        self.assertTrue(eventually(lambda: self.redis.hlen("unacked") == 1))
        later.revoke()
        now = self.tasks.add.apply_async((2, 2), countdown=0.1)
        self.assertEqual(now.get(timeout=PATIENCE_S), 4)
        self.assertTrue(eventually(lambda: self.redis.hlen("unacked") == 0))
        with self.assertRaises(celery.exceptions.TaskRevokedError):
            later.get(timeout=PATIENCE_S)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # Those of Debian's Celery.
