#!/usr/bin/env python3
"""Writes decoders/<name>.json: what tiny models of every architecture answer in transformers.

Usage: make_decoder_references.py [name ...]

Needs the packages torch and transformers (5.x; no network, a minute on one CPU core). Weights follow
from the tensor's name and the element's place in it (see `values`), so a test can make the same
checkpoint and no weights are kept. Where transformers fuses what published checkpoints keep apart
(experts, q/k/v), the names and shapes written are those of the published checkpoints.

A file holds: config (as published), config_saved (as transformers writes it), tensors [name, shape,
center, amplitude], tokens (300), lengths, last (per length: the logits of its last token; for
encoders "cls" and "mean" of the states, or "scores"), tops (for 300 tokens: position -> the best
[token, logit]), experts (per layer with a router: the chosen ones of the last eight tokens, sorted).
"""
import copy
import json
import math
import pathlib
import re
import sys
import time
import traceback

import numpy as np
import torch
import transformers

LENGTHS = [1, 7, 64, 300]
TOP_POSITIONS = [0, 31, 32, 63, 64, 65, 127, 200, 298]
VOCABULARY = 208
MASK = (1 << 64) - 1

BASE = {"vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96,
        "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False,
        "attention_dropout": 0.0}
ENCODER = {"vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96,
           "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 514,
           "layer_norm_eps": 1e-5, "hidden_act": "gelu", "type_vocab_size": 2,
           "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
DEEPSEEK = {"kv_lora_rank": 32, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32,
            "num_key_value_heads": 4, "moe_intermediate_size": 48, "n_routed_experts": 8,
            "num_experts_per_tok": 3, "n_shared_experts": 2, "first_k_dense_replace": 1,
            "moe_layer_freq": 1, "attention_bias": False, "pretraining_tp": 1}
DEEPSEEK_YARN = {"type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64,
                 "beta_fast": 32, "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.707}


def spec(architecture, base, changes, published=None):
    config = dict(base)
    config.update(changes)
    return {"architecture": architecture, "config": config, "published": published}


SPECS = {
    "llama": spec("LlamaForCausalLM", BASE, {"model_type": "llama"}),
    "llama3_scaled": spec("LlamaForCausalLM", BASE, {
        "model_type": "llama", "tie_word_embeddings": True, "head_dim": 32, "attention_bias": True,
        "rope_theta": 500000.0, "rms_norm_eps": 1e-5, "rope_scaling": {
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64}}),
    "qwen2": spec("Qwen2ForCausalLM", BASE, {"model_type": "qwen2", "rope_theta": 1000000.0}),
    "qwen3": spec("Qwen3ForCausalLM", BASE, {
        "model_type": "qwen3", "head_dim": 32, "tie_word_embeddings": True,
        "attention_bias": False, "rope_theta": 1000000.0}),
    "qwen3_yarn": spec("Qwen3ForCausalLM", BASE, {
        "model_type": "qwen3", "head_dim": 32, "attention_bias": False, "rope_theta": 10000.0,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0,
                         "original_max_position_embeddings": 64}}),
    "qwen2moe": spec("Qwen2MoeForCausalLM", BASE, {
        "model_type": "qwen2_moe", "num_experts": 8, "num_experts_per_tok": 3,
        "moe_intermediate_size": 48, "shared_expert_intermediate_size": 80,
        "norm_topk_prob": False, "decoder_sparse_step": 1, "num_key_value_heads": 4}),
    "qwen3moe": spec("Qwen3MoeForCausalLM", BASE, {
        "model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 3, "head_dim": 32,
        "moe_intermediate_size": 48, "norm_topk_prob": True, "decoder_sparse_step": 1,
        "attention_bias": False, "mlp_only_layers": []}),
    "olmoe": spec("OlmoeForCausalLM", BASE, {
        "model_type": "olmoe", "num_experts": 8, "num_experts_per_tok": 3,
        "num_key_value_heads": 4, "intermediate_size": 48, "norm_topk_prob": False,
        "rms_norm_eps": 1e-5}),
    "granitemoe": spec("GraniteMoeForCausalLM", BASE, {
        "model_type": "granitemoe", "num_local_experts": 8, "num_experts_per_tok": 3,
        "intermediate_size": 48, "embedding_multiplier": 12.0, "logits_scaling": 6.0,
        "residual_multiplier": 0.22, "attention_multiplier": 0.0625,
        "tie_word_embeddings": True}),
    "gemma3": spec("Gemma3ForCausalLM", BASE, {
        "model_type": "gemma3_text", "num_hidden_layers": 7, "head_dim": 32,
        "query_pre_attn_scalar": 32, "sliding_window": 32, "sliding_window_pattern": 6,
        "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "tie_word_embeddings": True,
        "hidden_activation": "gelu_pytorch_tanh", "attention_bias": False}),
    "deepseek2_lite": spec("DeepseekV2ForCausalLM", BASE, dict(
        DEEPSEEK, model_type="deepseek_v2", q_lora_rank=None, topk_method="greedy",
        scoring_func="softmax", norm_topk_prob=False, routed_scaling_factor=1.0, n_group=1,
        topk_group=1, rope_scaling=DEEPSEEK_YARN)),
    "deepseek2": spec("DeepseekV2ForCausalLM", BASE, dict(
        DEEPSEEK, model_type="deepseek_v2", q_lora_rank=48, topk_method="group_limited_greedy",
        scoring_func="softmax", norm_topk_prob=False, routed_scaling_factor=4.0, n_group=4,
        topk_group=2, rope_scaling=DEEPSEEK_YARN)),
    "deepseek3": spec("DeepseekV3ForCausalLM", BASE, dict(
        DEEPSEEK, model_type="deepseek_v3", q_lora_rank=48, topk_method="noaux_tc",
        scoring_func="sigmoid", norm_topk_prob=True, routed_scaling_factor=2.5, n_group=4,
        topk_group=2, n_shared_experts=1, num_nextn_predict_layers=0,
        rope_scaling=dict(DEEPSEEK_YARN, mscale=1.0, mscale_all_dim=1.0))),
    "moonlight": spec("DeepseekV3ForCausalLM", BASE, dict(
        DEEPSEEK, model_type="deepseek_v3", q_lora_rank=None, topk_method="noaux_tc",
        scoring_func="sigmoid", norm_topk_prob=True, routed_scaling_factor=2.446, n_group=1,
        topk_group=1, num_nextn_predict_layers=0, rope_theta=50000.0)),
    "bert": spec("BertModel", ENCODER, {"model_type": "bert", "pad_token_id": 0}),
    "bert_classifier": spec("BertForSequenceClassification", ENCODER, {
        "model_type": "bert", "pad_token_id": 0, "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0}}),
    "xlmroberta": spec("XLMRobertaModel", ENCODER, {
        "model_type": "xlm-roberta", "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0,
        "eos_token_id": 2}),
    "xlmroberta_classifier": spec("XLMRobertaForSequenceClassification", ENCODER, {
        "model_type": "xlm-roberta", "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0,
        "eos_token_id": 2, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}),
    "nomicbert": spec("NomicBertModel", ENCODER, {
        "model_type": "nomic_bert", "hidden_act": "silu", "layer_norm_eps": 1e-12,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0}},
        published={"model_type": "nomic_bert", "architectures": ["NomicBertModel"],
                   "activation_function": "swiglu", "vocab_size": VOCABULARY, "n_embd": 64,
                   "n_head": 4, "n_inner": 96, "n_layer": 3, "n_positions": 514,
                   "layer_norm_epsilon": 1e-12, "rotary_emb_base": 1000,
                   "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False,
                   "type_vocab_size": 2, "qkv_proj_bias": False, "mlp_fc1_bias": False,
                   "mlp_fc2_bias": False, "prenorm": False, "causal": False}),
}

NOMIC_NAMES = [(r"^layers\.", "encoder.layers."), (r"^embeddings\.LayerNorm", "emb_ln"),
               (r"self_attn\.o_proj", "attn.out_proj"), (r"mlp\.up_proj", "mlp.fc11"),
               (r"mlp\.gate_proj", "mlp.fc12"), (r"mlp\.down_proj", "mlp.fc2"),
               (r"post_attention_layernorm", "norm1"), (r"post_mlp_layernorm", "norm2")]


def mixed(number):
    """splitmix64, on arrays."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def name_hash(name):
    """FNV-1a, 64 bits."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def values(name, shape, center, amplitude):
    """Element i: float32(center + amplitude * (2 u - 1)), u = splitmix64(fnv1a(name) + i) / 2^64."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        bits = mixed(np.uint64(name_hash(name)) + np.arange(count, dtype=np.uint64))
    unit = (bits >> np.uint64(11)).astype(np.float64) * 2.0 ** -53
    return (center + amplitude * (2.0 * unit - 1.0)).astype(np.float32).reshape(shape)


def kind(name, shape, gemma):
    """Where the values lie: center and amplitude."""
    is_norm = re.search(r"(norm\d?|LayerNorm|emb_ln)\.weight$", name)
    if is_norm:
        return (0.0 if gemma else 1.0), 0.25
    if len(shape) == 1:
        return 0.0, 0.2
    if "embed" in name:
        return 0.0, 1.0
    scale = math.sqrt(3.0 / shape[-1])
    if re.search(r"(mlp\.gate|router\.layer)\.weight$", name):
        return 0.0, 2.0 * scale
    if re.search(r"(q_proj|k_proj|q_b_proj)\.weight$", name):
        return 0.0, 1.5 * scale
    return 0.0, scale


def published_parts(name, shape):
    """The tensors of a published checkpoint that make up one of the model's, and how."""
    fused = re.match(r"(.*\.mlp\.experts)\.(gate_up_proj|down_proj)$", name)
    if fused:
        prefix, experts = fused.group(1), shape[0]
        if fused.group(2) == "down_proj":
            return [(f"{prefix}.{e}.down_proj.weight", shape[1:]) for e in range(experts)], "stack"
        half = [shape[1] // 2, shape[2]]
        return [(f"{prefix}.{e}.{part}.weight", half) for e in range(experts)
                for part in ("gate_proj", "up_proj")], "stack_pairs"
    name = name.replace("block_sparse_moe.experts.gate_up_proj",
                        "block_sparse_moe.input_linear.weight")
    name = name.replace("block_sparse_moe.experts.down_proj",
                        "block_sparse_moe.output_linear.weight")
    name = name.replace("block_sparse_moe.router.weight", "block_sparse_moe.router.layer.weight")
    return [(name, shape)], "same"


class Checkpoint:
    """Fills a model and remembers the tensors of the published checkpoint."""

    def __init__(self, config):
        self.gemma = config["model_type"].startswith("gemma")
        self.nomic = config["model_type"] == "nomic_bert"
        self.tensors = {}

    def value(self, name, shape):
        shape = [int(size) for size in shape]
        center, amplitude = kind(name, shape, self.gemma)
        self.tensors[name] = [name, shape, center, amplitude]
        return values(name, shape, center, amplitude)

    def assembled(self, name, shape):
        if self.nomic:
            attention = re.match(r"layers\.(\d+)\.self_attn\.([qkv])_proj\.weight$", name)
            if attention:
                whole = self.value(f"encoder.layers.{attention.group(1)}.attn.Wqkv.weight",
                                   [3 * shape[0], shape[1]])
                return np.split(whole, 3)["qkv".index(attention.group(2))]
            for pattern, replacement in NOMIC_NAMES:
                name = re.sub(pattern, replacement, name)
        parts, how = published_parts(name, list(shape))
        arrays = [self.value(*part) for part in parts]
        if how == "same":
            return arrays[0]
        if how == "stack_pairs":
            arrays = [np.concatenate(pair) for pair in zip(arrays[0::2], arrays[1::2])]
        return np.stack(arrays)

    def fill(self, model, is_tied):
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                if "position_ids" in name or "token_type_ids" in name:
                    continue
                if is_tied and name == "lm_head.weight":
                    continue
                tensor.copy_(torch.from_numpy(self.assembled(name, tensor.shape)))


def watch_experts(model, chosen):
    """Notes the experts of every token, in the order of the layers."""
    def note(_module, arguments, keywords):
        index = arguments[1] if len(arguments) > 1 else keywords["top_k_index"]
        chosen.append(index.detach().reshape(-1, index.shape[-1]).sort(dim=-1)[0].tolist())

    for name, module in model.named_modules():
        if name.endswith(".experts"):
            module.register_forward_pre_hook(note, with_kwargs=True)


def make_model(one):
    config_class = getattr(transformers, one["architecture"]).config_class
    config = config_class.from_dict(
        dict(copy.deepcopy(one["config"]), architectures=[one["architecture"]]))
    config._attn_implementation = "eager"
    try:
        config._experts_implementation = "eager"
    except AttributeError:
        pass
    model = getattr(transformers, one["architecture"])(config)
    return model.eval()


def answers(model, tokens, is_encoder):
    outputs = model(input_ids=torch.tensor([tokens]))
    if not is_encoder:
        return outputs.logits[0].double().numpy()
    if hasattr(outputs, "logits"):
        return {"scores": outputs.logits[0].double().numpy()}
    states = outputs.last_hidden_state[0].double().numpy()
    return {"cls": states[0], "mean": states.mean(0)}


def short(array):
    return [float(f"{x:.8g}") for x in np.asarray(array).reshape(-1)]


def rope_facts(model):
    facts = {}
    for name, module in model.named_modules():
        for key, buffer in module.named_buffers(recurse=False):
            if key.endswith("inv_freq") and "original" not in key and "rotary" in name:
                scaling = getattr(module, key.replace("inv_freq", "attention_scaling"), 1.0)
                facts[key] = {"inv_freq": short(buffer), "attention_scaling": float(scaling)}
    return facts


def compare_precisions(model, tokens, is_encoder, chosen):
    """Single precision's difference to double precision, and whether it routes alike."""
    single = {}
    for length in LENGTHS:
        chosen.clear()
        single[length] = (answers(model.float(), tokens[:length], is_encoder), list(chosen))
    worst, same = 0.0, True
    for length in LENGTHS:
        chosen.clear()
        exact = answers(model.double(), tokens[:length], is_encoder)
        same = same and chosen == single[length][1]
        pairs = [(exact, single[length][0])] if not is_encoder else [
            (exact[key], single[length][0][key]) for key in exact]
        for a, b in pairs:
            worst = max(worst, float(np.abs(a - b).max() / np.abs(a).max()))
    return worst, same


def make(name, one, folder):
    began = time.time()
    torch.manual_seed(0)
    model = make_model(one)
    config = one["config"]
    is_encoder = "CausalLM" not in one["architecture"]
    checkpoint = Checkpoint(config)
    checkpoint.fill(model, config.get("tie_word_embeddings", False))
    tokens = [4 + int(x % np.uint64(VOCABULARY - 4))
              for x in mixed(np.uint64(name_hash("tokens")) + np.arange(300, dtype=np.uint64))]
    chosen = []
    watch_experts(model, chosen)
    worst, same = compare_precisions(model, tokens, is_encoder, chosen)
    published = one["published"] or dict(config, architectures=[one["architecture"]])
    result = {"name": name, "transformers": transformers.__version__, "torch": torch.__version__,
              "precision": "float64 (norms, softmax and rotations as transformers does them)",
              "float32_differs_by": worst, "float32_routes_alike": same, "config": published,
              "config_saved": json.loads(model.config.to_json_string(use_diff=False)),
              "rope": rope_facts(model), "tensors": list(checkpoint.tensors.values()),
              "tokens": tokens, "lengths": LENGTHS, "last": {}, "tops": {}, "experts": {}}
    for length in LENGTHS:
        chosen.clear()
        answer = answers(model, tokens[:length], is_encoder)
        if is_encoder:
            result["last"][str(length)] = {key: short(value) for key, value in answer.items()}
            continue
        result["last"][str(length)] = short(answer[-1])
        result["experts"][str(length)] = [layer[-8:] for layer in chosen]
        if length == LENGTHS[-1]:
            for position in TOP_POSITIONS:
                best = np.argsort(-answer[position])[:6]
                result["tops"][str(position)] = [[int(t), float(f"{answer[position][t]:.8g}")]
                                                 for t in best]
    path = folder / f"{name}.json"
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"{name}: {path.stat().st_size} bytes, {time.time() - began:.1f} s, float32 differs by "
          f"{worst:.2e}, routes alike: {same}, layers with experts: "
          f"{len(result['experts'].get('300', []))}", flush=True)


def main():
    print("transformers", transformers.__version__, "torch", torch.__version__)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    folder = pathlib.Path(__file__).parent / "decoders"
    folder.mkdir(exist_ok=True)
    failed = []
    for name in sys.argv[1:] or SPECS:
        try:
            make(name, SPECS[name], folder)
        except Exception:
            failed.append(name)
            print(f"{name}: FAILED")
            traceback.print_exc(limit=-6)
    print("failed:", " ".join(failed) or "none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
