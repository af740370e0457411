#include "server/core/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <sstream>

#include "kernels/kv_cache.h"

namespace quire::server {
namespace {

using Buckets = std::vector<double>;
using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::MetricFamily;
using prometheus::MetricType;
using prometheus::Registry;

// vLLM's, from vllm/v1/metrics/loggers.py.
const Buckets kFirstToken{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5,  .75,
                          1,    2.5,  5,   7.5, 10,  20,  40,  80, 160, 640, 2560};
const Buckets kBetweenTokens{.01, .025, .05, .075, .1,  .15, .2, .3, .4, .5,
                             .75, 1,    2.5, 5,    7.5, 10,  20, 40, 80};
const Buckets kRequestTimes{.3, .5, .8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                            30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680};
const Buckets kChoices{1, 2, 5, 10, 20};

Counter& counter(Registry& registry, const Labels& labels, const std::string& name,
                 const std::string& help) {
  return prometheus::BuildCounter().Name("vllm:" + name).Help(help).Register(registry).Add(labels);
}

Histogram& histogram(Registry& registry, const Labels& labels, const Buckets& buckets,
                     const std::string& name, const std::string& help) {
  return prometheus::BuildHistogram()
      .Name("vllm:" + name)
      .Help(help)
      .Register(registry)
      .Add(labels, buckets);
}

Labels with(Labels labels, const std::string& name, const std::string& value) {
  labels[name] = value;
  return labels;
}

/// One sample made by hand, for figures that are not counted here.
void add_sample(std::vector<MetricFamily>& families, MetricType type, const Labels& labels,
                const std::string& name, const std::string& help, double value) {
  if (families.empty() || families.back().name != "vllm:" + name) {
    families.push_back({"vllm:" + name, help, type, {}});
  }
  prometheus::ClientMetric metric;
  for (const auto& [key, text] : labels) metric.label.push_back({key, text});
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  families.back().metric.push_back(std::move(metric));
}

double ratio(std::int32_t part, std::int32_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

MetricFamily iteration_tokens(const StepTally& steps, const Labels& labels) {
  const StepTally::Counts counts = steps.counts();
  prometheus::ClientMetric metric;
  for (const auto& [key, text] : labels) metric.label.push_back({key, text});
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < StepTally::kBounds.size(); ++i) {
    cumulative += counts.buckets[i];
    metric.histogram.bucket.push_back({cumulative, static_cast<double>(StepTally::kBounds[i])});
  }
  metric.histogram.bucket.push_back({counts.steps, std::numeric_limits<double>::infinity()});
  metric.histogram.sample_count = counts.steps;
  metric.histogram.sample_sum = static_cast<double>(counts.tokens);
  return {"vllm:iteration_tokens_total",
          "Tokens computed per engine step.",
          MetricType::Histogram,
          {std::move(metric)}};
}

}  // namespace

std::vector<double> buckets_1_2_5(std::int64_t max) {
  Buckets buckets;
  for (std::int64_t decade = 1;; decade *= 10) {
    for (const std::int64_t digit : {1, 2, 5}) {
      if (digit * decade > max) return buckets;
      buckets.push_back(static_cast<double>(digit * decade));
    }
  }
}

struct Metrics::Impl {
  explicit Impl(const ServerConfig& config)
      : labels{{"model_name", config.model_names.front()}, {"engine", "0"}},
        cache_labels(labels),
        sizes(buckets_1_2_5(config.scheduler.max_model_tokens)) {
    cache_labels["block_size"] = std::to_string(kernels::kBlockTokens);
    cache_labels["cache_dtype"] = config.kv_dtype;
    cache_labels["enable_prefix_caching"] = config.scheduler.prefix_cache ? "True" : "False";
    cache_labels["num_gpu_blocks"] = std::to_string(config.scheduler.kv_blocks);
    for (const char* reason : {"stop", "length", "abort", "error"}) {
      ended[reason] = &prometheus::BuildCounter()
                           .Name("vllm:request_success_total")
                           .Help("Requests that ended, by reason.")
                           .Register(registry)
                           .Add(with(labels, "finished_reason", reason));
    }
  }

  Counter& count(const char* name, const char* help) {
    return counter(registry, labels, name, help);
  }
  Histogram& times(const char* name, const Buckets& buckets, const char* help) {
    return histogram(registry, labels, buckets, name, help);
  }
  Histogram& tokens(const char* name, const char* help) { return times(name, sizes, help); }

  Registry registry;
  Labels labels;
  Labels cache_labels;
  Buckets sizes;
  std::map<std::string, Counter*, std::less<>> ended;

