"""Writers whose data tell afterwards what was lost, and what was done by half.

Each writer works on keys of its own, one step after the other; step n
    INCRs a counter to n, RPUSHes n to a list, sets field n % 50 of a hash to n, ZADDs n,
    and in a MULTI sets two keys to n and pushes n to a second list;
a step is acknowledged when all of its replies have come. After a crash the data must be those of
step `done` for some done with acknowledged <= done <= sent (within the last step, of its commands
up to some point).
"""

import threading

from support.resp import Client, ConnectionClosed, encode

FIELDS = 50


def commands_of(name, n):
    return [
        ["INCR", f"{name}:counter"],
        ["RPUSH", f"{name}:list", str(n)],
        ["HSET", f"{name}:hash", str(n % FIELDS), str(n)],
        ["ZADD", f"{name}:zset", str(n), str(n)],
        ["MULTI"],
        ["SET", f"{name}:left", str(n)],
        ["RPUSH", f"{name}:queue", str(n)],
        ["SET", f"{name}:right", str(n)],
        ["EXEC"],
    ]


class Writer(threading.Thread):
    def __init__(self, port, name, start=0, steps_at_once=1):
        super().__init__(daemon=True)
        self.port = port
        self.name = name
        self.sent = start
        self.acknowledged = start
        self.steps_at_once = steps_at_once
        self.refused = None  # the first error that was replied
        self.halt = threading.Event()

    def run(self):
        try:
            with Client(self.port, timeout=30.0) as client:
                while not self.halt.is_set():
                    self.step(client)
        except (OSError, ConnectionClosed):
            pass

    def step(self, client):
        first = self.sent + 1
        self.sent += self.steps_at_once
        batch = [c for n in range(first, self.sent + 1) for c in commands_of(self.name, n)]
        client.send_raw(b"".join(encode(command) for command in batch))
        per_step = len(batch) // self.steps_at_once
        for _ in range(self.steps_at_once):
            for _ in range(per_step):
                reply = client.read_reply()
                if reply.is_error:
                    self.refused = reply.value
                    self.halt.set()
                    return
            self.acknowledged += 1

    def stop(self):
        self.halt.set()
        self.join(30)


def check(client, writer):
    """Returns how far the writer's data go, and raises AssertionError where they are wrong."""
    name = writer.name

    def fail(what):
        raise AssertionError(
            f"{name}: {what}; acknowledged {writer.acknowledged}, sent {writer.sent}")

    counter = int(client.do("GET", f"{name}:counter") or 0)
    values = [int(v) for v in client.do("LRANGE", f"{name}:list", 0, -1)]
    fields = client.do("HGETALL", f"{name}:hash")
    fields = {int(fields[i]): int(fields[i + 1]) for i in range(0, len(fields), 2)}
    members = [int(m) for m in client.do("ZRANGE", f"{name}:zset", 0, -1)]
    left = int(client.do("GET", f"{name}:left") or 0)
    right = int(client.do("GET", f"{name}:right") or 0)
    queue = [int(v) for v in client.do("LRANGE", f"{name}:queue", 0, -1)]

    if not writer.acknowledged <= counter <= writer.sent:
        fail(f"the counter is {counter}")
    # In the order of the commands: none may be ahead of the one before it.
    progress = [counter, len(values), max(fields.values(), default=0), len(members), left]
    for before, after in zip(progress, progress[1:]):
        if not before - 1 <= after <= before:
            fail(f"the progress of its keys is {progress}")
    if progress[-1] < counter - 1:
        fail(f"the progress of its keys is {progress}")
    if min(progress) < writer.acknowledged:
        fail(f"an acknowledged write is lost: {progress}")
    if left != right or len(queue) != left:
        fail(f"half a transaction: {left}, {right}, {len(queue)}")
    for what, numbers in (("list", values), ("queue", queue), ("sorted set", members)):
        if numbers != list(range(1, len(numbers) + 1)):
            fail(f"the {what} has gaps")
    for n in range(max(1, len(values) - FIELDS + 2), progress[2] + 1):
        if fields.get(n % FIELDS, 0) < n:
            fail(f"field {n % FIELDS} is older than {n}")
    return counter
