#!/bin/sh
# Brings the real servers that tests and benchmarks want. Does nothing for one that is there.
#
#   sh deploy/servers.sh                 mosquitto, PostgreSQL, promtool, InfluxDB and Telegraf
#   sh deploy/servers.sh influxdb        that one only
#
# mosquitto, PostgreSQL and Prometheus' promtool come from the system's packages, and none is left running. InfluxDB and Telegraf are built from their Go modules, at the versions
# pinned in deploy/servers/*/go.mod, into IOC_SERVERS_DIR (default: ioc-telemetry/servers in the user's cache).
set -u

here=$(cd "$(dirname "$0")" && pwd)
servers=${IOC_SERVERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ioc-telemetry/servers}
PATH="$PATH:/usr/sbin:/usr/local/sbin"
INFLUXDB=2.7.12
TELEGRAF=1.37.2

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() { say "$*" >&2; return 1; }

# Runs a command with its output in a log; says every half minute that it is still at work, and how it ended.
watched() {
  name=$1 log=$2
  shift 2
  began=$(date +%s)
  "$@" >"$log" 2>&1 &
  job=$!
  seconds=0
  while kill -0 "$job" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 30)) -ne 0 ] || say "$name: building, $(($(date +%s) - began)) s so far"
  done
  if wait "$job"; then
    say "$name: built in $(($(date +%s) - began)) s"
  else
    tail -n 20 "$log" >&2
    fail "$name: the build failed; its whole output is in $log"
  fi
}

# Names what a build wants and this machine lacks.
wanted() {
  name=$1 go=$2
  shift 2
  missing=""
  for tool in "$@"; do have "$tool" || missing="$missing $tool"; done
  if have go; then
    found=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
    oldest=$(printf '%s\n%s\n' "$go" "$found" | sort -V | head -n 1)
    [ "$oldest" = "$go" ] || missing="$missing go>=$go(found:$found)"
  fi
  [ -z "$missing" ] || fail "$name: left out, its build wants:$missing. Install these and run make servers again"
}

# Installs packages of the system for a server that is missing.
installed() {
  name=$1
  shift
  have apt-get || { fail "$name: missing, and there is no apt-get; install $*"; return; }
  [ "$(id -u)" -eq 0 ] || { fail "$name: missing; installing it needs root: sudo make servers"; return; }
  say "$name: installing"
  # Debian starts a server on its usual port when it installs one; ours are started by who needs them.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -q &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

mosquitto() {
  if have mosquitto && have mosquitto_sub; then say "mosquitto: there"; return; fi
  installed mosquitto mosquitto mosquitto-clients
}

postgresql() {
  # Debian keeps the server's programs in a folder for each version, and not on the PATH.
  for found in "$(command -v initdb)" /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$found" ]; then say "$("$found" --version | sed 's/^initdb (//; s/)//'): there"; return; fi
  done
  installed postgresql postgresql || return
  # It makes a cluster and may have started it whatever the policy says.
  if have pg_lsclusters; then
    pg_lsclusters -h | while read -r version cluster _ state _; do
      [ "$state" = down ] || pg_ctlcluster "$version" "$cluster" stop
    done
  fi
}

promtool() {
  if have promtool; then say "promtool: there"; return; fi
  installed promtool prometheus
}

influxdb() {
  target=$servers/influxd-$INFLUXDB
  if [ -x "$target" ]; then say "influxd $INFLUXDB: there"; return; fi
  wanted "influxd $INFLUXDB" 1.24 go cargo cc pkg-config || return
  work=$servers/build-influxd
  mkdir -p "$work"
  # Flux denies warnings that newer Rust compilers have; RUSTFLAGS does not reach its build script, a wrapper does.
  printf '#!/bin/sh\nexec "$@" --cap-lints warn\n' >"$work/rustc"
  chmod +x "$work/rustc"
  say "influxd $INFLUXDB: building into $servers (about four minutes the first time)"
  watched "influxd $INFLUXDB" "$work/build.log" build_influxdb && rm -rf "$work"
}

build_influxdb() (
  cp "$here/servers/influxdb/go.mod" "$here/servers/influxdb/go.sum" "$work" && cd "$work" || exit
  # Flux's Rust library is built by a pkg-config of its own, named by its path: in PATH it would call itself.
  # Flux pins an older Rust; the one that is there is taken instead.
  export GOTOOLCHAIN=local GOFLAGS=-mod=readonly RUSTUP_TOOLCHAIN="${RUSTUP_TOOLCHAIN:-stable}"
  nice go build -o "$work/pkg-config" github.com/influxdata/pkg-config &&
    PKG_CONFIG=$work/pkg-config RUSTC_WRAPPER=$work/rustc nice go build -buildvcs=false \
      -tags sqlite_foreign_keys,sqlite_json -ldflags "-s -w -X main.version=$INFLUXDB" \
      -o "$work/influxd" github.com/influxdata/influxdb/v2/cmd/influxd &&
    mv "$work/influxd" "$target"
)

telegraf() {
  target=$servers/telegraf-$TELEGRAF
  if [ -x "$target" ]; then say "telegraf $TELEGRAF: there"; return; fi
  wanted "telegraf $TELEGRAF" 1.25.5 go || return
  work=$servers/build-telegraf
  mkdir -p "$work"
  say "telegraf $TELEGRAF: building into $servers (about a minute the first time)"
  watched "telegraf $TELEGRAF" "$work/build.log" build_telegraf && rm -rf "$work"
}

build_telegraf() (
  cp "$here/servers/telegraf/go.mod" "$here/servers/telegraf/go.sum" "$work" && cd "$work" || exit
  export GOTOOLCHAIN=local GOFLAGS=-mod=readonly
  # Only the plugins of the comparison, so that it is as small and as fast as it can be.
  nice go build -buildvcs=false -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=$TELEGRAF" \
    -tags custom,inputs.mqtt_consumer,outputs.influxdb_v2,outputs.discard,parsers.json,serializers.influx \
    -o "$work/telegraf" github.com/influxdata/telegraf/cmd/telegraf &&
    mv "$work/telegraf" "$target"
)

status=0
for server in ${*:-mosquitto postgresql promtool influxdb telegraf}; do
  case $server in
    mosquitto | postgresql | promtool | influxdb | telegraf) "$server" || status=1 ;;
    *) fail "servers are mosquitto, postgresql, promtool, influxdb and telegraf, got '$server'" || exit 2 ;;
  esac
done
exit $status
