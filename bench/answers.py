#!/usr/bin/env python3
"""Answers on SQuAD and CMRC questions over their own passages, through POST /v1/ask.

Counts questions whose gold answer stands in the first 400 characters of the answer or in the first
300 of its quotes, and citations that are exact.

bench/answers.py [count] [set…]   (default: 200 squad_v1.1_dev cmrc2018_dev)
"""

import json
import random
import re
import sys
import time
import unicodedata

from common import DATA, ROOT, Server, add_documents, lines, percentile

SEED = 20261122


def normal(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).lower().strip()


def questions_of(name, count):
    """`count` answerable questions spread over the set, and all passages of the set."""
    paragraphs = list(lines(DATA / "qa" / f"{name}.jsonl.gz"))
    pool = [(p["pid"], qa) for p in paragraphs for qa in p["qas"]
            if qa["answers"] and not qa.get("is_impossible")]
    random.Random(SEED).shuffle(pool)
    # Everything that is asked about, and as many other passages again.
    asked = {pid for pid, _ in pool[:count]}
    others = [p["pid"] for p in paragraphs if p["pid"] not in asked]
    kept = asked | set(others[:max(0, 1000 - len(asked))])
    documents = {str(p["pid"]): (str(p.get("title") or ""), p["context"]) for p in paragraphs
                 if p["pid"] in kept}
    return documents, pool[:count]


def exact(client, citation, cache):
    document = citation["document_id"]
    if document not in cache:
        chunks, cursor = [], ""
        while True:
            page = client.must(200, client.get(
                f"/v1/documents/{document}/chunks?limit=200" + (f"&cursor={cursor}" if cursor else "")))
            chunks += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                break
        cache[document] = {c["chunk_id"]: c for c in chunks}
    chunk = cache[document].get(citation["chunk_id"])
    if chunk is None:
        return False
    start = citation["location"]["char_start"] - chunk["location"]["char_start"]
    end = citation["location"]["char_end"] - chunk["location"]["char_start"]
    return chunk["text"][start:end] == citation["quote"]


def measure(client, name, count, dump):
    documents, questions = questions_of(name, count)
    collection = client.create_collection(name)["id"]
    ids = add_documents(client, collection, documents)
    client.wait_for(list(ids), seconds=3600)
    good = grounded = generated = right_passage = citations = exact_citations = 0
    times, cache = [], {}
    for pid, qa in questions:
        begin = time.monotonic()
        answer = client.ask(qa["question"], collection_ids=[collection])
        times.append(time.monotonic() - begin)
        quotes = " ".join(c["quote"] for c in answer["citations"])
        golds = [normal(a["text"]) for a in qa["answers"]]
        seen = normal(answer["answer"][:400]) + "\n" + normal(quotes[:300])
        hit = any(gold and gold in seen for gold in golds)
        good += hit
        grounded += answer["grounded"]
        generated += bool(answer.get("model"))
        right_passage += any(ids.get(p["document_id"]) == str(pid) for p in answer["passages"])
        for citation in answer["citations"]:
            citations += 1
            exact_citations += exact(client, citation, cache)
        if dump:
            dump.write(json.dumps({"set": name, "question": qa["question"], "gold": golds, "hit": hit,
                                   "answer": answer["answer"], "quotes": quotes,
                                   "generated": answer.get("model")}, ensure_ascii=False) + "\n")
    total = len(questions)
    print(f"{name}: {len(documents)} passages, {total} questions: gold in answer or quotes "
          f"{good / total:.3f}, right passage among those read {right_passage / total:.3f}, grounded "
          f"{grounded / total:.3f}, written by the model {generated / total:.3f}, exact citations "
          f"{exact_citations}/{citations}, answer p50 {1000 * percentile(times, .5):.0f} ms, p95 "
          f"{1000 * percentile(times, .95):.0f} ms", flush=True)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    names = sys.argv[2:] or ["squad_v1.1_dev", "cmrc2018_dev"]
    with Server(arguments=["--requests-per-second", "100000"]) as server, \
            open(ROOT / "build" / "answers.jsonl", "w", encoding="utf-8") as dump:
        for name in names:
            measure(server.client(), name, count, dump)


if __name__ == "__main__":
    main()
