#!/usr/bin/env bash
# Runs the service and calls it: by curl over both versions of HTTP, and by name from another process.
# In a network namespace of its own, so that it is alone with its name. Needs root, or a system that lets users make
# namespaces.
set -euo pipefail
bin=$1
if [ -z "${2:-}" ]; then
    unshare --user --map-root-user --net true 2>/dev/null && user='--user --map-root-user' || user=
    # shellcheck disable=SC2086
    unshare $user --net -- bash "$0" "$bin" alone
    exec bash networks.sh "$bin"
fi
ip link set lo up
export MICRO_REGISTRY_ADDRESS=lo
out=$(mktemp)
service=
trap '[ -z "$service" ] || kill "$service" 2>/dev/null || true; rm -f "$out"' EXIT

if "$bin/call" Nobody 2>"$out"; then echo "call found a service that does not run"; exit 1; fi
grep -q 'service `helloworld` is not known to registry mdns (interfaces lo)' "$out"

MICRO_SERVER_ADDRESS=127.0.0.1:0 MICRO_REGISTER_TTL=5 MICRO_REGISTER_INTERVAL=2 "$bin/helloworld" >"$out" 2>/dev/null &
service=$!
for _ in $(seq 100); do grep -q curl "$out" && break; sleep 0.1; done
url=$(grep -o 'http://127.0.0.1:[0-9]*' "$out")
grep -q 'cargo run -p helloworld --bin call -- Jane' "$out"

expect() { if [ "$1" != "$2" ]; then echo "expected $2, got $1"; exit 1; fi; }
json='Content-Type: application/json'
for version in --http1.1 --http2-prior-knowledge; do
    expect "$(curl -s $version -H "$json" -d '{"name":"Jane"}' "$url/Helloworld/Call")" '{"msg":"Hello Jane"}'
    expect "$(curl -s $version -H "$json" -H 'Micro-Service: helloworld' -H 'Micro-Endpoint: Helloworld.Call' \
        -d '{"name":"Jane"}' "$url/")" '{"msg":"Hello Jane"}'
    # The message with name = "Jane": field 1, four bytes.
    expect "$(printf '\x0a\x04Jane' | curl -s $version -H 'Content-Type: application/protobuf' --data-binary @- "$url/Helloworld/Call" | od -An -c | tr -d ' \n')" '\n\nHelloJane'
    # {"name": "Jane"} in MessagePack.
    expect "$(printf '\x81\xa4name\xa4Jane' | curl -s $version -H 'Content-Type: application/msgpack' --data-binary @- "$url/Helloworld/Call" | tr -d '\000-\037\200-\377')" 'msgHello Jane'
    status() { curl -s -o "$out.body" -w '%{http_code}' $version "$@"; }
    expect "$(status -H "$json" -d '{}' "$url/Helloworld/Nope")" 404
    grep -q 'Helloworld.Call' "$out.body"
    expect "$(status -H "$json" -d '{"name":' "$url/Helloworld/Call")" 400
    expect "$(head -c 5242880 /dev/zero | tr '\0' 'x' | status -H "$json" --data-binary @- "$url/Helloworld/Call")" 413
    grep -q 'max_message' "$out.body"
    expect "$(status -d '{"name":"Jane"}' "$url/Helloworld/Call")" 415
    grep -q 'application/json' "$out.body"
    rm -f "$out.body"
done
for _ in $(seq 50); do [ "$(curl -s "$url/readyz")" = ok ] && break; sleep 0.1; done
expect "$(curl -s "$url/healthz")" ok
expect "$("$bin/call" Jane)" 'Hello Jane'

# Told to stop, it is out of the registry within a second, while it still answers those who have not heard of it. The
# same signal twice at once, as some supervisors send it, is no wish to end at once.
kill -TERM "$service"
sleep 0.05
kill -TERM "$service"
sleep 1
expect "$(curl -s -H "$json" -d '{"name":"Jane"}' "$url/Helloworld/Call")" '{"msg":"Hello Jane"}'
if "$bin/call" Late 2>"$out"; then echo "call found a service that is stopping"; exit 1; fi
grep -q 'is not known' "$out"
wait "$service"

# A second signal a while after the first one ends it at once, and says so by its exit code.
MICRO_SERVER_ADDRESS=127.0.0.1:0 "$bin/helloworld" >"$out" 2>/dev/null &
service=$!
for _ in $(seq 100); do grep -q curl "$out" && break; sleep 0.1; done
kill -TERM "$service"
sleep 1.2
kill -TERM "$service"
if wait "$service"; then echo "a service that was ended at once said that all was well"; exit 1; fi
service=
echo "helloworld: called over HTTP/1.1, HTTP/2 and by name"
