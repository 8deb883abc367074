#!/usr/bin/env python3
"""Compares our tokenizers with the `tokenizers` library on every line of some texts.

Usage: compare_tokenizers.py DUMP_TOKENS MODELS_FOLDER TEXT…
DUMP_TOKENS is the program of that name (target dump_tokens). A text is a file of lines, or a
.jsonl.gz whose "text" and "question" fields, at any depth, are taken.
"""
import gzip
import json
import pathlib
import subprocess
import sys

import gguf

sys.path.insert(0, str(pathlib.Path(__file__).parent / "tokenizer"))
import make_expected  # noqa: E402

LINE_SIZE_MAX = 2000


def texts_in(value):
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key in ("text", "question"):
                yield item
            else:
                yield from texts_in(item)


def lines_of(path):
    if path.name.endswith(".jsonl.gz"):
        texts = (t for line in gzip.open(path, "rt", encoding="utf-8")
                 for t in texts_in(json.loads(line)))
    else:
        texts = [path.read_text(encoding="utf-8")]
    for text in texts:
        for line in text.replace("\r", "").split("\n"):
            if line:
                yield line[:LINE_SIZE_MAX]


def compare(name, dump, model, lines, expected):
    done = subprocess.run([dump, str(model)], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, check=True)
    found = [[int(i) for i in line.split()] for line in done.stdout.split("\n")[:-1]]
    if len(found) != len(lines):
        raise SystemExit(f"{name}: {len(lines)} lines went in, {len(found)} came out")
    differing = [line for line, ours, theirs in zip(lines, found, expected) if ours != theirs]
    for line in differing[:10]:
        print(repr(line[:200]))
    print(f"{name}: {len(lines)} lines, {len(differing)} differences")
    return len(differing)


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    dump, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    lines = [line for path in sys.argv[3:] for line in lines_of(pathlib.Path(path))]
    smollm2 = folder / "smollm2-135m-instruct.gguf"
    tokenizer, _ = make_expected.smollm2(gguf.GGUFReader(smollm2))
    expected = [e.ids for e in tokenizer.encode_batch(lines, add_special_tokens=False)]
    differences = compare("smollm2", dump, smollm2, lines, expected)
    e5 = folder / "multilingual-e5-small.gguf"
    expected = list(map(make_expected.e5(gguf.GGUFReader(e5)), lines))
    differences += compare("e5", dump, e5, lines, expected)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
