#!/usr/bin/env python3
"""Writes dequantized.txt: random blocks of every weight format and what they decode to.

Needs the packages numpy and gguf. Each line: format, block bytes in hex, floats in hex (bits).
"""
import pathlib

import gguf
import numpy as np

FORMATS = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
HALVES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}

random = np.random.default_rng(20)
lines = []
for name in FORMATS:
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    for _ in range(2):
        if name in ("F16", "BF16"):
            values = random.normal(size=16).astype(np.float32)
            block = gguf.quantize(values, kind).view(np.uint8)
        else:
            block = random.integers(0, 256, size=size, dtype=np.uint8)
            for at in HALVES[name]:
                scale = np.float16(random.normal() * 0.01)
                block[at:at + 2] = np.frombuffer(scale.tobytes(), np.uint8)
        floats = gguf.dequantize(block.reshape(1, -1), kind).astype(np.float32).reshape(-1)
        lines.append(f"{name} {block.tobytes().hex()} {floats.tobytes().hex()}")
target = pathlib.Path(__file__).with_name("dequantized.txt")
target.write_text("\n".join(lines) + "\n")
