#!/usr/bin/env python3
"""Passages embedded per second: our engine against ONNX Runtime, same model, texts and threads.

bench/encoder_onnx.py [--passages N] [--timed N] [--threads 1,2] [--rounds N] [--kinds fp32,int8]

Needs gguf, numpy, tokenizers, onnx and onnxruntime. The ONNX models are made from the GGUF's own
weights: "fp32" has them dequantised, "int8" is that one through ONNX Runtime's dynamic
quantisation. CPU seconds are the measure to trust on a machine that others use too.
"""

import argparse
import base64
import os
import pathlib
import re
import tempfile
import time

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import gguf
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer, models, pre_tokenizers

from common import Client, Server, retrieval_set
from wenyuan_server import MODELS_DIR

MODEL = pathlib.Path(MODELS_DIR, "multilingual-e5-small.gguf")
HEADS, TOKENS_MAX, BATCH, START, PAD, END = 12, 480, 16, 0, 1, 2


def tokenizer(reader):
    tokens, scores, rules = (reader.fields["tokenizer." + name].contents()
                             for name in ("ggml.tokens", "ggml.scores", "wenyuan.normalizer"))
    replaced, at = {}, 0
    while at < len(rules):  # character, length, characters
        end = at + 2 + rules[at + 1]
        replaced[chr(rules[at])] = "".join(map(chr, rules[at + 2:end]))
        at = end
    unigram = Tokenizer(models.Unigram(list(zip(tokens, scores)), unk_id=3))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=False)

    def encode(text):
        text = re.sub(" {2,}", " ", "".join(replaced.get(c, c) for c in "passage: " + text))
        return [START, *unigram.encode(text, add_special_tokens=False).ids, END]
    return encode


def passages(encode, count):
    """(text, tokens) of both sets by turns, shortest first."""
    sets = [[text for _, text in retrieval_set(name)[0].values() if text.strip()][:count]
            for name in ("cmrc2018_zh_knownitem", "cranfield")]
    found = []
    for text in [text.strip() for pair in zip(*sets) for text in pair][:count]:
        while len(tokens := encode(text)) > TOKENS_MAX:
            text = text[:int(len(text) * (TOKENS_MAX - 2) / len(tokens))].strip()
        found.append((text, tokens))
    return sorted(found, key=lambda passage: len(passage[1]))


def build_onnx(reader, path):
    weights = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)
               for t in reader.tensors}
    constants, nodes = {}, []

    def constant(name, value):
        constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def linear(x, name):
        weight = constant(name + ".weight", weights[name + ".weight"].T)
        bias = constant(name + ".bias", weights[name + ".bias"])
        return node("Add", [node("MatMul", [x, weight], name + ".product"), bias], name)

    def norm(x, name):
        given = [constant(name + end, weights[name + end]) for end in (".weight", ".bias")]
        return node("LayerNormalization", [x, *given], name, axis=-1, epsilon=1e-12)

    places = weights["position_embd.weight"] + weights["token_types.weight"][0]
    p = node("Gather", [constant("places_and_type", places), "places"], "placed")
    x = norm(node("Add", ["words", p], "embedded"), "token_embd_norm")
    for layer in range(sum(name.endswith("attn_q.weight") for name in weights)):
        block = f"blk.{layer}."
        qkv = [np.concatenate([weights[f"{block}attn_{part}.{end}"] for part in "qkv"])
               for end in ("weight", "bias")]
        # What ONNX Runtime's own transformer optimiser makes of BERT's attention.
        y = node("Attention", [x, constant(block + "qkv.weight", qkv[0].T),
                               constant(block + "qkv.bias", qkv[1]), "mask"],
                 block + "attention", domain="com.microsoft", num_heads=HEADS)
        y = linear(y, block + "attn_output")
        x = norm(node("Add", [x, y], block + "sum1"), block + "attn_output_norm")
        y = node("Gelu", [linear(x, block + "ffn_up")], block + "gelu", domain="com.microsoft")
        y = linear(y, block + "ffn_down")
        x = norm(node("Add", [x, y], block + "sum2"), block + "layer_output_norm")
    mask = node("Cast", ["mask"], "mask_float", to=TensorProto.FLOAT)
    mask = node("Unsqueeze", [mask, constant("last", np.array([-1]))], "mask_column")
    # The length of the sum is that of the mean: the next step takes it away.
    total = node("ReduceSum", [node("Mul", [x, mask], "kept"), constant("one", np.array([1]))],
                 "total", keepdims=0)
    node("LpNormalization", [total], "vectors", axis=-1, p=2)
    inputs = [helper.make_tensor_value_info(*words) for words in (
        ("words", TensorProto.FLOAT, ["batch", "length", 384]), ("places", TensorProto.INT64, ["n"]),
        ("mask", TensorProto.INT32, ["batch", "length"]))]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", 384])]
    graph = helper.make_graph(nodes, "encoder", inputs, outputs, list(constants.values()))
    # The rows of the word table are taken outside: in the graph it would only make it larger.
    onnx.save(helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]), path)
    return weights["token_embd.weight"]


