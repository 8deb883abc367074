#!/usr/bin/env python3
"""How well response times tell what somebody may not see. Reports; gates nothing.

bench/timing_leak.py [requests of each kind]   (default 1000)

First, one server: each route with the id of something hidden and with an id of nothing; storing and
erasing bytes that are hidden elsewhere, and bytes that nobody has. Then two servers: the reader's
own documents alone, and beside four times as many hidden ones; a third server, equal to the first,
says what two equal ones come to. Requests alternate.

AUC: how often one of the first kind takes longer than one of the second; 0.5 when nothing can be
told, and a guesser who sees one answer is right max(AUC, 1 - AUC) of the time at best. t: Welch's,
on the middle 90 % of the times."""

import contextlib
import math
import random
import statistics
import sys
import time

import common
from read_routes import absent_like
from wenyuan_server import ServerInMemory

WORDS = ("pump valve torque diaphragm litre payment contract supplier invoice delivery warranty "
         "hospital patient budget river steel copper bridge harvest window letter").split()
SEEN, HIDDEN = 200, 800


def auc(first, second):
    """Mann-Whitney's U as a share; ties count half."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank = (at + 1 + end) / 2
        total += rank * sum(1 for _, kind in ranked[at:end] if kind == 0)
        at = end
    count = len(first)
    return (total - count * (count + 1) / 2) / (count * len(second))


def middle(values):
    values, cut = sorted(values), len(values) // 20
    return values[cut:len(values) - cut]


def welch(first, second):
    first, second = middle(first), middle(second)
    spread = math.sqrt(statistics.variance(first) / len(first)
                       + statistics.variance(second) / len(second))
    return (statistics.fmean(first) - statistics.fmean(second)) / spread if spread else 0.0


def seconds(client, request):
    """On a connection that is open already: an answer that refuses closes it."""
    client.connect()
    begin = time.perf_counter()
    client.request(*request)
    return time.perf_counter() - begin


def compare(name, count, first, second):
    """`first` and `second`: (client, function that gives a request)."""
    times, order = ([], []), random.Random(1)
    for number in range(count + 20):
        kinds = [0, 1]
        order.shuffle(kinds)
        for kind in kinds:
            client, make = (first, second)[kind]
            taken = seconds(client, make(number))
            if number >= 20:
                times[kind].append(taken)
    report(name, *times)


def report(name, first, second):
    print(f"| {name} | {len(first)} | {statistics.median(first) * 1e6:.0f} | "
          f"{statistics.median(second) * 1e6:.0f} | {welch(first, second):+.1f} | "
          f"{auc(first, second):.3f} |", flush=True)


def some_text(chance):
    return " ".join(chance.choice(WORDS) for _ in range(40)) + "."


def fill(server, with_hidden):
    """A reader's client, and ids of what is hidden from them."""
    admin, chance, texts = server.quick_client(), random.Random(7), []
    admin.must(201, admin.post("/v1/policies", {
        "name": "need to know", "text": "allow if user.department == resource.department and "
                                        "user.clearance >= resource.sensitivity"}))
    _, reader = admin.create_user("reader", {"department": "it", "clearance": "internal"})
    seen = admin.create_collection("Seen", "organization",
                                   {"department": "it", "sensitivity": "public"})
    other = admin.create_collection("Other", "organization",
                                    {"department": "hr", "sensitivity": "secret"})

    def add(collection, count, attributes):
        ids = []
        for start in range(0, count, 50):
            texts.extend(some_text(chance) for _ in range(50))
            ids += admin.must(202, admin.post(f"/v1/collections/{collection['id']}/documents", {
                "documents": [{"title": f"Note {start}", "attributes": attributes, "text": text}
                              for text in texts[-50:]]}))["documents"]
        return ids

    shown = add(seen, SEEN, {})
    hidden = []
    if with_hidden:
        hidden = add(seen, HIDDEN // 2, {"sensitivity": "secret"}) + add(other, HIDDEN // 2, {})
    for document in shown + hidden:
        admin.get(f"/v1/jobs/{document['job_id']}/events")
    mine = reader.create_collection("Mine")
    return {"client": reader, "seen": seen["id"], "other": other["id"], "shown": shown,
            "hidden": hidden, "mine": mine["id"], "texts": texts}


def hidden_or_absent(world, count):
    client, chance = world["client"], random.Random(3)

    def ids(key):
        pool = [document[key] for document in world["hidden"]]
        return (lambda _: chance.choice(pool)), (lambda _: absent_like(chance.choice(pool)))

    collection = (lambda _: world["other"]), (lambda _: absent_like(world["other"]))
    routes = [(f"GET /v1/documents/ID{part}", ids("id"),
               lambda object_id, part=part: ("GET", f"/v1/documents/{object_id}{part}"))
              for part in ("", "/content", "/chunks", "/versions")]
    routes += [(f"GET /v1/jobs/ID{part}", ids("job_id"),
                lambda object_id, part=part: ("GET", f"/v1/jobs/{object_id}{part}"))
               for part in ("", "/events")]
    routes += [
        ("PATCH /v1/documents/ID", ids("id"),
         lambda object_id: ("PATCH", f"/v1/documents/{object_id}", {"title": "x"})),
        ("DELETE /v1/documents/ID", ids("id"),
         lambda object_id: ("DELETE", f"/v1/documents/{object_id}")),
        ("GET /v1/collections/ID", collection,
         lambda object_id: ("GET", f"/v1/collections/{object_id}")),
        ("GET /v1/collections/ID/documents", collection,
         lambda object_id: ("GET", f"/v1/collections/{object_id}/documents")),
        ("GET /v1/grants?resource=ID (document)", ids("id"),
         lambda object_id: ("GET", f"/v1/grants?resource={object_id}")),
        ("GET /v1/grants?resource=ID (collection)", collection,
         lambda object_id: ("GET", f"/v1/grants?resource={object_id}")),
        ("POST /v1/search in ID", collection, lambda object_id: (
            "POST", "/v1/search", {"query": "pump", "mode": "keyword",
                                   "collection_ids": [object_id]})),
        ("POST /v1/ask in ID", collection, lambda object_id: (
            "POST", "/v1/ask", {"question": "pump?", "collection_ids": [object_id]})),
        ("POST /v1/chat/completions of ID", collection, lambda object_id: (
            "POST", "/v1/chat/completions", {
                "model": "wenyuan/" + object_id,
                "messages": [{"role": "user", "content": "pump?"}]})),
    ]
    for name, (hidden, absent), request in routes:
        compare(name, count, (client, lambda number, h=hidden, r=request: r(h(number))),
                (client, lambda number, a=absent, r=request: r(a(number))))


def same_bytes(world, count):
    """Storing and erasing what is hidden elsewhere already, and what nobody has."""
    client, chance = world["client"], random.Random(11)
    hidden = world["texts"][SEEN:]
    stores, erases = ([], []), ([], [])
    for number in range(min(count, len(hidden))):
        kinds = [0, 1]
        chance.shuffle(kinds)
        for kind in kinds:
            text = hidden[number] if kind == 0 else some_text(chance)
            client.connect()
            begin = time.perf_counter()
            made = client.add_text(world["mine"], "Mine", text)
            stores[kind].append(time.perf_counter() - begin)
            client.get(f"/v1/jobs/{made['job_id']}/events")
            erases[kind].append(seconds(client, ("DELETE", "/v1/documents/" + made["id"])))
    report("POST /v1/collections/ID/documents", *stores)
    report("DELETE /v1/documents/ID", *erases)


def with_or_without(first, second, count):
    def search(mode):
        return lambda world, number: ("POST", "/v1/search", {
            "query": " ".join(random.Random(number).sample(WORDS, 2)), "mode": mode})

    routes = [
        ("POST /v1/search, keyword", search("keyword")),
        ("POST /v1/search, semantic", search("semantic")),
        ("POST /v1/search, hybrid", search("hybrid")),
        ("POST /v1/search in a collection", lambda world, number: ("POST", "/v1/search", {
            "query": random.Random(number).choice(WORDS), "mode": "keyword",
            "collection_ids": [world["seen"]]})),
        ("POST /v1/search with a filter", lambda world, number: ("POST", "/v1/search", {
            "query": random.Random(number).choice(WORDS), "mode": "keyword",
            "filter": {"media_type": "text/plain"}})),
        ("POST /v1/ask", lambda world, number: ("POST", "/v1/ask", {
            "question": " ".join(random.Random(number).sample(WORDS, 2)) + "?"})),
        ("GET /v1/collections", lambda *_: ("GET", "/v1/collections")),
        ("GET /v1/collections/ID/documents", lambda world, _: (
            "GET", f"/v1/collections/{world['seen']}/documents")),
        ("GET /v1/collections/ID/documents?limit=200", lambda world, _: (
            "GET", f"/v1/collections/{world['seen']}/documents?limit=200")),
        ("GET /v1/documents/ID", lambda world, number: (
            "GET", "/v1/documents/" + world["shown"][number % SEEN]["id"])),
        ("GET /v1/documents/ID/chunks", lambda world, number: (
            "GET", f"/v1/documents/{world['shown'][number % SEEN]['id']}/chunks")),
        ("GET /v1/models", lambda *_: ("GET", "/v1/models")),
    ]
    for name, request in routes:
        compare(name, count, (first["client"], lambda number, r=request: r(first, number)),
                (second["client"], lambda number, r=request: r(second, number)))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    head = "| route | n | {} µs | {} µs | t | AUC |\n|---|---|---|---|---|---|"
    with contextlib.ExitStack() as stack:
        worlds = [fill(stack.enter_context(ServerInMemory(memory=None)), with_hidden)
                  for with_hidden in (True, False, False)]
        print(head.format("hidden", "absent"))
        hidden_or_absent(worlds[0], count)
        print("\n" + head.format("hidden bytes", "new bytes"))
        same_bytes(worlds[0], count)
        print("\n" + head.format("with", "without"))
        with_or_without(worlds[0], worlds[1], count)
        print("\n" + head.format("without", "without"))
        with_or_without(worlds[2], worlds[1], count)


if __name__ == "__main__":
    common.ROOT  # sets the paths that the imports above need
    main()
