#!/usr/bin/env python3
"""Compares our tokenizers with the reference implementations, token by token, and their speed.

Usage: tokenizers.py DUMP_TOKENS DATA_FOLDER [--lines N] VOCABULARY.gguf…
DUMP_TOKENS is the program of that name (target dump_tokens); DATA_FOLDER has qa/ and retrieval/.
Needs: pip install gguf numpy tokenizers sentencepiece

The reference is the `tokenizers` library, given the vocabulary and merges of the file and the
published pre-tokenizer of its family; for SentencePiece's models it is SentencePiece itself. The lines
are a quarter English, a quarter Chinese, a quarter source code, a quarter random. Bytes that are no
UTF-8 are replaced by U+FFFD before either sees them.
"""
import argparse
import gzip
import itertools
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path = [path for path in sys.path if pathlib.Path(path or ".").resolve() !=
            pathlib.Path(__file__).parent.resolve()]  # this file has the library's name
import gguf  # noqa: E402
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers  # noqa: E402
from tokenizers import pre_tokenizers as pre  # noqa: E402

LINE_SIZE_MAX = 2000
PROJECT = pathlib.Path(__file__).parent.parent

CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES
QWEN35 = (CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" +
          SPACES)
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}%(no)s]*"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}%(no)s]+%(end)s|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}%(no)s]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}%(no)s]*%(end)s")
OTHERS = r"|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n%s]*" + SPACES
GPT4O = CASED % {"no": "", "end": CONTRACTION + "?"} + OTHERS % ("{1,3}", "/")
TEKKEN = CASED % {"no": "", "end": ""} + OTHERS % ("", "/")
KIMI = (r"[\p{Han}]+|" + CASED % {"no": r"&&[^\p{Han}]", "end": CONTRACTION + "?"} +
        OTHERS % ("{1,3}", ""))
DEEPSEEK3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"
             r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + SPACES)
DEEPSEEK_SIGNS = "\\s?[!-/:-~！-／：-～‘-‟　-。]+"
DEEPSEEK_CJK = "[一-龥ࠀ-一가-퟿]+"


def deepseek_letters():
    """The list of the published pattern, as our table has it."""
    text = (PROJECT / "src/llm/pretokenizer_deepseek.cc").read_text(encoding="utf-8")
    pairs = re.findall(r"\{0x([0-9A-F]+), 0x([0-9A-F]+)\}", text)
    return r"\s?[%s]+" % "".join(rf"\x{{{a}}}-\x{{{b}}}" for a, b in pairs)


def split(*patterns):
    return [pre.Split(Regex(pattern), "isolated") for pattern in patterns]


def cutters(name):
    """The published pre-tokenizer of a family, in front of the bytes."""
    gpt2 = [pre.ByteLevel(add_prefix_space=False, use_regex=True)]
    if name in ("gpt-2", "olmo", "mpt"):
        return gpt2
    if name in ("smollm", "starcoder", "refact"):
        return [pre.Digits(individual_digits=True)] + gpt2
    bytes_only = [pre.ByteLevel(add_prefix_space=False, use_regex=False)]
    digits = [pre.Digits(individual_digits=True)]
    patterns = {
        "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
        "llama-bpe": [LLAMA3 % "{1,3}"], "dbrx": [LLAMA3 % "{1,3}"],
        "qwen2": [LLAMA3 % ""], "deepseek-r1-qwen": [LLAMA3 % ""], "qwen35": [QWEN35],
        "gpt-4o": [GPT4O], "llama4": [GPT4O], "tekken": [TEKKEN], "kimi-k2": [KIMI],
        "deepseek-v3": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3],
    }
    if name in patterns:
        return split(*patterns[name]) + bytes_only
    if name == "deepseek-llm":
        return (split("[\r\n]", deepseek_letters(), DEEPSEEK_SIGNS, r"\s+$", DEEPSEEK_CJK) +
                digits + bytes_only)
    if name == "deepseek-coder":
        return split("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", DEEPSEEK_CJK) + digits + bytes_only
    raise SystemExit(f"no reference for the pre-tokenizer {name}")


NORMAL_FORM_C = ("qwen2", "qwen35", "olmo", "mpt")
WHOLE_WORDS = ("llama-bpe", "tekken")


class Model:
    """What a GGUF file says of its tokenizer."""

    def __init__(self, path):
        self.path = path
        fields = gguf.GGUFReader(path).fields
        self.value = lambda key, default=None: (
            fields[key].contents() if key in fields else default)
        self.tokens = self.value("tokenizer.ggml.tokens")
        self.kinds = self.value("tokenizer.ggml.token_type", [1] * len(self.tokens))

    def user_defined(self):
        template = self.value("tokenizer.chat_template", "")
        return [t for t, kind in zip(self.tokens, self.kinds)
                if kind == 4 and not is_mark(t) and not (len(t) > 2 and t in template)]

    def plain(self):
        """Texts of the tokens; those that no text may become get names that none has."""
        return [t if kind in (1, 4) and not (kind == 4 and is_mark(t)) else f"\U0010ffff{i}"
                for i, (t, kind) in enumerate(zip(self.tokens, self.kinds))]


