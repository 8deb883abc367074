#!/usr/bin/env python3
"""Retrieval quality through POST /v1/search: nDCG@10 and recall@10 by mode.

bench/retrieval.py [set…]   (default: cranfield med cmrc2018_zh_knownitem)
"""

import sys
import time

from common import Server, add_documents, ndcg, recall, retrieval_set

QUERIES_MAX = 400  # the first ones of a set, so that a run takes minutes


def measure(client, name):
    documents, queries, judgements = retrieval_set(name)
    collection = client.create_collection(name)["id"]
    started = time.monotonic()
    ids = add_documents(client, collection, documents)
    states = client.wait_for(list(ids), seconds=3600)
    seconds = time.monotonic() - started
    failed = [d for d in states if d["state"] != "ready"]
    chunks = sum(d["chunk_count"] for d in states)
    print(f"{name}: {len(documents)} documents, {chunks} chunks, {len(failed)} failed, "
          f"ingested in {seconds:.1f} s ({chunks / seconds:.1f} chunks/s)", flush=True)
    wanted = [q for q in queries if q in judgements][:QUERIES_MAX]
    for mode in ("keyword", "semantic", "hybrid"):
        scores, recalls, times = [], [], []
        for query in wanted:
            begin = time.monotonic()
            hits = client.search(queries[query], collection_ids=[collection], mode=mode, limit=30)
            times.append(time.monotonic() - begin)
            ranked = []
            for hit in hits["results"]:
                document = ids[hit["document_id"]]
                if document not in ranked:
                    ranked.append(document)
            scores.append(ndcg(ranked, judgements[query]))
            recalls.append(recall(ranked, judgements[query]))
        times.sort()
        print(f"  {mode:9} nDCG@10 {sum(scores) / len(scores):.4f}  recall@10 "
              f"{sum(recalls) / len(recalls):.4f}  ({len(wanted)} queries, p50 "
              f"{1000 * times[len(times) // 2]:.1f} ms)", flush=True)


def main():
    names = sys.argv[1:] or ["cranfield", "med", "cmrc2018_zh_knownitem"]
    with Server(arguments=["--requests-per-second", "100000"]) as server:
        for name in names:
            measure(server.client(), name)


if __name__ == "__main__":
    main()
