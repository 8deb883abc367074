#!/usr/bin/env python3
"""Many connections that stay open, among them streams of answers, on one server.

bench/connections.py [connections] [streams] [seconds]   (default 2000, 50, 20)

Opens the connections one after the other and keeps them. In each of the seconds that follow every
tenth connection asks for something (health, a search, a document), while `streams` others read
answers as server-sent events, one after the other. Says how long the requests took, whether any
connection was lost or any answer was not the one that was asked for, and what memory the server
took. At the end half the connections are cut without a word, and the server must serve on.
"""

import asyncio
import json
import pathlib
import resource
import sys
import time

from common import Server, percentile

TEXT = "The pump of hall seven stands still on Sundays. Its valve is closed by the night shift."
BUSY = 20  # requests on their way at the same time


def memory_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(l for l in status.splitlines() if l.startswith("VmRSS")).split()[1]) / 1024


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in
               (line.partition(":") for line in head[1:] if line)}
    return int(head[0].split()[1]), headers


class Connection:
    def __init__(self, port, key):
        self.port, self.key = port, key

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    def send(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        self.writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)

    async def ask(self, method, path, body=None):
        began = time.monotonic()
        self.send(method, path, body)
        status, headers = await read_head(self.reader)
        answer = await self.reader.readexactly(int(headers["content-length"]))
        return status, answer, 1000 * (time.monotonic() - began)

    async def stream(self, path, body):
        """The events of one answer."""
        self.send("POST", path, body)
        status, headers = await read_head(self.reader)
        assert status == 200, (status, headers)
        text = b""
        while True:  # chunked
            size = int(await self.reader.readline(), 16)
            text += await self.reader.readexactly(size)
            await self.reader.readline()
            if size == 0:
                return [line[6:].strip() for line in text.decode().split("\n")
                        if line.startswith("event:")]


async def ask_at_times(connections, seconds, requests, bad):
    free = asyncio.Semaphore(BUSY)

    async def one(connection, index):
        method, path, body, wanted = REQUESTS[index % len(REQUESTS)]
        async with free:
            try:
                status, answer, took = await connection.ask(method, path, body)
            except (OSError, asyncio.IncompleteReadError) as error:
                bad.append(f"lost: {error}")
                return
        requests.append(took)
        if status != 200 or wanted not in answer:
            bad.append(f"{path}: {status} {answer[:100]!r}")

    for second in range(seconds):
        part = connections[second % 10::10]
        await asyncio.gather(asyncio.sleep(1), *(one(c, i) for i, c in enumerate(part)))


async def read_streams(connection, end, counts, bad):
    while time.monotonic() < end:
        try:
            events = await connection.stream("/v1/ask", {
                "question": "When does the pump of hall seven stand still?", "stream": True})
        except (OSError, AssertionError, asyncio.IncompleteReadError) as error:
            bad.append(f"stream: {error}")
            return
        counts.append(len(events))
        if not events or events[-1] != "done":
            bad.append(f"stream ended with {events[-1:]}")


async def measure(server, count, streams, seconds):
    connections = []
    began = time.monotonic()
    for _ in range(count):
        connections.append(await Connection(server.port, KEY).open())
    opened = time.monotonic() - began
    requests, counts, bad = [], [], []
    await ask_at_times(connections, 10, [], bad)  # each has been used once
    print(f"{count} connections open in {opened:.1f} s, {memory_mib(server.process.pid):.0f} MiB,"
          f" {len(bad)} failures")
    readers = [await Connection(server.port, KEY).open() for _ in range(streams)]
    end = time.monotonic() + seconds
    await asyncio.gather(ask_at_times(connections, seconds, requests, bad),
                         *(read_streams(reader, end, counts, bad) for reader in readers))
    print(f"{len(requests)} requests, p50 {percentile(requests, .5):.1f} ms, p99 "
          f"{percentile(requests, .99):.1f} ms; {len(counts)} answers streamed, {sum(counts)} "
          f"events; {memory_mib(server.process.pid):.0f} MiB; {len(bad)} failures")
    for line in sorted(set(bad))[:10]:
        print("  " + line)
    for connection in connections[::2]:
        connection.writer.transport.abort()
    _, _, took = await connections[1].ask("GET", "/healthz")
    print(f"half cut: the next answer took {took:.1f} ms")
    return not bad


def main():
    count, streams, seconds = (int(a) for a in (sys.argv[1:] + ["2000", "50", "20"])[:3])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 65536), limit))
    with Server(arguments=("--requests-per-second", "100000")) as server:
        client = server.client()
        collection = client.create_collection("Pumps")["id"]
        document = client.add_text(collection, "Hall seven", TEXT)["id"]
        client.wait_for([document])
        global KEY, REQUESTS
        KEY = client.key
        REQUESTS = (("GET", "/healthz", None, b"ok"),
                    ("POST", "/v1/search", {"query": "pump", "mode": "keyword"}, document.encode()),
                    ("GET", f"/v1/documents/{document}", None, b"Hall seven"))
        good = asyncio.run(measure(server, count, streams, seconds))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
