"""Settings of the service, from the environment (`IOC_…`) or given by whoever starts it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import StartError
from app.mqtt import BrokerAddress
from collector.intake import IntakeSettings
from collector.rate_limit import RateLimit
from devices.decoders.options import DecoderOptions
from devices.topics import DEVICE_ID

__all__ = ["ServiceSettings"]


class ServiceSettings(BaseSettings):
    """Where the service keeps its data, listens and connects.

    `collector_id` is the device under which the collector speaks of itself. `areas`: the wards it collects;
    empty means the whole city. `mqtt_statistics`: whether to listen to what the broker says of itself
    on `$SYS`.

    Raises:
        pydantic.ValidationError: a value that cannot be used; it names the setting.
    """

    model_config = SettingsConfigDict(env_prefix="IOC_", frozen=True, extra="forbid")

    data_dir: Path = Path("data")
    city: str = "tam-ky"
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = Field(default=1883, ge=1, le=65_535)
    mqtt_user: str | None = None
    mqtt_password: str | None = Field(default=None, repr=False)
    mqtt_password_file: Path | None = None
    mqtt_tls: bool = False
    mqtt_ca_file: Path | None = None
    mqtt_statistics: bool = True
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65_535)
    batch_messages: int = Field(default=5_000, ge=1, le=10_000)
    max_payload_bytes: int = Field(default=16_384, ge=256, le=1_048_576)
    journal_cap_mb: int = Field(default=2_048, ge=1)
    purge_every_s: float = Field(default=10.0, gt=0)
    dead_letter_days: int = Field(default=14, ge=1)
    frigate_speed_unit: Literal["kmh", "mph"] = "kmh"
    payload_codecs: dict[str, str] = {}
    collector_id: str = Field(default="collector-1", pattern=DEVICE_ID.pattern)
    areas: frozenset[str] = frozenset()
    rate_limit_factor: float = Field(default=20.0, ge=1)
    rate_limit_burst: int = Field(default=50, ge=1)
    operations_url: SecretStr | None = None
    operations_password_file: Path | None = None
    influx_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+/?$")
    influx_org: str = "ioc"
    influx_bucket: str = "telemetry"
    influx_token: SecretStr | None = None
    influx_token_file: Path | None = None
    influx_retention_days: int = Field(default=30, ge=0)
    influx_timeout_s: float = Field(default=10.0, gt=0)

    @field_validator("payload_codecs")
    @classmethod
    def _codecs_exist(cls, codecs: dict[str, str]) -> dict[str, str]:
        DecoderOptions(payload_codecs=codecs)
        return codecs

    @property
    def decoder_options(self) -> DecoderOptions:
        """What decoders cannot learn from messages."""
        return DecoderOptions(frigate_speed_unit=self.frigate_speed_unit, payload_codecs=self.payload_codecs)

    @property
    def broker(self) -> BrokerAddress:
        """The broker to read from.

        Raises:
            StartError: a file that it names cannot be read.
        """
        return BrokerAddress(
            host=self.mqtt_host,
            port=self.mqtt_port,
            user=self.mqtt_user,
            password=self._mqtt_password(),
            tls=self.mqtt_tls or self.mqtt_ca_file is not None,
            ca_file=self.mqtt_ca_file,
        )

    def _mqtt_password(self) -> str | None:
        """The password, from its file where one is named: more people see an environment than a file."""
        if self.mqtt_password_file is None:
            return self.mqtt_password
        try:
            return self.mqtt_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StartError(
                f"IOC_MQTT_PASSWORD_FILE={str(self.mqtt_password_file)!r} cannot be read ({error.strerror})"
            ) from error

    @property
    def receive_maximum(self) -> int:
        """Messages in flight: twice a batch, so that the next arrives while one is being written."""
        return 2 * self.batch_messages

    @property
    def duplicate_window(self) -> int:
        """Messages that duplicates are recognised over: twice what the broker can send again."""
        return 2 * self.receive_maximum

    @property
    def intake(self) -> IntakeSettings:
        """How the intake batches."""
        return IntakeSettings(batch_messages=self.batch_messages)

    @property
    def rate_limit(self) -> RateLimit:
        """How much more than its interval a device may send."""
        return RateLimit(factor=self.rate_limit_factor, burst=self.rate_limit_burst)
