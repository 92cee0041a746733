"""The tasks of celery_test.py. TARN_URL names the server."""

import os

from celery import Celery

URL = os.environ["TARN_URL"]

app = Celery("tasks", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(
    task_serializer="json",
    result_expires=600,
    task_default_queue="work",
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def add(x, y):
    return x + y


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def fail():
    raise ValueError("on purpose")


@app.task(bind=True, max_retries=3)
def succeed_at_last(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.3)
    return self.request.retries


@app.task(bind=True)
def report_progress(self):
    self.update_state(state="HALFWAY", meta={"done": 50})
    return "done"


@app.task
def make_large(size):
    return "x" * size