def listed_marks():
    """Tokens that no text may write, though the file may call them user-defined."""
    text = (PROJECT / "src/llm/vocabulary_marks.cc").read_text(encoding="utf-8")
    return set(re.findall('"([^" ]{3,})"', text[:text.index("bool ")]))


MARKS = listed_marks()


def is_mark(text):
    return re.fullmatch(r"<\|.+\|>|<｜.+｜>|\[[A-Z_/]{3,}\]", text, re.S) or text in MARKS


def with_user_defined(model, tokenizer):
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in model.user_defined()])
    return lambda lines: [e.ids for e in tokenizer.encode_batch(lines, add_special_tokens=False)]


def bpe(model, name):
    merges = [tuple(m.split(" ", 1)) for m in model.value("tokenizer.ggml.merges")]
    vocabulary = {}
    for i, text in enumerate(model.plain()):
        vocabulary.setdefault(text, i)
    merges = [m for m in merges if m[0] + m[1] in vocabulary and
              m[0] in vocabulary and m[1] in vocabulary]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=name in WHOLE_WORDS))
    if name in NORMAL_FORM_C:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre.Sequence(cutters(name))
    return with_user_defined(model, tokenizer)


def wordpiece(model):
    cased = any(re.search("[A-Z]", t) for t, kind in zip(model.tokens, model.kinds)
                if kind == 1 and not t.startswith("["))
    vocabulary = {}
    for i, (text, kind) in enumerate(zip(model.tokens, model.kinds)):
        if kind == 1 and not is_mark(text):
            text = text[1:] if text.startswith("▁") else "##" + text
        vocabulary.setdefault(text, i)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]",
                                           max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    tokenizer.pre_tokenizer = pre.BertPreTokenizer()
    return with_user_defined(model, tokenizer)


def unigram(model):
    """For the list of rules of our own importer; compiled rules are SentencePiece's."""
    pieces = list(zip(model.plain(), model.value("tokenizer.ggml.scores")))
    tokenizer = Tokenizer(models.Unigram(
        pieces, unk_id=model.value("tokenizer.ggml.unknown_token_id")))
    table = {}
    flat, at = model.value("tokenizer.wenyuan.normalizer", []), 0
    while at < len(flat):
        table[flat[at]] = "".join(map(chr, flat[at + 2:at + 2 + flat[at + 1]]))
        at += 2 + flat[at + 1]
    tokenizer.pre_tokenizer = pre.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    encode = with_user_defined(model, tokenizer)
    return lambda lines: encode([re.sub(" {2,}", " ", line.translate(table)) for line in lines])


def sentencepiece(model, kind):
    import sentencepiece as library
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    scores = model.value("tokenizer.ggml.scores")
    for text, score, kind_of_token in zip(model.tokens, scores, model.kinds):
        text = text.replace(" ", "▁") if kind_of_token == 4 else text
        again = kind_of_token == 2 and any(piece.type == 2 for piece in proto.pieces)
        control = again or (kind_of_token == 4 and is_mark(text))
        proto.pieces.add(piece=text, score=score, type=3 if control else kind_of_token)
    proto.trainer_spec.model_type = kind
    proto.trainer_spec.byte_fallback = 6 in model.kinds
    proto.trainer_spec.unk_id = model.kinds.index(2) if 2 in model.kinds else 0
    rules = proto.normalizer_spec
    rules.precompiled_charsmap = bytes(
        b & 255 for b in model.value("tokenizer.ggml.precompiled_charsmap", []))
    rules.remove_extra_whitespaces = model.value("tokenizer.ggml.remove_extra_whitespaces", False)
    rules.add_dummy_prefix = model.value("tokenizer.ggml.add_space_prefix", True)
    processor = library.SentencePieceProcessor(model_proto=proto.SerializeToString())
    return processor.encode


def reference(model):
    kind = model.value("tokenizer.ggml.model")
    if kind == "gpt2":
        return bpe(model, model.value("tokenizer.ggml.pre", "default"))
    if kind == "bert":
        return wordpiece(model)
    if kind == "t5" and model.value("tokenizer.wenyuan.normalizer"):
        return unigram(model)
    return sentencepiece(model, {"t5": 1, "llama": 2}[kind])


def texts_in(value):
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key in ("text", "question", "context"):
                yield item
            else:
                yield from texts_in(item)


