"""Settings of the service, from the environment (`IOC_…`) or given by whoever starts it."""

from pathlib import Path
from typing import Literal

from apscheduler.triggers.cron import CronTrigger
from pydantic import Field, NonNegativeInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.tokens import ALGORITHMS
from app.errors import StartError
from app.mqtt import BrokerAddress
from collector.intake import IntakeSettings
from collector.rate_limit import RateLimit
from devices.decoders.options import DecoderOptions
from devices.topics import DEVICE_ID
from rules.review.case import ViolationState
from store.evidence.allowed import AllowList
from store.resolutions import Resolution
from store.windows import known_kind

__all__ = ["ServiceSettings"]


class ServiceSettings(BaseSettings):
    """Where the service keeps its data, listens and connects.

    From a settings file too (`app.configuration`), whose keys are these names.

    Raises:
        pydantic.ValidationError: a value that cannot be used; it names the setting.
    """

    model_config = SettingsConfigDict(
        env_prefix="IOC_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    data_dir: Path = Path("data")
    """Folder that the service keeps everything of this machine in."""
    rules_dir: Path | None = None
    """Folder of an installation's own rules; one with the id of a rule of ours takes its place."""
    city: str = "tam-ky"
    """The city: a file of devices/places, for its name, time zone and sun."""
    mqtt_host: str = "127.0.0.1"
    """The broker to read from."""
    mqtt_port: int = Field(default=1883, ge=1, le=65_535)
    """The broker's port; 8883 is usual with TLS."""
    mqtt_user: str | None = None
    """The collector's user name at the broker."""
    mqtt_password: str | None = Field(default=None, repr=False)
    """The collector's password at the broker."""
    mqtt_password_file: Path | None = None
    """File that holds the password; it comes before the password itself."""
    mqtt_tls: bool = False
    """Whether to speak TLS with the broker."""
    mqtt_ca_file: Path | None = None
    """Certificate that the broker's must come from, if not one of the system's; means TLS."""
    mqtt_statistics: bool = True
    """Whether to listen to what the broker says of itself on `$SYS`."""
    mqtt_out: bool = True
    """Whether to publish faults and violations under ioc/v1/out; the user must be allowed to write there."""
    http_host: str = "127.0.0.1"
    """Address that the API listens on."""
    http_port: int = Field(default=8080, ge=1, le=65_535)
    """Port that the API listens on."""
    batch_messages: int = Field(default=5_000, ge=1, le=10_000)
    """Most messages that are journaled in one commit."""
    max_payload_bytes: int = Field(default=16_384, ge=256, le=1_048_576)
    """A longer payload is a dead letter."""
    journal_cap_mb: int = Field(default=2_048, ge=1)
    """Size of the journal (MB) at which the collector stops acknowledging and the broker queues."""
    purge_every_s: float = Field(default=10.0, gt=0)
    """Seconds between two removals of what is no longer needed."""
    dead_letter_days: int = Field(default=14, ge=1)
    """Days that dead letters are kept; they may hold personal data."""
    dead_letters_kept: int = Field(default=200_000, ge=1)
    """Most dead letters that are kept: a flood of them pushes out the oldest, which are counted."""
    changes_days: int = Field(default=14, ge=1)
    """Days that changes are kept for live streams: who follows one may be away so long and miss nothing."""
    incident_history_days: int = Field(default=730, ge=1)
    """Days that what happened to incidents that are over is kept; the incidents themselves stay."""
    frigate_speed_unit: Literal["kmh", "mph"] = "kmh"
    """The unit that Frigate is set to."""
    payload_codecs: dict[str, str] = {}
    """Codecs of raw LoRaWAN bytes, by application: cayenne-lpp, json, or module:function."""
    collector_id: str = Field(default="collector-1", pattern=DEVICE_ID.pattern)
    """The device under which the collector speaks of itself."""
    areas: frozenset[str] = frozenset()
    """The wards that this collector collects; none means the whole city."""
    rate_limit_factor: float = Field(default=20.0, ge=1)
    """How many times more often than its interval a device may send."""
    rate_limit_burst: int = Field(default=50, ge=1)
    """Messages that a device may send at once."""
    operations_url: SecretStr | None = None
    """A PostgreSQL for operations, such as postgresql+psycopg://ioc@db.example/ioc; else SQLite."""
    operations_password_file: Path | None = None
    """File that holds the password of its user."""
    raw_days: int = Field(default=30, ge=0)
    """Days that readings and events are kept; 0 is for good. In InfluxDB `ioc store migrate` sets it."""
    minute_days: int = Field(default=365, ge=0)
    """Days that readings summed up by the minute are kept; 0 is for good."""
    hour_days: int = Field(default=3_650, ge=0)
    """Days that readings summed up by the hour are kept; 0 is for good."""
    kept_days: dict[str, dict[Resolution, NonNegativeInt]] = {}
    """Other days for some kinds, such as { wifi-ap = { raw = 7, 1m = 90 } }."""
    influx_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+/?$")
    """An InfluxDB 2.x for telemetry, such as https://influx.example:8086; else DuckDB."""
    influx_org: str = "ioc"
    """InfluxDB's organisation."""
    influx_bucket: str = "telemetry"
    """InfluxDB's bucket of readings and events; those of rollups have names that begin so."""
    influx_token: SecretStr | None = None
    """InfluxDB's token."""
    influx_token_file: Path | None = None
    """File that holds the token."""
    influx_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds that an answer of InfluxDB is waited for."""
    review_officers: int = Field(default=1, ge=1, le=2)
    """Officers who must agree before a suspected violation is confirmed or rejected; 2 are two persons."""
    review_days: int = Field(default=365, ge=1)
    """Days after which a suspicion that nobody decided expires; a year is the usual time bar (unverified)."""
    violation_days: dict[ViolationState, NonNegativeInt] = {
        ViolationState.CONFIRMED: 730,
        ViolationState.REJECTED: 90,
        ViolationState.EXPIRED: 30,
    }
    """Days after a violation that it is kept with its pictures, by state; a state without is kept."""
    evidence_url: str | None = None
    """Where pictures are kept: a folder, or s3://bucket/folder where s3fs is installed; else in data_dir."""
    evidence_hosts: tuple[str, ...] = ()
    """Where pictures may be fetched from: networks, hosts, beginnings of URLs; none means they are not."""
    evidence_max_mb: int = Field(default=10, ge=1, le=100)
    """Largest picture (MB)."""
    evidence_fetch_days: int = Field(default=7, ge=1)
    """Days for which fetching a picture is tried again."""
    api_rate_per_s: float = Field(default=100.0, ge=0)
    """Requests that a caller may make each second in the long run; 0 is no limit."""
    api_rate_burst: int = Field(default=1_000, ge=1)
    """Requests that a caller may make at once."""
    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://[^?#]+$")
    """Whose bearer tokens the API takes besides its own keys, such as https://login.example/realms/city."""
    oidc_audience: str = "ioc"
    """The audience that a token must be for."""
    oidc_keys_url: str | None = Field(default=None, pattern=r"^https?://[^?#]+")
    """Where the issuer's key set is; by default the issuer is asked for it."""
    oidc_algorithms: frozenset[str] = frozenset({"RS256", "ES256"})
    """Signatures that are accepted."""
    oidc_leeway_s: int = Field(default=30, ge=0, le=300)
    """Seconds that the issuer's clock may differ from ours."""
    oidc_name_claim: str = "sub"
    """The claim that names a person in the audit log; it must never change hands."""
    oidc_roles_claim: str = "roles"
    """The claim that has the roles, as a path such as realm_access.roles."""
    oidc_role_names: dict[str, str] = {}
    """Our roles by the issuer's words, such as { traffic-police = "officer" }; none if they are the same."""
    oidc_areas_claim: str | None = None
    """The claim that has the wards somebody is for; none means that everybody is for the whole city."""
    oidc_kinds_claim: str | None = None
    """The claim that has the kinds of device somebody is for."""
    notify_file: Path | None = None
    """TOML file of channels and routes: who is told of incidents, and how; none means nobody is."""
    public_url: str | None = Field(default=None, pattern=r"^https?://[^?#]+$")
    """The address under which crews' phones reach this service, such as https://ioc.example."""
    link_key: SecretStr | None = None
    """The key that signs crews' links, at least 32 characters; the same for all processes."""
    link_key_file: Path | None = None
    """File that holds the key that signs crews' links."""
    link_days: int = Field(default=30, ge=1, le=365)
    """Days that a crew's link opens its page, if its incident lasts so long."""
    link_closed_hours: int = Field(default=24, ge=0)
    """Hours that a crew's link opens its page after its incident ended."""
    report_digest: str = "0 6,14,22 * * *"
    """When a shift's digest is made, as a crontab line in the city's time; empty for never."""
    report_weekly: str = "0 7 * * mon"
    """When the weekly report is made, as a crontab line in the city's time; empty for never."""

    @field_validator("kept_days")
    @classmethod
    def _kinds_exist(cls, kept: dict[str, dict[Resolution, int]]) -> dict[str, dict[Resolution, int]]:
        try:
            for kind in kept:
                known_kind(kind)
        except LookupError as error:
            raise ValueError(str(error)) from error
        return kept

    @field_validator("evidence_hosts")
    @classmethod
    def _places_are_places(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        AllowList(entries)
        return entries

    @field_validator("oidc_algorithms")
    @classmethod
    def _algorithms_are_safe(cls, algorithms: frozenset[str]) -> frozenset[str]:
        if unsafe := sorted(algorithms - ALGORITHMS):
            raise ValueError(f"must be of {', '.join(sorted(ALGORITHMS))}, got {unsafe[0]!r}")
        return algorithms

    @field_validator("payload_codecs")
    @classmethod
    def _codecs_exist(cls, codecs: dict[str, str]) -> dict[str, str]:
        DecoderOptions(payload_codecs=codecs)
        return codecs

    @field_validator("report_digest", "report_weekly")
    @classmethod
    def _is_crontab(cls, line: str) -> str:
        if line:
            CronTrigger.from_crontab(line, timezone="UTC")
        return line

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
