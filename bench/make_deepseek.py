#!/usr/bin/env python3
"""Writes a GGUF file with the shape of DeepSeek-V2-Lite and random weights, for measuring speed.

bench/make_deepseek.py OUT.gguf [--layers 27] [--type q4_k_m|q8_0] [--tokenizer VOCAB.gguf]
                       [--query-rank N]

Needs gguf and numpy. The blocks are made as such, with the mix of types that Q4_K_M gives this
model; what they decode to has the variance of an untrained model, so text is meaningless and
experts are chosen evenly. Without --tokenizer the file has no vocabulary.
"""

import argparse

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

WIDTH, HEADS, PLAIN, TURNED, VALUE, LATENT = 2048, 16, 128, 64, 128, 512
DENSE, EXPERTS, USED, SHARED, INNER, WORDS = 10944, 64, 6, 2, 1408, 102400

random = np.random.default_rng(1)
POOL = random.integers(0, 256, 1 << 24, dtype=np.uint8)


def some_bytes(*shape):
    count = int(np.prod(shape))
    start = int(random.integers(0, POOL.size))
    return np.resize(np.roll(POOL, -start)[:min(count, POOL.size)], count).reshape(shape)


def halves(value, count):
    return np.full((count, 1), value, np.float16).view(np.uint8)


def q4_k(count, deviation):
    # Scales and minima are 32 of 63, so that the mean of 0 to 15 times the scale is the minimum.
    scale = deviation / (32 * 4.61)
    packed = np.tile(np.array([32] * 4 + [32] * 4 + [0] * 4, np.uint8), (count, 1))
    packed[:, :8] |= 0x80  # the two high bits of the last four scales and minima
    return [halves(scale, count), halves(7.5 * scale, count), packed, some_bytes(count, 128)]


def q6_k(count, deviation):
    scales = np.full((count, 16), 32, np.uint8)
    return [some_bytes(count, 192), scales, halves(deviation / (32 * 18.5), count)]


def q5_0(count, deviation):
    return [halves(deviation / 9.2, count), some_bytes(count, 20)]


def q8_0(count, deviation):
    return [halves(deviation / 73.9, count), some_bytes(count, 32)]


BLOCKS = {T.Q4_K: (256, q4_k), T.Q6_K: (256, q6_k), T.Q5_0: (32, q5_0), T.Q8_0: (32, q8_0)}


def add(writer, name, shape, kind, deviation=None):
    """Shape as in gguf-py: the inner dimension last."""
    inner = shape[-1]
    if inner % BLOCKS[kind][0]:
        kind = T.Q5_0 if kind == T.Q4_K else T.Q8_0
    size, make = BLOCKS[kind]
    count = int(np.prod(shape)) // size
    data = np.concatenate(make(count, deviation or inner ** -0.5), axis=1)
    row = inner // size * data.shape[1]
    writer.add_tensor(name, data.reshape(*shape[:-1], row), raw_dtype=kind)


def add_floats(writer, name, shape, deviation=0.0, mean=0.0):
    writer.add_tensor(name, random.normal(mean, deviation, shape).astype(np.float32)
                      if deviation else np.full(shape, mean, np.float32))


def add_keys(writer, layers, query_rank):
    writer.add_block_count(layers)
    writer.add_context_length(163840)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(DENSE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(WORDS)
    writer.add_leading_dense_block_count(1)
    # llama.cpp wants a rank for models that it does not know by their number of layers.
    if query_rank or layers not in (26, 27):
        writer.add_q_lora_rank(query_rank)
    writer.add_kv_lora_rank(LATENT)
    writer.add_key_length(LATENT + TURNED)
    writer.add_value_length(LATENT)
    writer.add_key_length_mla(PLAIN + TURNED)
    writer.add_value_length_mla(VALUE)
    writer.add_rope_dimension_count(TURNED)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(USED)
    writer.add_expert_shared_count(SHARED)
    writer.add_expert_feed_forward_length(INNER)
    writer.add_expert_weights_scale(1.0)
    writer.add_expert_weights_norm(False)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX)
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(40.0)
    writer.add_rope_scaling_orig_ctx_len(4096)
    writer.add_rope_scaling_yarn_log_mul(0.0707)


