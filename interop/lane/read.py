#!/usr/bin/env python3
"""Prints what one side of a lane has sent, a line for each frame, as docs/lane.md says it.

    read.py < RECORDED       from the preface on
    read.py --golden FILE    each line `bytes ..` of FILE by itself, see docs/lane.golden.txt
"""
import json, re, sys

KEYS = "authorization traceparent tracestate baggage micro-id micro-from-service micro-namespace micro-topic user-agent micro-attempt".split()
LIMITS = "max_calls max_message max_frame stream_window connection_window max_routes max_blocks max_partial max_header".split()

def need(holds, why):
    if not holds: raise ValueError(why)

class Fields:
    def __init__(self, data): self.data = data
    def take(self, size):
        need(size <= len(self.data), "too short for its fields")
        taken, self.data = self.data[:size], self.data[size:]
        return taken
    def rest(self): return self.take(len(self.data))
    def number(self, size): return int.from_bytes(self.take(size), "big")
    def text(self, size=None):
        return json.dumps((self.rest() if size is None else self.take(self.number(size))).decode(), ensure_ascii=False)
    def names(self): return f"service={self.text(2)} endpoint={self.text(2)}"
    def flags(self, *names):
        byte = self.number(1)
        need(byte < 1 << len(names), "flags that are not known")
        return {name for bit, name in enumerate(names) if byte & 1 << bit}
    def listed(self, name, there): return f" {name}=[{entries(self.take(self.number(4)) if there else b'')}]"
    def message(self, flags):
        if "BODY" not in flags: return ""
        size = self.number(4) if "MORE" in flags and "PART" not in flags else 1 << 32
        need(not flags & {"MORE", "PART"} or 0 < len(self.data) < size, "a part that is empty, or all there is")
        which = {(0, 0): "message", (1, 0): "first", (1, 1): "middle", (0, 1): "last"}["MORE" in flags, "PART" in flags]
        return f" {which}={self.rest().hex()}" + (f" total={size}" if which == "first" else "")

def entries(data):
    f, shown = Fields(data), []
    while f.data:
        number = f.number(1)
        need(number <= len(KEYS), "the number of a key that is not known")
        name = KEYS[number - 1] if number else json.loads(f.text(2))
        need(re.fullmatch(r"[-!#$%&'*+.^_`|~0-9a-z]{1,256}", name), "a name that is none")
        value = f.take(f.number(4)).hex() if name.endswith("-bin") else f.text(4)
        need(name.endswith("-bin") or not re.search(r"[\0-\x08\n-\x1f\x7f-\x9f]", json.loads(value)), "control characters")
        shown.append(f"{name}={value}")
    need(len(shown) <= 1024, "too many entries")
    return " ".join(shown)

def hello(f):
    need(len(f.data) % 10 == 0 and len(f.data) <= 640, "no fields, or too many")
    fields = [(f.number(2), f.number(8)) for _ in range(len(f.data) // 10)]
    need(len(dict(fields)) == len(fields), "a key twice")
    need(all(n >= 16384 if key == 3 else n < 1 << 31 or key not in (4, 5) for key, n in fields), "out of range")
    return " ".join(f"{LIMITS[key - 1] if 1 <= key <= 9 else key}={value}" for key, value in fields)

def call(f):
    flags = f.flags("STREAM", "MORE", "OWN", "NAMED", "BODY")
    form, route, block, time = f.number(1), f.number(2), f.number(2), f.number(8)
    need(form and bool(route) != ("NAMED" in flags), "no format, no route, or two")
    to = f.names() if "NAMED" in flags else f"route={route}"
    return f"stream={'yes' if 'STREAM' in flags else 'no'} format={form} {to} block={block} time={time}" + f.listed("own", "OWN" in flags) + body(f, flags)

def reply(f):
    flags = f.flags("STREAM", "MORE", "METADATA", "TRAILERS", "BODY")
    need(not {"STREAM", "TRAILERS"} <= flags, "trailers before a stream")
    lists = f.listed("metadata", "METADATA" in flags) + f.listed("trailers", "TRAILERS" in flags)
    return f"stream={'yes' if 'STREAM' in flags else 'no'}{lists}" + body(f, flags)

def body(f, flags):
    need(not {"STREAM", "BODY"} <= flags and ("BODY" in flags or "MORE" not in flags), "flags that exclude each other")
    return f.message(flags)

def end(f):
    flags = f.flags("ERROR", "TRAILERS")
    need(len(flags) < 2, "flags that exclude each other")
    return f"error={f.text()}" if "ERROR" in flags else f"trailers=[{entries(f.rest())}]" if flags else ""

def credit(f):
    size = f.number(4)
    need(0 < size < 1 << 31, "no credit, or too much")
    return f"bytes={size}"

def goaway(f):
    need(len(f.data) <= 5 + 1024, "a text that is too long")
    return f"code={f.number(1)} retry_after={f.number(4)} text={f.text()}"

def eight(f): return "bytes=" + f.take(8).hex()

CALLS, CONNECTION, NUMBERS = range(1, 1 << 32), range(1), range(1, 1 << 16)
FRAMES = {  # By kind: its name, what its id is called, which ids it may have, how its payload is read.
    1: ("HELLO", "id", CONNECTION, hello), 2: ("CALL", "id", CALLS, call), 3: ("REPLY", "id", CALLS, reply),
    4: ("DATA", "id", CALLS, lambda f: f.message(f.flags("MORE", "PART") | {"BODY"})), 5: ("END", "id", CALLS, end),
    6: ("CANCEL", "id", CALLS, lambda f: ""), 7: ("CREDIT", "id", range(1 << 32), credit), 8: ("PING", "id", CONNECTION, eight),
    9: ("PONG", "id", CONNECTION, eight), 10: ("GOAWAY", "id", CONNECTION, goaway), 11: ("ROUTE", "number", NUMBERS, Fields.names),
    12: ("BLOCK", "number", NUMBERS, lambda f: f"entries=[{entries(f.rest())}]"),
    13: ("FORMAT", "number", range(16, 256), lambda f: f"content_type={f.text()}"),
}

def preface(f):
    need(f.take(7) == b"\x89LANE\r\n", "no lane")
    return f"PREFACE version={f.number(1)}"

def frame(f, max_frame=131072):
    length, kind, number = f.number(3), f.number(1), f.number(4)
    need(length <= max_frame + 64, "longer than max_frame allows")
    payload = Fields(f.take(length))
    if kind >= 0x80: return f"UNKNOWN kind={kind}"
    need(kind in FRAMES, "a kind that is not known")
    name, word, numbers, read = FRAMES[kind]
    need(number in numbers, "an id that it cannot have")
    shown = f"{name} {word}={number} " + read(payload).strip()
    need(not payload.data, "bytes behind its fields")
    return shown.strip()

def golden(line):
    f = Fields(bytes.fromhex(line))
    try:
        shown = preface(f) if f.data[:1] == b"\x89" else frame(f)
        return "more than one" if f.data else shown
    except ValueError:
        return "VIOLATION"

if sys.argv[1:2] == ["--golden"]:
    for line in open(sys.argv[2], encoding="utf-8"):
        if line.startswith("bytes "): print("means", golden(line[6:]))
else:
    stream = Fields(sys.stdin.buffer.read())
    print(preface(stream))
    while stream.data: print(frame(stream))
