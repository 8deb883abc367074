#include "llm/decoder/experts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace wenyuan::llm {

Result<std::unique_ptr<FeedForward>> ExpertFeedForward::load(const WeightLoader& loader,
                                                             std::size_t layer, std::size_t width,
                                                             const ExpertsShape& shape) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const std::size_t experts = shape.router.experts;
  WY_TRY(auto bias, loader.vector_if_any(prefix + "exp_probs_b.bias", experts));
  std::unique_ptr<ExpertFeedForward> own(new ExpertFeedForward(layer, shape, std::move(bias)));
  own->observer_ = loader.options().on_routing;
  WY_TRY(own->router_matrix_, loader.matrix(prefix + "ffn_gate_inp.weight", width, experts));
  WY_TRY(own->gates_, loader.stack(prefix + "ffn_gate_exps.weight", width, shape.inner, experts));
  WY_TRY(own->ups_, loader.stack(prefix + "ffn_up_exps.weight", width, shape.inner, experts));
  WY_TRY(own->downs_, loader.stack(prefix + "ffn_down_exps.weight", shape.inner, width, experts));
  if (shape.shared_inner != 0) {
    WY_TRY(own->shared_,
           GatedWeights::load(loader, prefix + "ffn", "_shexp", width, shape.shared_inner));
  }
  const std::string gate = prefix + "ffn_gate_inp_shexp.weight";
  if (loader.has(gate)) {
    WY_TRY(own->shared_gate_, loader.matrix(gate, width, 1));
  }
  return std::unique_ptr<FeedForward>(std::move(own));
}

void ExpertFeedForward::run(Stream& stream, std::size_t rows, const std::vector<float>& norm,
                            const BlockOutput& out) {
  compute::ActivationForms forms = gates_.form();
  forms.add(ups_.form());
  if (shared_) {
    forms.add(shared_->gate.form());
    forms.add(shared_->up.form());
  }
  stream.fill_normed(norm, rows, forms);
  const Plan plan = route(stream, rows);
  float* downs = stream.room(Stream::Room::downs, rows * shape_.router.used * stream.width);
  {
    const Timed timed(stream, Operator::experts);
    run_experts(stream, plan, rows, downs);
    combine(stream, plan, rows, downs, out);
  }
  const Timed timed(stream, Operator::feed_forward);
  if (shared_) run_shared(stream, rows, {out.rows, true});
}

ExpertFeedForward::Plan ExpertFeedForward::route(Stream& stream, std::size_t rows) const {
  const Timed timed(stream, Operator::router);
  const std::size_t experts = shape_.router.experts;
  const std::size_t used = shape_.router.used;
  float* logits = stream.room(Stream::Room::sums, rows * experts);
  const compute::Product product{.matrix = &router_matrix_, .out = logits, .stride = experts};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
  Plan plan;
  plan.choices.resize(rows * used);
  for_rows(stream.threads, rows, [&](std::size_t row) {
    router_.choose({logits + row * experts, experts}, {plan.choices.data() + row * used, used});
  });
  if (observer_) {
    for (std::size_t row = 0; row < rows; ++row) {
      observer_(layer_, row, {plan.choices.data() + row * used, used});
    }
  }
  plan.ranges.assign(experts, {0, 0});
  for (const Choice& choice : plan.choices) ++plan.ranges[choice.expert].count;
  std::size_t begin = 0;
  for (compute::RowRange& range : plan.ranges) {
    range.begin = begin;
    begin += range.count;
    range.count = 0;
  }
  plan.rows.resize(rows * used);
  plan.places.resize(rows * used);
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    compute::RowRange& range = plan.ranges[plan.choices[i].expert];
    const std::size_t place = range.begin + range.count++;
    plan.rows[place] = static_cast<std::uint32_t>(i / used);
    plan.places[i] = static_cast<std::uint32_t>(place);
  }
  return plan;
}

void ExpertFeedForward::run_experts(Stream& stream, const Plan& plan, std::size_t rows,
                                    float* downs) const {
  const std::size_t inner = shape_.inner;
  const std::size_t places = plan.rows.size();
  float* gates = stream.room(Stream::Room::gates, places * inner);
  float* ups = stream.room(Stream::Room::ups, places * inner);
  // A single row is every chosen expert's; several are gathered, those of an expert together.
  const bool is_single = rows == 1;
  if (!is_single) stream.gathered.gather(stream.activations, plan.rows, stream.threads);
  std::vector<compute::Product> products;
  const auto add = [&](const compute::Matrix& matrix, float* to, std::size_t stride, bool gather) {
    for (std::size_t expert = 0; expert < plan.ranges.size(); ++expert) {
      const compute::RowRange& range = plan.ranges[expert];
      if (range.count == 0) continue;
      products.push_back({.matrix = &matrix,
                          .out = to + range.begin * stride,
                          .stride = stride,
                          .part = expert,
                          .rows = gather ? range : compute::RowRange{0, 1}});
    }
  };
  add(gates_, gates, inner, !is_single);
  add(ups_, ups, inner, !is_single);
  compute::multiply(is_single ? stream.activations : stream.gathered, products, stream.threads);
  stream.gathered.fill(
      places, inner, downs_.form(), stream.threads, [&](std::size_t place, float* to) {
        run_gate(Gate::silu, gates + place * inner, ups + place * inner, inner, to, stream.kernels);
      });
  products.clear();
  add(downs_, downs, stream.width, true);
  compute::multiply(stream.gathered, products, stream.threads);
}

void ExpertFeedForward::combine(Stream& stream, const Plan& plan, std::size_t rows,
                                const float* downs, const BlockOutput& out) const {
  const std::size_t used = shape_.router.used;
  const std::size_t width = stream.width;
  for_rows(stream.threads, rows, [&](std::size_t row) {
    float* to = out.rows + row * width;
    if (!out.add) std::memset(to, 0, width * sizeof *to);
    for (std::size_t i = row * used; i < (row + 1) * used; ++i) {
      const float weight = plan.choices[i].weight;
      const float* from = downs + plan.places[i] * width;
      for (std::size_t k = 0; k < width; ++k) to[k] += weight * from[k];
    }
  });
}

// Its input is still in the stream's activations.
void ExpertFeedForward::run_shared(Stream& stream, std::size_t rows, const BlockOutput& out) const {
  const std::size_t inner = shape_.shared_inner;
  float* gates = stream.room(Stream::Room::more_gates, rows * inner);
  float* ups = stream.room(Stream::Room::more_ups, rows * inner);
  float* shares = stream.room(Stream::Room::sums, rows);
  std::vector<compute::Product> products = {
      {.matrix = &shared_->gate, .out = gates, .stride = inner},
      {.matrix = &shared_->up, .out = ups, .stride = inner},
  };
  const bool is_gated = shared_gate_.inputs() != 0;
  if (is_gated) products.push_back({.matrix = &shared_gate_, .out = shares, .stride = 1});
  compute::multiply(stream.activations, products, stream.threads);
  const auto write = [&](std::size_t row, float* to) {
    run_gate(Gate::silu, gates + row * inner, ups + row * inner, inner, to, stream.kernels);
    if (!is_gated) return;
    const float share = 1.0F / (1.0F + std::exp(-shares[row]));
    for (std::size_t i = 0; i < inner; ++i) to[i] *= share;
  };
  stream.activations.fill(rows, inner, shared_->down.form(), stream.threads, write);
  const compute::Product product{
      .matrix = &shared_->down, .out = out.rows, .stride = stream.width, .add = out.add};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
}

}  // namespace wenyuan::llm
