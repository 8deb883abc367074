// Writes inputs for the fuzz targets to begin with: make_seeds FOLDER fills FOLDER/<target>/.
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/attributes.h"
#include "base/file.h"
#include "base/layout.h"
#include "llm/engine_protocol.h"
#include "tests/llm/small_charsmap.h"
#include "tests/llm/small_vocabularies.h"
#include "tests/llm/tiny_e5pack.h"

namespace {

using namespace wenyuan;       // NOLINT: a program of one file
using namespace wenyuan::llm;  // NOLINT
namespace fs = std::filesystem;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& bytes) {
    fs::create_directories(folder_ / target);
    const fs::path path = folder_ / target / std::to_string(++count_);
    if (!write_file_durably(path, bytes)) failed_ = true;
  }
  bool failed() const { return failed_; }

 private:
  fs::path folder_;
  int count_ = 0;
  bool failed_ = false;
};

void add_models(Seeds& seeds) {
  GgufWriter chat = small_bpe("smollm", {"h e"});
  chat.set("tokenizer.chat_template", std::string("{{ '<|im_start|>' }}{{ messages }}"));
  const std::uint8_t zeros[64] = {};
  chat.add_tensor("t", TensorType::f32, {4, 4}, zeros);
  for (const GgufWriter& writer :
       {chat, small_unigram(), small_wordpiece(), small_sentencepiece()}) {
    seeds.add("gguf", writer.encode());
  }
  seeds.add("e5pack", TinyE5Pack::bytes());
  seeds.add("e5pack", TinyE5Pack::bytes(0));
}

void add_directories(Seeds& seeds) {
  const std::string header = R"({"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}})";
  std::string tensors(1, static_cast<char>(header.size()));
  tensors += std::string(7, '\0');
  tensors += header;
  tensors += std::string(8, '\1');
  const auto add = [&](char which, const std::string& content) {
    seeds.add("safetensors", which + content);
  };
  add(0, tensors);
  add(1, R"({"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","hidden_size":64,
    "num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":96,"rms_norm_eps":1e-6,
    "max_position_embeddings":512,"vocab_size":99,"kv_lora_rank":32,"qk_rope_head_dim":16,
    "qk_nope_head_dim":32,"v_head_dim":32,"n_routed_experts":8,"num_experts_per_tok":2,
    "moe_intermediate_size":48,"n_group":2,"topk_group":1,"rope_theta":10000,
    "rope_scaling":{"type":"yarn","factor":8,"original_max_position_embeddings":64,
    "mscale":1,"mscale_all_dim":1,"beta_fast":32,"beta_slow":1}})");
  add(2, R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},
    "pre_tokenizer":{"type":"ByteLevel"},"bos_token":"<s>","eos_token_id":[1,2],
    "added_tokens":[{"id":3,"content":"<s>","special":true}],"chat_template":"x",
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},
    {"Sequence":{"id":"A"}}]}})");
  add(2, R"({"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1.5]]},
    "normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}})");
  add(2, R"({"model":{"type":"WordPiece","vocab":{"[UNK]":0,"##a":1},"unk_token":"[UNK]"}})");
}

void add_texts(Seeds& seeds) {
  for (char which = 0; which < 14; ++which) {
    const std::string text = "hello  world's 12345 中国\n\n\t<|im_end|>[tool]▁the é!";
    seeds.add("tokenizer", which + text);
    seeds.add("tokenizer", static_cast<char>(which + 14 * 9) + text);
  }
  const char* templates[] = {
      "",
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m.content | trim }}"
      "{% if loop.last and not x is defined %}{{ bos_token }}{% endif %}{% endfor %}",
      "{%- set ns = namespace(a='', l=[]) -%}{% for m in messages[1:] if m.role != 'system' %}"
      "{% set ns.a = ns.a ~ m.content.split('a')[-1] %}{% set ns.l = ns.l + [m] %}"
      "{% endfor %}{{ ns.a.replace('b', '-') | upper }}{{ ns.l | tojson(indent=2) }}",
      "{% macro f(a, b=1) %}{{ a }}{{ '%s' if b > 0 else c[::-1] }}{% endmacro %}{{ f(c, b=2) }}"
      "{% set t | indent(2) %}\n {{ c.strip() }}\n{% endset %}{{ t }}{# c #}{% raw %}{{{% endraw "
      "%}",
      "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('|') "
      "}}"
      "{{ {'a': [1, 2.5, none]}.items() | list }}{{ range(3) | list | reverse | first }}"
      "{{ raise_exception('no') if false else strftime_now('%d %B') }}"};
  for (const std::string text : templates) {
    seeds.add("template", text);
    seeds.add("chat_template", text + "\xFFyou are\xFFhello <|im_end|>\xFFyes\xFF and?");
  }
  const std::string map = small_charsmap({{"\t", " "}, {"ab", "c"}, {"中", "z"}});
  seeds.add("charsmap", "\x0A" + map + "\tabab中\t");
}