class Onnx:
    def __init__(self, path, words, threads):
        self.words = words
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        # A waiting thread that spins would count as work here.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def embed(self, texts):
        vectors = []
        for start in range(0, len(texts), BATCH):
            rows = [tokens for _, tokens in texts[start:start + BATCH]]
            ids = np.full((len(rows), max(map(len, rows))), PAD, np.int64)
            mask = np.zeros(ids.shape, np.int32)
            for i, row in enumerate(rows):
                ids[i, :len(row)], mask[i, :len(row)] = row, 1
            given = {"words": self.words[ids], "places": np.arange(ids.shape[1]), "mask": mask}
            vectors.append(self.session.run(None, given)[0])
        return np.concatenate(vectors)

    cpu_seconds = staticmethod(time.process_time)


class Ours:
    """Over HTTP: wall time has the server in it. CPU time is the engine's, with tokenising."""

    def __init__(self, server, model):
        self.client, self.model = Client(server.port, timeout=600), model
        process = pathlib.Path("/proc", str(server.process.pid))
        children = " ".join(f.read_text() for f in process.glob("task/*/children")).split()
        self.stat = next(stat for child in children if "(wenyuan-engine)" in
                         (stat := pathlib.Path("/proc", child, "stat")).read_text())

    def embed(self, texts):
        answer = self.client.must(200, self.client.post("/v1/embeddings", {
            "model": self.model, "input": [text for text, _ in texts],
            "encoding_format": "base64", "input_type": "passage"}))
        return np.stack([np.frombuffer(base64.b64decode(d["embedding"]), np.float32)
                         for d in answer["data"]])

    def cpu_seconds(self):
        fields = self.stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(sides, texts, timed, rounds, threads):
    vectors = {name: side.embed(texts) for name, side in sides.items()}
    best = {name: (np.inf, np.inf) for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            cpu, wall = side.cpu_seconds(), time.monotonic()
            side.embed(timed)
            spent = side.cpu_seconds() - cpu, time.monotonic() - wall
            best[name] = tuple(map(min, best[name], spent))
    tokens = sum(len(t) for _, t in timed)
    for name, (cpu, wall) in best.items():
        alike = (vectors[name] * vectors["onnx fp32"]).sum(1)
        print(f"{threads} thread(s), {name:9}: {100 * cpu / len(timed):6.2f} CPU s/100 passages "
              f"({best['onnx fp32'][0] / cpu:.2f} x fp32), {len(timed) / wall:6.2f} passages/s, "
              f"{tokens / wall:5.0f} tokens/s ({best['onnx fp32'][1] / wall:.2f} x fp32); cosine "
              f"to fp32 min {alike.min():.5f} mean {alike.mean():.5f} of {len(alike)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name, default in (("passages", 256), ("timed", 32), ("rounds", 3), ("threads", "1,2"),
                          ("kinds", "fp32,int8")):
        parser.add_argument("--" + name, type=type(default), default=default)
    wanted = parser.parse_args()
    reader = gguf.GGUFReader(MODEL)
    texts = passages(tokenizer(reader), wanted.passages)
    batches = [texts[at:at + BATCH] for at in range(0, len(texts), BATCH)]  # whole: little padding
    step = max(1, len(texts) // wanted.timed)
    timed = [text for batch in batches[step // 2::step] for text in batch]
    print(f"{len(texts)} passages of {sum(len(t) for _, t in texts)} tokens, timed: {len(timed)} "
          f"of {sum(len(t) for _, t in timed)}; ONNX Runtime {ort.__version__}", flush=True)
    with tempfile.TemporaryDirectory(prefix="encoder-onnx-") as folder:
        paths = {kind: f"{folder}/{kind}.onnx" for kind in wanted.kinds.split(",")}
        words = build_onnx(reader, paths["fp32"])
        if "int8" in paths:
            quantize_dynamic(paths["fp32"], paths["int8"], weight_type=QuantType.QInt8,
                             extra_options={"DefaultTensorType": TensorProto.FLOAT})
        settings = pathlib.Path(folder, "settings.toml")
        for turn, threads in enumerate(map(int, wanted.threads.split(","))):
            settings.write_text(f"engine_threads = {threads}\n")
            with Server(arguments=["--config", str(settings)]) as server:
                sides = {"ours": Ours(server, MODEL.stem)}
                for kind, path in paths.items():
                    sides["onnx " + kind] = Onnx(path, words, threads)
                # All texts are compared once, and a few with each further number of threads.
                compare(sides, texts[:BATCH] if turn else texts, timed, wanted.rounds, threads)


if __name__ == "__main__":
    main()
