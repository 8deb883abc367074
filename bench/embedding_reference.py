#!/usr/bin/env python3
"""Retrieval with our vectors beside PyTorch's of the same weights and texts.

bench/embedding_reference.py ours MODEL OUT.npz [set …]      needs numpy, and the server
bench/embedding_reference.py torch OUT.npz WEIGHTS           needs numpy, torch and transformers

The first step embeds whole documents and queries through POST /v1/embeddings and keeps texts,
vectors and judgements; the second, which may run on another machine, embeds the same texts with
transformers (WEIGHTS: the Hugging Face directory, or the GGUF file, for which it needs gguf too)
and prints nDCG@10 and recall@10 of both and how far vectors are apart.
"""

import json
import pathlib
import re
import sys

import numpy as np

SETS = ("cranfield", "med")
PREFIXES = {"multilingual-e5-small": ("query: ", "passage: ")}


def ours(model, out, sets):
    import base64
    from common import Server, retrieval_set

    def embed(client, texts, kind):
        vectors = []
        for start in range(0, len(texts), 64):
            answer = client.must(200, client.post("/v1/embeddings", {
                "model": model, "input": texts[start:start + 64], "input_type": kind,
                "encoding_format": "base64"}))
            vectors += [np.frombuffer(base64.b64decode(item["embedding"]), np.float32)
                        for item in answer["data"]]
        return np.stack(vectors)

    kept = {}
    with Server(arguments=("--requests-per-second", "100000")) as server:
        client = server.client()
        for name in sets or SETS:
            documents, queries, judgements = retrieval_set(name)
            texts = {key: f"{title} {text}".strip() or key
                     for key, (title, text) in documents.items()}
            queries = {key: text for key, text in queries.items() if key in judgements}
            kept[name + ".meta"] = np.array(json.dumps(
                {"documents": texts, "queries": queries, "judgements": judgements}))
            kept[name + ".documents"] = embed(client, list(texts.values()), "passage")
            kept[name + ".queries"] = embed(client, list(queries.values()), "query")
            print(name, len(texts), len(queries), flush=True)
    np.savez(out, model=np.array(model), **kept)


class FromDirectory:
    def __init__(self, folder):
        import transformers
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModel.from_pretrained(folder).eval()
        limits = pathlib.Path(folder, "sentence_bert_config.json")
        self.limit = json.loads(limits.read_text())["max_seq_length"] if limits.exists() else 512

    def tokens(self, text):
        return self.tokenizer(text, truncation=True, max_length=self.limit)["input_ids"]