def add_tokenizer(writer, path):
    if path is None:
        writer.add_tokenizer_model("no_vocab")
        return
    reader = gguf.GGUFReader(path)
    for key, field in reader.fields.items():
        if not key.startswith("tokenizer."):
            continue
        kind = field.types[0]
        if kind == gguf.GGUFValueType.ARRAY:
            writer.add_key_value(key, field.contents(), kind, field.types[-1])
        else:
            writer.add_key_value(key, field.contents(), kind)


def more_bits(layer, layers):
    """Which layers Q4_K_M gives six bits for the values that come last."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def add_layer(writer, layer, layers, usual, better, query_rank):
    prefix = f"blk.{layer}."
    last = better if more_bits(layer, layers) else usual
    for name, size in (("attn_norm", WIDTH), ("attn_kv_a_norm", LATENT), ("ffn_norm", WIDTH)):
        add_floats(writer, f"{prefix}{name}.weight", (size,), mean=1.0)
    queries = HEADS * (PLAIN + TURNED)
    if query_rank:
        add(writer, prefix + "attn_q_a.weight", (query_rank, WIDTH), usual)
        add_floats(writer, prefix + "attn_q_a_norm.weight", (query_rank,), mean=1.0)
        add(writer, prefix + "attn_q_b.weight", (queries, query_rank), usual)
    else:
        add(writer, prefix + "attn_q.weight", (queries, WIDTH), usual)
    add(writer, prefix + "attn_kv_a_mqa.weight", (LATENT + TURNED, WIDTH), usual)
    add(writer, prefix + "attn_k_b.weight", (HEADS, LATENT, PLAIN), usual, LATENT ** -0.5)
    add(writer, prefix + "attn_v_b.weight", (HEADS, VALUE, LATENT), usual)
    add(writer, prefix + "attn_output.weight", (WIDTH, HEADS * VALUE), usual)
    if layer == 0:
        for name, shape, kind in (("gate", (DENSE, WIDTH), usual), ("up", (DENSE, WIDTH), usual),
                                  ("down", (WIDTH, DENSE), last)):
            add(writer, f"{prefix}ffn_{name}.weight", shape, kind)
        return
    add_floats(writer, prefix + "ffn_gate_inp.weight", (EXPERTS, WIDTH), deviation=0.02)
    for name, shape, kind in (("gate", (INNER, WIDTH), usual), ("up", (INNER, WIDTH), usual),
                              ("down", (WIDTH, INNER), last)):
        add(writer, f"{prefix}ffn_{name}_exps.weight", (EXPERTS, *shape), kind)
        wide = tuple(SHARED * size if size == INNER else size for size in shape)
        add(writer, f"{prefix}ffn_{name}_shexp.weight", wide, kind)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, default=27)
    parser.add_argument("--type", choices=("q4_k_m", "q8_0"), default="q4_k_m")
    parser.add_argument("--tokenizer")
    # ik_llama.cpp takes a model for V2-Lite by its number of layers; all others need this.
    parser.add_argument("--query-rank", type=int, default=0)
    wanted = parser.parse_args()
    usual, better = (T.Q4_K, T.Q6_K) if wanted.type == "q4_k_m" else (T.Q8_0, T.Q8_0)
    # Each tensor goes to a temporary file when it is made, so that a large model needs no memory.
    writer = gguf.GGUFWriter(wanted.out, "deepseek2", use_temp_file=wanted.layers > 8)
    add_keys(writer, wanted.layers, wanted.query_rank)
    add_tokenizer(writer, wanted.tokenizer)
    add(writer, "token_embd.weight", (WORDS, WIDTH), usual, 1.0)
    for layer in range(wanted.layers):
        add_layer(writer, layer, wanted.layers, usual, better, wanted.query_rank)
    add_floats(writer, "output_norm.weight", (WIDTH,), mean=1.0)
    add(writer, "output.weight", (WORDS, WIDTH), better)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
