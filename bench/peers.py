#!/usr/bin/env python3
"""The engine beside llama.cpp and ik_llama.cpp: the same GGUF, threads and machine, turn by turn.

bench/peers.py MODEL [--threads N] [--prompt N] [--tokens N] [--depth N] [--turns N] [--rounds N]
               [--cache f16|q8_0] [--busy]

Each turn runs every program once (--rounds measured rounds each, after one that warms up), so that
what else happens on the machine meets them all; medians over all rounds of all turns are printed,
with ratios. Before each turn `machine_bench` says how fast memory can be read and how much of a
core was taken away. --busy keeps one core occupied by another process meanwhile.

Programs: WENYUAN_BENCH_LLAMA and WENYUAN_BENCH_IK name the llama-bench of each peer (a missing one
is left out); ours are looked for in build/release/bin. machine_bench needs -DWY_BENCH=ON.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("WENYUAN_BENCH_BIN", ROOT / "build/release/bin"))


def output(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def run_ours(options):
    text = output([BIN / "wenyuan-engine", "bench", options.model, "--threads", options.threads,
                   "--prompt", options.prompt, "--tokens", options.tokens, "--depth",
                   options.depth, "--rounds", options.rounds, "--cache", options.cache])
    samples = {}
    for what in ("prompt", "decode"):
        found = re.search(rf"^{what} \d+: .* of ([\d. ]+)$", text, re.M)
        samples[what] = [float(rate) for rate in found.group(1).split()] if found else []
    return samples


def run_peer(program, flags, options):
    command = [program, "-m", options.model, "-t", options.threads, "-r", options.rounds, "-o",
               "json", "-p", options.prompt, *flags]
    samples = {"prompt": [], "decode": []}
    for test in json.loads(output(command)):
        samples["decode" if test["n_gen"] else "prompt"] += test["samples_ts"]
    return samples


def programs(options):
    found = {"ours": lambda: run_ours(options)}
    tokens = ["-n", options.tokens]
    if ik := os.environ.get("WENYUAN_BENCH_IK"):
        flags = ["-fa", "1", "-fmoe", "1", "-rtr", "1"]
        if options.latent:
            flags += ["-mla", "3"]
        # It measures writing at a depth as a test of its own kind.
        flags += ["-n", 0, "-gp", f"{options.depth},{options.tokens}"] if options.depth else tokens
        found["ik_llama.cpp"] = lambda: run_peer(ik, flags, options)
    if llama := os.environ.get("WENYUAN_BENCH_LLAMA"):
        found["llama.cpp"] = lambda: run_peer(
            llama, ["-mmp", 0, *tokens, "-d", options.depth], options)
    return found


def machine(threads):
    text = output([BIN / "machine_bench", threads])
    return [float(number) for number in re.findall(r"(?:read|lost) ([\d.]+)", text)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    for name, default in (("threads", 1), ("prompt", 512), ("tokens", 64), ("depth", 0),
                          ("turns", 3), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--cache", default="f16")
    parser.add_argument("--latent", action="store_true", help="the model has latent attention")
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()

    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if options.busy else None
    try:
        samples, reads, losses = {}, [], []
        for _ in range(options.turns):
            read, lost = machine(options.threads)
            reads.append(read)
            losses.append(lost)
            for name, run in programs(options).items():
                for what, rates in run().items():
                    samples.setdefault(what, {}).setdefault(name, []).extend(rates)
    finally:
        if busy:
            busy.kill()

    print(f"{pathlib.Path(options.model).name}, {options.threads} thread(s), depth {options.depth},"
          f" cache {options.cache}; reading at {min(reads):.1f} to {max(reads):.1f} GB/s,"
          f" {min(losses):.1f} to {max(losses):.1f} % of a core lost")
    for what, by_program in samples.items():
        if not by_program["ours"]:
            continue
        ours = statistics.median(by_program["ours"])
        for name, rates in by_program.items():
            middle = statistics.median(rates)
            print(f"  {what:6} {name:12} {middle:8.2f} tokens/s ({min(rates):.1f} to "
                  f"{max(rates):.1f}, {len(rates)} rounds), ours {ours / middle:.2f}x")


if __name__ == "__main__":
    main()
