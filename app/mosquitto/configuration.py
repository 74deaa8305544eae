"""mosquitto.conf for production, rendered from a template in which every line has its reason."""

from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from app.mosquitto.book import BrokerFiles
from app.mosquitto.sizing import QueuePlan

__all__ = ["BrokerPlan", "render_configuration"]


@dataclass(frozen=True, kw_only=True)
class BrokerPlan:
    """Everything an installation decides about its broker.

    `certificates` holds ca.crt, server.crt and server.key. `run_as` is the user that mosquitto becomes when
    root starts it. `largest_message_bytes` is what the broker takes; the collector dead-letters what is above
    its own limit, which must be lower, or nobody would see what was oversized. `receive_maximum` is that of a
    client that names none.
    """

    queue: QueuePlan
    folder: Path = Path("/etc/mosquitto/ioc")
    certificates: Path = Path("/etc/mosquitto/ioc/certs")
    data: Path = Path("/var/lib/mosquitto")
    pid_file: Path = Path("/run/mosquitto/mosquitto.pid")
    log: Path = Path("/var/log/mosquitto/mosquitto.log")
    run_as: str = "mosquitto"
    devices_address: str = "0.0.0.0"  # noqa: S104 - devices come from outside, over TLS, with a password
    devices_port: int = 8883
    services_address: str = "127.0.0.1"
    services_port: int = 8884
    connections: int = 10_000
    largest_message_bytes: int = 262_144
    receive_maximum: int = 10_000
    files: BrokerFiles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", BrokerFiles(self.folder))


def render_configuration(plan: BrokerPlan) -> str:
    """The text of mosquitto.conf."""
    environment = Environment(
        loader=PackageLoader("app.mosquitto"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - this is no HTML
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    return environment.get_template("mosquitto.conf.j2").render(plan=plan, queue=plan.queue)
