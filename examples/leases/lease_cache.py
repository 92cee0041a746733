#!/usr/bin/env python3
"""A cache without stampedes, for redis-py: fifty threads want one page, and it is made once."""

import os
import threading
import time

import redis

LEASE_S = 10  # More than making a value takes.


def cached(r, key, make, ttl_s, refresh_s=5):
    """The value of the key; make() makes it where it is missing, stale or about to expire."""
    while True:
        value, token, _ = r.execute_command("GETLEASE", key, "EX", LEASE_S, "REFRESH", refresh_s)
        if token is not None:
            try:
                value = make()
            except BaseException:
                r.execute_command("INVALIDATE", key)  # Somebody else may try.
                raise
            # Stores nothing where the key was invalidated meanwhile: then it is made again.
            r.execute_command("SETLEASE", key, token, value, "EX", ttl_s)
            return value
        if value is not None:
            return value
        time.sleep(0.02)


def stampede(r, key, version, threads=50):
    """Returns how often the page was made, and all that the threads got."""
    made, got = [], []

    def make():
        made.append(version)
        time.sleep(0.2)  # The database.
        return f"page, version {version}"

    def visit():
        got.append(cached(r, key, make, ttl_s=60))

    visitors = [threading.Thread(target=visit) for _ in range(threads)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    return len(made), got


def main():
    r = redis.Redis.from_url(
        os.environ.get("URL", "redis://127.0.0.1:6379"), decode_responses=True
    )
    key = "leases:page:py"
    r.delete(key)
    for version, what in ((1, "missing"), (2, "stale")):
        made, got = stampede(r, key, version)
        counts = ", ".join(f"{got.count(text)} got '{text}'" for text in sorted(set(got)))
        print(f"{what}: made {made} time(s); {counts}")
        r.execute_command("INVALIDATE", key, "EX", 60)  # The source has changed.
    r.delete(key)


if __name__ == "__main__":
    main()
