# A Celery application: a producer (the argument "produce") and the task of its worker. The
# environment names the port, and the file to which the task writes.
import os
import sys

from celery import Celery

app = Celery("celery_tasks", broker=f"redis://127.0.0.1:{os.environ['PORT']}/0")
app.conf.broker_transport_options = {"ack_emulation": False}
app.conf.worker_enable_remote_control = False
app.conf.task_ignore_result = True


@app.task
def add(x, y):
    with open(os.environ["SUMS"], "a") as sums:
        sums.write(f"{x + y}\n")


if __name__ == "__main__" and sys.argv[1:] == ["produce"]:
    for n in range(3):
        app.send_task("celery_tasks.add", (n, 10))
