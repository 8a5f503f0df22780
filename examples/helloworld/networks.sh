#!/usr/bin/env bash
# Runs the service in network namespaces that are like machines of several kinds, and calls it by name in each.
# Needs root, or a system that lets users make namespaces.
set -euo pipefail
bin=$1

if [ -z "${2:-}" ]; then
    for machine in loopback docker ipv6 two; do
        unshare --user --map-root-user --net true 2>/dev/null && user='--user --map-root-user' || user=
        # shellcheck disable=SC2086
        env -u MICRO_REGISTRY_ADDRESS unshare $user --net -- bash "$0" "$bin" "$machine"
    done
    exit
fi

wire() { ip link add "$1" type veth peer name "veth-$1"; ip link set "veth-$1" up; ip link set "$1" up; }
ip link set lo up
case $2 in
loopback) expected='127\.0\.0\.1' ;;
docker)
    ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up
    expected='127\.0\.0\.1' ;;
ipv6)
    ip addr del 127.0.0.1/8 dev lo; wire eth0; ip addr add fd00::5/64 dev eth0 nodad
    ip -6 route add default via fd00::1 dev eth0
    expected='\[fd00::5\]' ;;
two)
    wire eth0; ip addr add 192.168.1.5/24 dev eth0; wire eth1; ip addr add 10.1.0.5/24 dev eth1
    ip route add default via 10.1.0.1 dev eth1
    expected='10\.1\.0\.5' ;;
esac

log=$(mktemp)
trap 'kill "$service" 2>/dev/null || true; rm -f "$log"' EXIT
"$bin/helloworld" >/dev/null 2>"$log" &
service=$!
for _ in $(seq 100); do grep -q 'Registering node' "$log" && break; sleep 0.1; done
if ! grep -Eq "Registering node: .* at $expected:[0-9]+" "$log"; then echo "$2: advertises another address:"; cat "$log"; exit 1; fi
greeting=$("$bin/call" Jane)
[ "$greeting" = 'Hello Jane' ] || { echo "$2: $greeting"; exit 1; }
kill -TERM "$service"
wait "$service"
echo "helloworld: advertised and called on a machine of kind $2"