  Counter& prompt = count("prompt_tokens_total", "Prompt tokens of admitted requests.");
  Counter& cached = count("prompt_tokens_cached_total", "Prompt tokens from the prefix cache.");
  Counter& generated = count("generation_tokens_total", "Tokens generated.");
  Histogram& ttft = times("time_to_first_token_seconds", kFirstToken,
                          "From arrival of the request to its first token.");
  Histogram& itl = times("inter_token_latency_seconds", kBetweenTokens, "Gaps between tokens.");
  Histogram& tpot = times("request_time_per_output_token_seconds", kBetweenTokens,
                          "Mean gap between the tokens of a request.");
  Histogram& e2e = times("e2e_request_latency_seconds", kRequestTimes, "From arrival to the end.");
  Histogram& queue = times("request_queue_time_seconds", kRequestTimes, "Time spent waiting.");
  Histogram& inference =
      times("request_inference_time_seconds", kRequestTimes, "Time spent running.");
  Histogram& prefill =
      times("request_prefill_time_seconds", kRequestTimes, "Time spent on the prompt.");
  Histogram& decode =
      times("request_decode_time_seconds", kRequestTimes, "Time spent on the answer.");
  Histogram& prompt_size = tokens("request_prompt_tokens", "Prompt tokens of a request.");
  Histogram& answer_size = tokens("request_generation_tokens", "Generated tokens of a request.");
  Histogram& most_size =
      tokens("request_max_num_generation_tokens", "Tokens of the longest choice of a request.");
  Histogram& limits = tokens("request_params_max_tokens", "max_tokens of a request.");
  Histogram& prefill_size =
      tokens("request_prefill_kv_computed_tokens", "Prompt tokens that were not cached.");
  Histogram& choices = times("request_params_n", kChoices, "n of a request.");
};

Metrics::Metrics(const ServerConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Metrics::~Metrics() = default;

void Metrics::prompt_started(std::int32_t prompt_tokens, std::int32_t cached_tokens) {
  impl_->prompt.Increment(prompt_tokens);
  impl_->cached.Increment(cached_tokens);
}

void Metrics::first_token(double seconds_since_arrival) {
  impl_->generated.Increment();
  impl_->ttft.Observe(seconds_since_arrival);
}

void Metrics::next_token(double seconds_since_last) {
  impl_->generated.Increment();
  impl_->itl.Observe(seconds_since_last);
}

void Metrics::choice_ended(const ChoiceRecord& record) {
  const auto counter = impl_->ended.find(record.reason);
  if (counter != impl_->ended.end()) counter->second->Increment();
  impl_->e2e.Observe(record.end_to_end);
  impl_->queue.Observe(record.queued);
  impl_->inference.Observe(record.prefill + record.decode);
  impl_->prefill.Observe(record.prefill);
  impl_->decode.Observe(record.decode);
  impl_->prompt_size.Observe(record.prompt_tokens);
  impl_->answer_size.Observe(record.output_tokens);
  impl_->prefill_size.Observe(record.computed_prompt_tokens);
  if (record.output_tokens > 1) impl_->tpot.Observe(record.decode / (record.output_tokens - 1));
}

void Metrics::request_ended(std::int32_t n, std::int32_t max_tokens, std::int32_t most_tokens) {
  impl_->choices.Observe(n);
  impl_->limits.Observe(max_tokens);
  impl_->most_size.Observe(most_tokens);
}

std::string Metrics::page(const scheduler::EngineSnapshot& engine, const StepTally& steps) const {
  std::vector<MetricFamily> families;
  const Labels& labels = impl_->labels;
  const auto gauge = [&](const Labels& own, const char* name, const char* help, double value) {
    add_sample(families, MetricType::Gauge, own, name, help, value);
  };
  const auto count = [&](const Labels& own, const char* name, const char* help, auto value) {
    add_sample(families, MetricType::Counter, own, name, help, static_cast<double>(value));
  };
  gauge(labels, "num_requests_running", "Sequences in the running batch.", engine.running);
  gauge(labels, "num_requests_waiting", "Sequences that wait to be run.", engine.waiting);
  for (const auto& [reason, value] :
       {std::pair{"capacity", engine.waiting}, std::pair{"deferred", std::int32_t{0}}}) {
    gauge(with(labels, "reason", reason), "num_requests_waiting_by_reason",
          "Sequences that wait, by reason.", value);
  }
  gauge(labels, "kv_cache_usage_perc", "Share of the KV blocks in use, 0 to 1.",
        ratio(engine.blocks_in_use, engine.blocks_total));
  gauge(impl_->cache_labels, "cache_config_info", "The KV cache's configuration.", 1);
  count(labels, "prefix_cache_queries_total", "Prompt tokens looked up.", engine.prefix_queries);
  count(labels, "prefix_cache_hits_total", "Prompt tokens found.", engine.prefix_hits);
  count(labels, "num_preemptions_total", "Sequences preempted.", engine.preemptions);
  const double cached = impl_->cached.Value();
  const std::array sources{std::pair{"local_compute", impl_->prompt.Value() - cached},
                           std::pair{"local_cache_hit", cached},
                           std::pair{"external_kv_transfer", 0.0}};
  for (const auto& [source, value] : sources) {
    count(with(labels, "source", source), "prompt_tokens_by_source_total",
          "Prompt tokens, by where they came from.", value);
  }
  families.push_back(iteration_tokens(steps, labels));
  for (MetricFamily& family : impl_->registry.Collect()) families.push_back(std::move(family));
  std::ostringstream page;
  prometheus::TextSerializer().Serialize(page, families);
  return page.str();
}

}  // namespace quire::server
