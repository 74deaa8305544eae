"""A process that decides and delivers without end, to be killed; told the database and the hook's port."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from devices.clock import SystemClock
from devices.registry import Registry
from notify.configuration import NotifyPlan
from notify.deciding import Deciding, LinkTerms
from notify.delivery import Delivery, Patience, page_link
from notify.links import LinkKey
from notify.operations_incidents import OperationsIncidents
from notify.routes import Label, Timing
from notify.webhook_channel import WebhookChannel
from store.operations.database import OperationsDatabase
from store.operations.outbox import Outbox
from tests.notify.support import KEY, people, route

SECRET = b"0123456789abcdef0123456789abcdef"


def main(url: str, port: int) -> None:
    database, clock, links = OperationsDatabase(url), SystemClock(), LinkKey(KEY)
    hook = WebhookChannel("hook", f"http://127.0.0.1:{port}/", SECRET, timeout_s=5, real_clock=clock)
    timing = Timing(wait_ms=0, interval_ms=0, repeat_ms=10**9)
    told = route(channels=("hook",), group_by=(Label.DEVICE,), timing=timing)
    plan = NotifyPlan(channels={"hook": hook}, routes=(told,))
    feed = OperationsIncidents(database, lambda: Registry([]))
    deciding = Deciding(database, feed, plan, people, LinkTerms(key=links, valid_ms=10**9), clock)
    patience = Patience(hold_s=0.2, first_s=0.05, most_s=0.1)
    link = page_link(links, "https://ioc.example")
    delivery = Delivery(Outbox(database), plan, link, real_clock=clock, patience=patience)
    while True:
        deciding.run(clock.now_ms())
        delivery.run(clock.now_ms())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