void add_messages(Seeds& seeds) {
  const auto add = [&](char which, const std::string& payload) {
    seeds.add("engine_protocol", which + payload);
  };
  add(0, encode_frame(FrameKind::embed, "abc"));
  add(1, encode_hello());
  add(2, encode(EmbedRequest{"e", EmbedKind::query, {"a", "b"}}));
  add(3, encode(CountRequest{"e", {"a"}}));
  GenerateRequest request;
  request.model = "m";
  request.messages = {{Role::user, "hi"}};
  request.stop = {"x"};
  add(4, encode(request));
  ModelList list;
  list.models.resize(1);
  list.broken.push_back({"b", Error{ErrorCode::corrupt, "why"}});
  add(5, encode(list));
  add(6, encode(std::vector<std::vector<float>>{{1, 2}, {3, 4}}));
  add(7, encode(GenerateResult{}));
  add(8, encode(EngineStatus{1, 2, 3, {"m"}}));
  add(9, encode(Error{ErrorCode::not_found, "no"}));
}

void add_base(Seeds& seeds) {
  seeds.add("attributes", encode_attributes({{"a", true},
                                             {"b", std::int64_t{-5}},
                                             {"c", "text \"\\\n"},
                                             {"d", std::vector<std::string>{"x", "中"}}}));
  const TextBox boxes[] = {{0, 5, {1, 0.1F, 0.1F, 0.2F, 0.2F}}, {6, 9, {2, 0, 0, 1, 1}}};
  seeds.add("attributes", encode_layout(boxes));
  seeds.add("policy", "allow read if user.a == resource.a and not (user.b < 3 or user has c)");
  seeds.add("policy", "deny if resource.d in [\"x\", \"y\"] or \"z\" in resource.d");
}

void add_cedar(Seeds& seeds) {
  seeds.add("cedar_policy", R"(@id("a")
permit(principal is U in G::"g", action in [Action::"read", Action::"write"], resource == D::"d")
when { principal.a < resource.a + 1 && resource.t.containsAll([1, "x"]) ||
       principal has r.a && principal.r.a == -1 }
unless { if context.b then resource.s like "x*"
         else principal.hasTag("s") && principal.getTag("s") };
forbid(principal, action, resource)
when { ip("10.0.0.0/8").isInRange(ip("1.2.3.4")) || decimal("1.5").lessThan(decimal("2.0")) ||
       resource in F::"f" };
)");
  seeds.add("cedar_policy", R"(permit(principal in ?principal, action, resource == ?resource)
when { {a: 1, "b": [true, principal]}.a * 3 - 4 >= -5 && !(resource is D) };
forbid(principal == ?principal, action == Action::"read", resource)
when { datetime("2024-01-01").offset(duration("1d2h")) > context.now && [].isEmpty() };
)");
  seeds.add("cedar_policy", R"({"staticPolicies": {"a": {"effect": "permit",
"principal": {"op": "==", "entity": {"type": "U", "id": "u"}}, "action": {"op": "All"},
"resource": {"op": "in", "entity": {"type": "G", "id": "g"}}, "conditions": [{"kind": "when",
"body": {"<": {"left": {".": {"left": {"Var": "principal"}, "attr": "a"}},
"right": {"Value": 5}}}}]}}, "templates": {}, "templateLinks": []})");
  seeds.add("cedar_schema", R"(type T = { a?: Long, "b": Set<String> };
entity G; entity U in [G] = { t: T, d: decimal } tags String; entity D enum ["x", "y"];
action read, "write" in [all] appliesTo { principal: [U], resource: [D, U], context: { c: Bool } };
action all;
---
permit(principal, action, resource) when { principal has t && principal.t.a == 1 };
)");
  seeds.add("cedar_entities", R"([{"uid": {"type": "U", "id": "u"}, "attrs": {"a": 1,
"p": {"__extn": {"fn": "ip", "arg": "1.2.3.4"}}, "s": ["x", true], "r": {"k": "v"}},
"parents": [{"__entity": {"type": "G", "id": "g"}}], "tags": {"t": "1h"}}])");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("Usage: make_seeds FOLDER\n", stderr);
    return 2;
  }
  Seeds seeds(argv[1]);
  add_models(seeds);
  add_directories(seeds);
  add_texts(seeds);
  add_messages(seeds);
  add_base(seeds);
  add_cedar(seeds);
  return seeds.failed() ? 1 : 0;
}
