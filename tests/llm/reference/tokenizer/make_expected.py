#!/usr/bin/env python3
"""Writes what the `tokenizers` library makes of texts.txt, and of conversations, for both models,
and how the pre-tokenizers of the families cut the texts.

Usage: make_expected.py MODELS_FOLDER
Needs: pip install tokenizers gguf jinja2

texts.txt has one text a line with \\n, \\r, \\t, \\\\ and \\uXXXX escaped. The tables of pieces and
merges, the normalisation map and the chat template are those of the model files; how they are used
is the library's doing.
"""
import importlib.util
import pathlib
import re
import sys

import gguf
import jinja2
import tokenizers
from tokenizers import models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
SYSTEM = "You answer from the given sources only."
CONVERSATIONS = [
    [("user", "Hello!")],
    [("system", SYSTEM), ("user", "Who approves travel?")],
    [("system", SYSTEM), ("user", "Hi"), ("assistant", "Hello, how can I help?"),
     ("user", "  What is 2 + 2?  ")],
    [("user", "第一个问题"), ("assistant", "答案。"), ("user", "还有吗？\n\n谢谢")],
    [("system", ""), ("user", "")],
    [("user", "code:\n```cpp\nint main() {\n  return 0;\n}\n```\n")],
    [("user", "\n leading"), ("assistant", "trailing \n"), ("user", "\tboth\t")],
    [("user", "1234567"), ("assistant", "7,654,321"), ("user", "don't"), ("assistant", "OK"),
     ("user", "😀")],
    [("system", "Be brief.\nSources:\n[1] Travel policy: ...\n[2] 差旅制度：……"),
     ("user", "Cite [1] and [2].")],
]


def unescaped(line):
    def plain(match):
        found = match.group(1)
        return chr(int(found[1:], 16)) if found[0] == "u" and len(found) == 5 else ESCAPES[found]
    return re.sub(r"\\(u[0-9a-f]{4}|.)", plain, line)


def escaped(text):
    for plain, letter in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, letter)
    return text


def value(reader, key):
    field = reader.fields[key]
    if field.types[0] == gguf.GGUFValueType.ARRAY:
        if field.types[-1] == gguf.GGUFValueType.STRING:
            return [bytes(field.parts[i]).decode() for i in field.data]
        return [field.parts[i].tolist()[0] for i in field.data]
    if field.types[0] == gguf.GGUFValueType.STRING:
        return bytes(field.parts[-1]).decode()
    return field.parts[-1].tolist()[0]


def smollm2(reader):
    tokens = value(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ", 1)) for merge in value(reader, "tokenizer.ggml.merges")]
    tokenizer = tokenizers.Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    kinds = value(reader, "tokenizer.ggml.token_type")
    special = [t for t, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL]
    return tokenizer, special


def normalization(reader):
    flat, table, at = value(reader, "tokenizer.wenyuan.normalizer"), {}, 0
    while at < len(flat):
        count = flat[at + 1]
        table[chr(flat[at])] = "".join(map(chr, flat[at + 2:at + 2 + count]))
        at += 2 + count
    return table


def e5(reader):
    # Control tokens get texts that no text holds: what a document says is never one of them.
    pieces = [(text if kind == gguf.TokenType.NORMAL else f"\0{i}", score)
              for i, (text, score, kind) in enumerate(zip(
                  value(reader, "tokenizer.ggml.tokens"), value(reader, "tokenizer.ggml.scores"),
                  value(reader, "tokenizer.ggml.token_type")))]
    tokenizer = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="▁", prepend_scheme="always", split=False)
    table = normalization(reader)

    def ids(text):
        text = re.sub(" {2,}", " ", "".join(table.get(c, c) for c in text))
        return tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def write(name, lines):
    (HERE / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


# Those whose pre-tokenizers differ.
FAMILIES = ("default", "gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "gpt-4o", "tekken",
            "kimi-k2", "deepseek-llm", "deepseek-coder", "deepseek-v3")


def cutters(name):
    path = HERE.parents[3] / "bench/tokenizers.py"
    spec = importlib.util.spec_from_file_location("bench_tokenizers", path)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    return pre_tokenizers.Sequence(bench.cutters(name))


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    texts = [unescaped(line)
             for line in (HERE / "texts.txt").read_text(encoding="utf-8").split("\n")[:-1]]
    joined = lambda ids: " ".join(map(str, ids))
    for name in FAMILIES:
        cut = cutters(name)
        # The last cutter writes bytes as characters, so these are sizes in bytes.
        write(f"words_{name}.txt", (joined(len(word) for word, _ in cut.pre_tokenize_str(text))
                                    for text in texts))
    write("e5.txt", map(joined, map(e5(gguf.GGUFReader(folder / "multilingual-e5-small.gguf")),
                                    texts)))

    reader = gguf.GGUFReader(folder / "smollm2-135m-instruct.gguf")
    tokenizer, special = smollm2(reader)
    write("smollm2.txt", (joined(tokenizer.encode(t, add_special_tokens=False).ids)
                          for t in texts))
    tokenizer.add_special_tokens(special)
    template = jinja2.Environment().from_string(value(reader, "tokenizer.chat_template"))
    lines = []
    for conversation in CONVERSATIONS:
        messages = [{"role": role, "content": content} for role, content in conversation]
        prompt = template.render(messages=messages, add_generation_prompt=True)
        lines += [f"{role}\t{escaped(content)}" for role, content in conversation]
        lines.append("ids\t" + joined(tokenizer.encode(prompt, add_special_tokens=False).ids))
    write("chat_smollm2.txt", lines)


if __name__ == "__main__":
    main()
