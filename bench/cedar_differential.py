#!/usr/bin/env python3
"""Random decisions of our Cedar engine beside those of cedarpy, and the time of both.

    pip install cedarpy
    bench/cedar_differential.py BUILD_DIRECTORY [DECISIONS] [SEED]

Needs cedar_driver and cedar_partial of a build with -DWY_BENCH=ON. Ends with 1 if anything differs.
"""
import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import cedarpy

REQUESTS_PER_SET = 20
POLICY = re.compile(r"policy `(policy\d+)`")


def uid(written):
    return f'{written["type"]}::{json.dumps(written["id"])}'


def by_cedarpy(line):
    batch = [
        {"principal": uid(r["principal"]), "action": uid(r["action"]), "resource": uid(r["resource"]),
         "context": r["context"]}
        for r in line["requests"]
    ]
    found = cedarpy.is_authorized_batch(batch, line["policies"], json.dumps(line["entities"]))
    return [
        {"decision": "allow" if each.allowed else "deny",
         "reasons": sorted(each.diagnostics.reasons),
         "errors": sorted(POLICY.search(error).group(1) for error in each.diagnostics.errors)}
        for each in found
    ]


def differential(binaries, decisions, seed):
    driver = str(binaries / "cedar_driver")
    sets = (decisions + REQUESTS_PER_SET - 1) // REQUESTS_PER_SET
    lines = subprocess.run([driver, "generate", str(sets), str(seed)], check=True,
                           capture_output=True).stdout
    ours = subprocess.run([driver, "decide"], input=lines, check=True, capture_output=True).stdout
    tally = {"allow": 0, "deny": 0, "with errors": 0, "different": 0}
    for line, answer in zip(lines.splitlines(), ours.splitlines(), strict=True):
        question = json.loads(line)
        for i, (mine, theirs) in enumerate(
                zip(json.loads(answer)["results"], by_cedarpy(question), strict=True)):
            plain = {"decision": mine["decision"], "reasons": sorted(mine["reasons"]),
                     "errors": sorted(mine["errors"])}
            tally[plain["decision"]] += 1
            tally["with errors"] += bool(plain["errors"])
            if plain != theirs:
                tally["different"] += 1
                if tally["different"] <= 5:
                    print("ours", mine, "cedarpy", theirs, question["requests"][i],
                          question["policies"], sep="\n")
    print(f"{sets * REQUESTS_PER_SET} decisions beside cedarpy "
          f"{importlib.metadata.version('cedarpy')}: {tally}")
    return tally["different"]


def speed(binaries):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "labels.json"
        ours = subprocess.run([str(binaries / "cedar_partial"), "1000", "1000", "--json", str(path)],
                              check=True, capture_output=True, text=True).stdout
        written = json.loads(path.read_text())
    print(ours, end="")
    policies = cedarpy.PolicySet.from_str(written["policies"])
    entities = cedarpy.Entities.from_json_str(json.dumps(written["entities"]))
    batch = [{"principal": written["principal"], "action": written["action"], "resource": each,
              "context": {}} for each in written["resources"]]
    start = time.perf_counter()
    found = cedarpy.is_authorized_batch(batch, policies, entities)
    seconds = time.perf_counter() - start
    different = sum(each.allowed != wanted for each, wanted in zip(found, written["allowed"]))
    print(f"the company's policies by cedarpy, parsed before: {seconds * 1000:.0f} ms; "
          f"{different} decisions differ")
    return different


def main():
    binaries = pathlib.Path(sys.argv[1])
    if (binaries / "bin").is_dir():
        binaries = binaries / "bin"
    decisions = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    different = differential(binaries, decisions, seed) + speed(binaries)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
