#!/usr/bin/env python3
"""Writes llama.txt and bert.txt: what two models answer in double precision.

Usage: make_reference.py smollm2-135m-instruct.gguf multilingual-e5-small.gguf

Needs the packages numpy and gguf. The forward passes here are written independently of the engine,
on the weights as they decode from the file. Pairs of lines: token ids; then for llama.txt the best
token and every 499th logit, for bert.txt the unit vector.
"""
import math
import pathlib
import sys

import gguf
import numpy as np

LLAMA_PROMPTS = [
    [504, 3575, 282, 4649, 314],
    [31530, 6588, 418, 253, 1379, 28, 665, 436, 253, 1704, 3967, 617],
    [(i * 7919 + 13) % 49000 for i in range(140)],
]
BERT_TEXTS = [
    [0, 41, 1294, 12, 3642, 83, 70, 12098, 32, 2],
    [0, 46692, 12, 6, 35378, 4, 8999, 38, 2],
    [0] + [(i * 7919 + 13) % 200000 + 10 for i in range(200)] + [2],
]


def load(path):
    reader = gguf.GGUFReader(path)
    weights = {t.name: gguf.dequantize(t.data, t.tensor_type).astype(np.float64)
               for t in reader.tensors}
    return weights, lambda key: reader.fields[key].contents()


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def rotate(x, cosine, sine):
    result = x.copy()
    even, odd = x[..., 0::2], x[..., 1::2]
    result[..., 0::2] = even * cosine - odd * sine
    result[..., 1::2] = even * sine + odd * cosine
    return result


def llama_logits(weights, meta, ids):
    heads, key_heads = meta("llama.attention.head_count"), meta("llama.attention.head_count_kv")
    epsilon = meta("llama.attention.layer_norm_rms_epsilon")
    x = weights["token_embd.weight"][ids]
    size = x.shape[1] // heads
    angles = np.arange(len(ids))[:, None] * float(meta("llama.rope.freq_base")) ** (
        -np.arange(0, size, 2) / size)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    mask = np.triu(np.full((len(ids), len(ids)), -np.inf), 1)

    def norm(v, w):
        return v / np.sqrt((v * v).mean(-1, keepdims=True) + epsilon) * w

    for layer in range(meta("llama.block_count")):
        part = {k: weights[f"blk.{layer}.{k}.weight"] for k in (
            "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
            "ffn_up", "ffn_down")}
        h = norm(x, part["attn_norm"])
        q = rotate((h @ part["attn_q"].T).reshape(len(ids), heads, size), cosine, sine)
        k = rotate((h @ part["attn_k"].T).reshape(len(ids), key_heads, size), cosine, sine)
        v = (h @ part["attn_v"].T).reshape(len(ids), key_heads, size)
        out = np.stack([softmax(q[:, i] @ k[:, i * key_heads // heads].T / np.sqrt(size) + mask)
                        @ v[:, i * key_heads // heads] for i in range(heads)], axis=1)
        x = x + out.reshape(len(ids), -1) @ part["attn_output"].T
        h = norm(x, part["ffn_norm"])
        gate = h @ part["ffn_gate"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ part["ffn_up"].T)) @ part["ffn_down"].T
    return norm(x[-1], weights["output_norm.weight"]) @ weights["token_embd.weight"].T


def bert_vector(weights, meta, ids):
    heads, epsilon = meta("bert.attention.head_count"), meta("bert.attention.layer_norm_epsilon")
    gelu_erf = np.vectorize(math.erf)

    def norm(v, name):
        off = v - v.mean(-1, keepdims=True)
        return (off / np.sqrt((off * off).mean(-1, keepdims=True) + epsilon)
                * weights[name + ".weight"] + weights[name + ".bias"])

    x = norm(weights["token_embd.weight"][ids] + weights["position_embd.weight"][:len(ids)]
             + np.atleast_2d(weights["token_types.weight"])[0], "token_embd_norm")
    size = x.shape[1] // heads
    for layer in range(meta("bert.block_count")):
        prefix = f"blk.{layer}."

        def linear(v, name):
            return v @ weights[prefix + name + ".weight"].T + weights[prefix + name + ".bias"]

        q, k, v = (linear(x, "attn_" + c).reshape(len(ids), heads, size) for c in "qkv")
        out = np.stack([softmax(q[:, i] @ k[:, i].T / np.sqrt(size)) @ v[:, i]
                        for i in range(heads)], axis=1).reshape(len(ids), -1)
        x = norm(x + linear(out, "attn_output"), prefix + "attn_output_norm")
        up = linear(x, "ffn_up")
        up = 0.5 * up * (1 + gelu_erf(up / np.sqrt(2)))
        x = norm(x + linear(up, "ffn_down"), prefix + "layer_output_norm")
    total = x.mean(0)
    return total / np.linalg.norm(total)


def main():
    folder = pathlib.Path(__file__).parent
    weights, meta = load(sys.argv[1])
    lines = []
    for ids in LLAMA_PROMPTS:
        logits = llama_logits(weights, meta, ids)
        lines.append(" ".join(map(str, ids)))
        lines.append(" ".join([str(logits.argmax())] + [f"{x:.7g}" for x in logits[::499]]))
    (folder / "llama.txt").write_text("\n".join(lines) + "\n")
    weights, meta = load(sys.argv[2])
    lines = []
    for ids in BERT_TEXTS:
        lines.append(" ".join(map(str, ids)))
        lines.append(" ".join(f"{x:.7g}" for x in bert_vector(weights, meta, ids)))
    (folder / "bert.txt").write_text("\n".join(lines) + "\n")


main()
