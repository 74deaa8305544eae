"""How Telegraf is set up for the comparison: the same messages, into the same server, as fast as it can."""

from app.mqtt import BrokerAddress
from benchmarks.ingest.influx import ORG, InfluxServer
from devices.topics import NATIVE_FILTERS

__all__ = ["configuration"]

_TEXT = """\
[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 1000000
  omit_hostname = true

[[inputs.mqtt_consumer]]
  servers = ["tcp://{host}:{port}"]
  topics = ["{telemetry}"]
  qos = 1
  client_id = "bench-telegraf"
  # With its default of 1,000 it stalls under full load.
  max_undelivered_messages = 20000
  topic_tag = ""
  data_format = "json"
  json_time_key = "ts"
  json_time_format = "unix_ms"
  # Texts and booleans too, as the collector stores them.
  json_string_fields = ["*"]
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "{telemetry}"
    measurement = "_/_/_/measurement/_/_"
    tags = "_/_/area/_/device/_"

[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  # On loopback compressing costs more than it saves; the collector does not compress either.
  content_encoding = "identity"
"""


def configuration(broker: BrokerAddress, server: InfluxServer, bucket: str) -> str:
    """Its configuration file."""
    return _TEXT.format(
        host=broker.host,
        port=broker.port,
        telemetry=NATIVE_FILTERS[0],
        url=server.url,
        token=server.token,
        org=ORG,
        bucket=bucket,
    )