class FromGguf:
    """BERT's layers as the file has them, dequantised by the gguf package."""

    NAMES = {"attn_q": "attention.self.query", "attn_k": "attention.self.key",
             "attn_v": "attention.self.value", "attn_output": "attention.output.dense",
             "attn_output_norm": "attention.output.LayerNorm", "ffn_up": "intermediate.dense",
             "ffn_down": "output.dense", "layer_output_norm": "output.LayerNorm"}
    TABLES = {"token_embd.weight": "embeddings.word_embeddings.weight",
              "position_embd.weight": "embeddings.position_embeddings.weight",
              "token_types.weight": "embeddings.token_type_embeddings.weight",
              "token_embd_norm.weight": "embeddings.LayerNorm.weight",
              "token_embd_norm.bias": "embeddings.LayerNorm.bias"}

    def __init__(self, path):
        import gguf
        import torch
        import transformers
        from tokenizers import Tokenizer, models, pre_tokenizers
        reader = gguf.GGUFReader(path)
        field = lambda name: reader.fields[name].contents()
        weights = {}
        for tensor in reader.tensors:
            values = torch.tensor(np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type)))
            if tensor.name in self.TABLES:
                weights[self.TABLES[tensor.name]] = values
            elif found := re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", tensor.name):
                layer, part, kind = found.groups()
                weights[f"encoder.layer.{layer}.{self.NAMES[part]}.{kind}"] = values
        width = weights["embeddings.word_embeddings.weight"].shape
        positions = weights["embeddings.position_embeddings.weight"].shape[0]
        config = transformers.BertConfig(
            vocab_size=width[0], hidden_size=width[1], max_position_embeddings=positions,
            num_hidden_layers=field("bert.block_count"), hidden_act="gelu",
            num_attention_heads=field("bert.attention.head_count"),
            intermediate_size=field("bert.feed_forward_length"),
            layer_norm_eps=field("bert.attention.layer_norm_epsilon"),
            type_vocab_size=weights["embeddings.token_type_embeddings.weight"].shape[0])
        self.model = transformers.BertModel(config, add_pooling_layer=False).eval()
        missing, unknown = self.model.load_state_dict(weights, strict=False)
        assert not unknown and set(missing) <= {"embeddings.position_ids"}, (missing, unknown)
        self.limit = 512
        self.rules, rules, at = {}, field("tokenizer.wenyuan.normalizer"), 0
        while at < len(rules):  # character, length, characters
            end = at + 2 + rules[at + 1]
            self.rules[chr(rules[at])] = "".join(map(chr, rules[at + 2:end]))
            at = end
        self.unigram = Tokenizer(models.Unigram(
            list(zip(field("tokenizer.ggml.tokens"), field("tokenizer.ggml.scores"))), unk_id=3))
        self.unigram.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always",
                                                              split=False)

    def tokens(self, text):
        text = "".join(self.rules.get(c, c) for c in text)
        text = re.sub(" {2,}", " ", text).strip(" ")
        ids = self.unigram.encode(text, add_special_tokens=False).ids
        return [0, *ids[:self.limit - 2], 2]


def embed_with_torch(model, texts):
    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.model.to(device)
    vectors = []
    with torch.no_grad():
        for text in texts:  # one by one: nothing to pad
            ids = torch.tensor([model.tokens(text)], device=device)
            states = model.model(ids, torch.ones_like(ids)).last_hidden_state[0].mean(0)
            vectors.append((states / states.norm()).double().cpu().numpy())
    return np.stack(vectors)


def ndcg_and_recall(documents, queries, meta):
    keys = np.array(list(meta["documents"]))
    gained, found = [], []
    for vector, key in zip(queries, meta["queries"]):
        gains = meta["judgements"][key]
        best = keys[np.argsort(-(documents @ vector), kind="stable")[:10]]
        discounts = 1 / np.log2(np.arange(2, 12))
        got = sum(gains.get(k, 0) * d for k, d in zip(best, discounts))
        ideal = sum(g * d for g, d in zip(sorted(gains.values(), reverse=True), discounts))
        gained.append(got / ideal)
        found.append(len(set(best) & set(gains)) / len(gains))
    return np.mean(gained), np.mean(found)


def compare(file, weights):
    import torch
    torch.backends.cuda.matmul.allow_tf32 = False
    kept = np.load(file)
    name = str(kept["model"])
    query, passage = PREFIXES.get(name, ("", ""))
    model = FromGguf(weights) if weights.endswith(".gguf") else FromDirectory(weights)
    for key in [key[:-5] for key in kept if key.endswith(".meta")]:
        meta = json.loads(str(kept[key + ".meta"]))
        theirs = [embed_with_torch(model, [prefix + text for text in meta[part].values()])
                  for part, prefix in (("documents", passage), ("queries", query))]
        own = [kept[key + ".documents"].astype(float), kept[key + ".queries"].astype(float)]
        cosines = np.concatenate([(a * b).sum(1) for a, b in zip(own, theirs)])
        print(f"{name} {key}: ours nDCG@10 %.4f recall@10 %.4f" % ndcg_and_recall(*own, meta),
              "torch %.4f %.4f" % ndcg_and_recall(*theirs, meta),
              f"cosine min {cosines.min():.6f} median {np.median(cosines):.6f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        compare(sys.argv[2], sys.argv[3])
