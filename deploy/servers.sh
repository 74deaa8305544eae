#!/bin/sh
# Brings the real servers that tests and benchmarks want. Does nothing for one that is there.
# Today: mosquitto with its clients. Other systems: install mosquitto 2 by hand, the tests find it.
set -eu

have() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1" >/dev/null 2>&1; }

if have mosquitto && have mosquitto_sub; then
  echo "mosquitto: there"
  exit 0
fi
if ! have apt-get; then
  echo "mosquitto is missing and this system has no apt-get; install mosquitto 2 and its clients by hand" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "mosquitto is missing; installing it needs root: sudo make servers" >&2
  exit 1
fi
echo "mosquitto: installing"
apt-get update -q
# Debian starts a broker on port 1883 when it installs one; ours are started by who needs them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mosquitto mosquitto-clients