def lines_of(paths):
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for record in file:
                for text in texts_in(json.loads(record)):
                    for line in text.replace("\r", "").split("\n"):
                        if line:
                            yield line[:LINE_SIZE_MAX]


def code_lines():
    for path in itertools.chain((PROJECT / "src").rglob("*.cc"), (PROJECT / "src").rglob("*.h"),
                                (PROJECT / "tests").rglob("*"), (PROJECT / "web").rglob("*")):
        if path.is_file() and path.suffix in (".cc", ".h", ".py", ".js", ".css", ".html"):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            # Some alone, some together: line breaks and what stands around them matter.
            yield from (line[:LINE_SIZE_MAX] for line in lines)
            yield from ("\n".join(lines[at:at + 5])[:LINE_SIZE_MAX]
                        for at in range(0, len(lines), 5))


POOLS = ["\n\r\t \u3000\u00a0\u2028\x0b\x0c\x85", "aAzZsStT'", "'sS'tTrReEvVlLdDmMſ", "019²½Ⅷ٣３①",
         "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~", "中文字龥一々〇〡⺀", "ぁゖァヺー゛", "한글가힣ᄀ힗",
         "éàÅßΩжЯ", "e\u0301a\u0323\u0301 ̈ͯ҃\u3099か", "ǅǈǲ", "ªºʰⅩªｱ", "😀👨‍👩‍👧🏽🇩🇪", "€$₤°±×÷^`~|<=>+",
         "\u200b\u200d\ufeff\u00ad", "﷽ﬁ㌘ｶﾞ", "กัไทยदेवعربى", "\ufffd\x00\x01\x7f", "▁ ▁▁"]


def random_line(chance):
    how = chance.random()
    if how < 0.4:
        return chance.randbytes(chance.randint(1, 60)).decode("utf-8", errors="replace")
    if how < 0.9:
        pools = chance.sample(POOLS, chance.randint(1, 5))
        return "".join(chance.choice(chance.choice(pools)) for _ in range(chance.randint(1, 40)))
    return "".join(chr(chance.choice((chance.randrange(0x80), chance.randrange(0x3000),
                                      chance.randrange(0xD800), chance.randrange(0x10000, 0x20000))))
                   for _ in range(chance.randint(1, 30)))


def some_lines(data, count):
    english = lines_of([data / f"retrieval/{name}/corpus.jsonl.gz"
                        for name in ("cranfield", "med", "cisi", "squad1_dev_knownitem")] +
                       [data / f"qa/{name}.jsonl.gz" for name in ("squad_v2.0_dev", "xquad_en")])
    chinese = lines_of([data / f"retrieval/{name}/corpus.jsonl.gz"
                        for name in ("cmrc2018_zh_knownitem", "rgb_zh_pool")] +
                       [data / f"qa/{name}.jsonl.gz" for name in ("drcd_dev", "xquad_zh",
                                                                  "cmrc2018_dev", "rgb_zh_fact")])
    chance = random.Random(1)
    noise = (random_line(chance) for _ in itertools.count())
    quarter = count // 4
    lines = [line for source in (english, chinese, code_lines())
             for line in itertools.islice(source, quarter)]
    return lines + list(itertools.islice(noise, count - len(lines)))


def ours(dump, path, lines):
    packed = b"".join(struct.pack("<I", len(b)) + b for b in (line.encode() for line in lines))
    done = subprocess.run([dump, str(path)], input=packed, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    ids = [[int(i) for i in line.split()] for line in done.stdout.decode().split("\n")[:-1]]
    return ids, float(done.stderr)


def compare(dump, path, lines, show):
    model = Model(path)
    encode = reference(model)
    begin = time.perf_counter()
    expected = encode(lines)
    their_time = time.perf_counter() - begin
    found, our_time = ours(dump, path, lines)
    differing = [(line, a, b) for line, a, b in zip(lines, found, expected) if a != b]
    for line, a, b in differing[:show]:
        print(repr(line[:200]))
        print("  ours     ", [model.tokens[i] for i in a][:40])
        print("  reference", [model.tokens[i] for i in b][:40])
    size = sum(len(line.encode()) for line in lines) / 1e6
    name = f"{path.name} ({model.value('tokenizer.ggml.pre', model.value('tokenizer.ggml.model'))})"
    print(f"{name}: {len(lines)} lines, {len(differing)} differences; "
          f"{size / our_time:.1f} MB/s, reference {size / their_time:.1f} MB/s", flush=True)
    return len(differing)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dump_tokens")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("vocabulary", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    lines = some_lines(options.data, options.lines)
    differences = sum(compare(options.dump_tokens, path, lines, options.show)
                      for path in options.vocabulary)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
