"""Writes tiny encoders as Hugging Face keeps them: BERT's shape, random weights."""

import json
import random
import struct

WIDTH, INNER, LAYERS, HEADS, CONTEXT = 32, 64, 2, 2, 64
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
              *LETTERS, *("##" + letter for letter in LETTERS), "pump", "valve", "journey"]


def shapes():
    yield "bert.embeddings.word_embeddings.weight", (len(VOCABULARY), WIDTH)
    yield "bert.embeddings.position_embeddings.weight", (CONTEXT, WIDTH)
    yield "bert.embeddings.token_type_embeddings.weight", (2, WIDTH)
    yield from norm("bert.embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"bert.encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            yield from linear(f"{at}attention.self.{name}", WIDTH, WIDTH)
        yield from linear(f"{at}attention.output.dense", WIDTH, WIDTH)
        yield from norm(f"{at}attention.output.LayerNorm")
        yield from linear(f"{at}intermediate.dense", INNER, WIDTH)
        yield from linear(f"{at}output.dense", WIDTH, INNER)
        yield from norm(f"{at}output.LayerNorm")


def classifier():
    yield from linear("bert.pooler.dense", WIDTH, WIDTH)
    yield from linear("classifier", 1, WIDTH)


def linear(name, outputs, inputs):
    yield name + ".weight", (outputs, inputs)
    yield name + ".bias", (outputs,)


def norm(name):
    yield name + ".weight", (WIDTH,)
    yield name + ".bias", (WIDTH,)


def write_cross_encoder(folder, seed=1):
    write(folder, "BertForSequenceClassification", [*shapes(), *classifier()], seed)


def write_embedder(folder, seed=1):
    write(folder, "BertModel", list(shapes()), seed)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')


def write(folder, architecture, tensors, seed):
    chance = random.Random(seed)
    header, data = {}, b""
    for name, shape in tensors:
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        middle = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        values = struct.pack(f"<{count}f", *(chance.gauss(middle, 0.2) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps({
        "architectures": [architecture], "model_type": "bert",
        "vocab_size": len(VOCABULARY), "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "hidden_act": "gelu",
        "max_position_embeddings": CONTEXT, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "id2label": {"0": "LABEL_0"}, "pad_token_id": 0}))
    special = [{"id": index, "content": token, "special": True, "normalized": False,
                "single_word": False, "lstrip": False, "rstrip": False}
               for index, token in enumerate(VOCABULARY[:5])]
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": True,
                       "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100,
                  "vocab": {token: index for index, token in enumerate(VOCABULARY)}}}))
