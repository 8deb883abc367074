"""What the benchmarks share: the data sets, the server, the measures."""

import gzip
import json
import math
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "server"))
os.environ.setdefault("WENYUAN_BIN_DIR", str(ROOT / "build" / "release" / "bin"))
DATA = pathlib.Path(os.environ.get("WENYUAN_TEST_DATA", ROOT.parent / "shared" / "data"))

from wenyuan_server import Client, Server  # noqa: E402, F401


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def retrieval_set(name):
    """Documents {id: (title, text)}, queries {id: text}, judgements {query: {document: gain}}."""
    folder = DATA / "retrieval" / name
    documents = {d["_id"]: (d.get("title") or "", d["text"]) for d in lines(folder / "corpus.jsonl.gz")}
    queries = {q["_id"]: q["text"] for q in lines(folder / "queries.jsonl.gz")}
    judgements = {}
    with open(folder / "qrels.tsv", encoding="utf-8") as file:
        next(file)
        for line in file:
            query, document, gain = line.rstrip("\n").split("\t")[:3]
            if float(gain) > 0:
                judgements.setdefault(query, {})[document] = float(gain)
    return documents, queries, judgements


def ndcg(ranked, gains, depth=10):
    """Linear gain, as trec_eval has it."""
    got = sum(gains.get(d, 0) / math.log2(i + 2) for i, d in enumerate(ranked[:depth]))
    best = sorted(gains.values(), reverse=True)[:depth]
    ideal = sum(gain / math.log2(i + 2) for i, gain in enumerate(best))
    return got / ideal if ideal else 0.0


def recall(ranked, gains, depth=10):
    return len(set(ranked[:depth]) & set(gains)) / len(gains)


def add_documents(client, collection_id, documents, batch=200):
    """Adds {external id: (title, text)}; gives {document id: external id}."""
    ids, pending = {}, list(documents.items())
    for start in range(0, len(pending), batch):
        part = pending[start:start + batch]
        answer = client.must(202, client.post(f"/v1/collections/{collection_id}/documents", {
            "documents": [{"title": title or name, "text": text.strip() or title or name, "external_id": name}
                          for name, (title, text) in part]}))
        for (name, _), document in zip(part, answer["documents"]):
            ids[document["id"]] = name
    return ids


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]
