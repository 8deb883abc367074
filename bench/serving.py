#!/usr/bin/env python3
"""Start-up time, idle memory, and search latency at 10,000 chunks.

bench/serving.py [chunks]   (default 10000; texts from the collections of the test data)
"""

import pathlib
import sys
import time

from common import Server, add_documents, percentile, retrieval_set

SETS = ("cmrc2018_zh_knownitem", "squad1_dev_knownitem", "cranfield", "med", "cisi", "cacm",
        "npl_vaswani")


def texts(count):
    documents, queries = {}, []
    for name in SETS:
        more, asked, _ = retrieval_set(name)
        for key, value in more.items():
            if len(documents) < count:
                documents[f"{name}/{key}"] = value
        queries += list(asked.values())[:60]
        if len(documents) >= count:
            break
    return documents, queries


def memory_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(l for l in status.splitlines() if l.startswith("VmRSS")).split()[1]) / 1024


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def restart(server):
    server.stop()
    begin = time.monotonic()
    server.start()
    return time.monotonic() - begin


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    server = Server(arguments=["--requests-per-second", "100000"])
    begin = time.monotonic()
    with server:
        print(f"start on an empty directory: {time.monotonic() - begin:.2f} s")
        time.sleep(1)
        engine = sum(memory_mib(child) for child in children(server.process.pid))
        print(f"idle memory, empty store: server {memory_mib(server.process.pid):.0f} MiB, "
              f"engine {engine:.0f} MiB")
        client = server.client()
        collection = client.create_collection("bench")["id"]
        documents, queries = texts(count)
        begin = time.monotonic()
        ids = add_documents(client, collection, documents)
        states = client.wait_for(list(ids), seconds=7200)
        seconds = time.monotonic() - begin
        chunks = sum(d["chunk_count"] for d in states)
        print(f"ingest: {len(ids)} documents, {chunks} chunks in {seconds:.0f} s: "
              f"{chunks / seconds:.1f} chunks/s", flush=True)
        for mode in ("keyword", "semantic", "hybrid"):
            times = []
            for query in queries[:40] + queries:
                begin = time.monotonic()
                client.search(query, mode=mode)
                times.append(time.monotonic() - begin)
            times = times[40:]
            print(f"search {mode:9} at {chunks} chunks, {len(times)} queries: p50 "
                  f"{1000 * percentile(times, .5):.1f} ms, p99 {1000 * percentile(times, .99):.1f} ms",
                  flush=True)
        print(f"start after a clean stop, {chunks} chunks: {restart(server):.2f} s")
        server.kill()
        begin = time.monotonic()
        server.start()
        print(f"start after kill -9, {chunks} chunks: {time.monotonic() - begin:.2f} s")
        time.sleep(1)
        engine = sum(memory_mib(child) for child in children(server.process.pid))
        print(f"idle memory, {chunks} chunks: server {memory_mib(server.process.pid):.0f} MiB, "
              f"engine {engine:.0f} MiB")


if __name__ == "__main__":
    main()
