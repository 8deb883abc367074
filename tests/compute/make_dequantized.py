#!/usr/bin/env python3
"""Writes dequantized.txt: random blocks of every weight format and what they decode to.

Needs the packages numpy and gguf. Each line: format, block bytes in hex, floats in hex (bits).
"""
import pathlib

import gguf
import numpy as np

FORMATS = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "Q2_K",
           "Q3_K", "IQ4_NL", "IQ4_XS", "MXFP4"]
HALVES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q2_K": [80, 82], "Q3_K": [108],
          "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": []}
EXPONENTS = [122, 0, 1, 250]  # of MXFP4: subnormal scales too

random = np.random.default_rng(20)
lines = []
for name in FORMATS:
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    for repeat in range(4 if name == "MXFP4" else 2):
        if name in ("F16", "BF16"):
            values = random.normal(size=16).astype(np.float32)
            block = gguf.quantize(values, kind).view(np.uint8)
        else:
            block = random.integers(0, 256, size=size, dtype=np.uint8)
            for at in HALVES[name]:
                scale = np.float16(random.normal() * 0.01)
                block[at:at + 2] = np.frombuffer(scale.tobytes(), np.uint8)
            if name == "MXFP4":
                block[0] = EXPONENTS[repeat]
        floats = gguf.dequantize(block.reshape(1, -1), kind).astype(np.float32).reshape(-1)
        lines.append(f"{name} {block.tobytes().hex()} {floats.tobytes().hex()}")
target = pathlib.Path(__file__).with_name("dequantized.txt")
target.write_text("\n".join(lines) + "\n")
