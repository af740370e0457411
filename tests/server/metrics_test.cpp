// The page of /metrics against vLLM's published contract: names, types, labels and buckets.
#include "server/core/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace quire::server {
namespace {

constexpr const char* kFirstToken =
    "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 20 40 80 160 640 2560";
constexpr const char* kBetweenTokens =
    "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5 5 7.5 10 20 40 80";
constexpr const char* kTimes =
    "0.3 0.5 0.8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680";
constexpr const char* kSizes = "1 2 5 10 20 50 100 200 500 1000 2000";  // max_model_tokens = 2048
constexpr const char* kSteps = "1 8 16 32 64 128 256 512 1024 2048 4096 8192 16384";

struct Contract {
  const char* name;
  const char* type;
  const char* extra_label;  // name of the label beyond model_name and engine
  const char* values;       // of that label, or the buckets
};

constexpr Contract kContract[] = {
    {"vllm:num_requests_running", "gauge", "", ""},
    {"vllm:num_requests_waiting", "gauge", "", ""},
    {"vllm:num_requests_waiting_by_reason", "gauge", "reason", "capacity deferred"},
    {"vllm:kv_cache_usage_perc", "gauge", "", ""},
    {"vllm:prefix_cache_queries_total", "counter", "", ""},
    {"vllm:prefix_cache_hits_total", "counter", "", ""},
    {"vllm:num_preemptions_total", "counter", "", ""},
    {"vllm:prompt_tokens_total", "counter", "", ""},
    {"vllm:prompt_tokens_cached_total", "counter", "", ""},
    {"vllm:generation_tokens_total", "counter", "", ""},
    {"vllm:prompt_tokens_by_source_total", "counter", "source",
     "external_kv_transfer local_cache_hit local_compute"},
    {"vllm:request_success_total", "counter", "finished_reason", "abort error length stop"},
    {"vllm:time_to_first_token_seconds", "histogram", "", kFirstToken},
    {"vllm:inter_token_latency_seconds", "histogram", "", kBetweenTokens},
    {"vllm:request_time_per_output_token_seconds", "histogram", "", kBetweenTokens},
    {"vllm:e2e_request_latency_seconds", "histogram", "", kTimes},
    {"vllm:request_queue_time_seconds", "histogram", "", kTimes},
    {"vllm:request_inference_time_seconds", "histogram", "", kTimes},
    {"vllm:request_prefill_time_seconds", "histogram", "", kTimes},
    {"vllm:request_decode_time_seconds", "histogram", "", kTimes},
    {"vllm:request_prompt_tokens", "histogram", "", kSizes},
    {"vllm:request_generation_tokens", "histogram", "", kSizes},
    {"vllm:request_max_num_generation_tokens", "histogram", "", kSizes},
    {"vllm:request_params_max_tokens", "histogram", "", kSizes},
    {"vllm:request_prefill_kv_computed_tokens", "histogram", "", kSizes},
    {"vllm:request_params_n", "histogram", "", "1 2 5 10 20"},
    {"vllm:iteration_tokens_total", "histogram", "", kSteps},
};

using Labels = std::map<std::string, std::string>;

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

struct Page {
  std::map<std::string, std::string> types;
  std::vector<Sample> samples;

  /// Of the first sample with that name whose label has that value.
  double value(const std::string& name, const std::string& label = "",
               const std::string& text = "") const {
    for (const Sample& sample : samples) {
      const auto found = sample.labels.find(label);
      if (sample.name == name &&
          (label.empty() || (found != sample.labels.end() && found->second == text))) {
        return sample.value;
      }
    }
    ADD_FAILURE() << "no sample " << name << " " << label << "=" << text;
    return -1;
  }
};

Labels parse_labels(const std::string& text) {
  Labels labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find("=\"", at);
    const std::size_t end = text.find('"', equals + 2);
    labels[text.substr(at, equals - at)] = text.substr(equals + 2, end - equals - 2);
    at = end + 2;
  }
  return labels;
}

Page parse(const std::string& text) {
  Page page;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      EXPECT_TRUE(page.types.emplace(line.substr(7, space - 7), line.substr(space + 1)).second)
          << line;
    } else if (!line.starts_with('#') && !line.empty()) {
      const std::size_t open = line.find('{');
      const std::size_t close = line.rfind('}');
      page.samples.push_back({line.substr(0, open),
                              parse_labels(line.substr(open + 1, close - open - 1)),
                              std::stod(line.substr(close + 2))});
    }
  }
  return page;
}

class MetricsTest : public ::testing::Test {
 protected:
  static ServerConfig config() {
    ServerConfig config;
    config.model_names = {"tiny"};
    config.scheduler.max_model_tokens = 2048;
    config.scheduler.kv_blocks = 77;
    return config;
  }
  Page page() const { return parse(metrics_.page(engine_, steps_)); }

  Metrics metrics_{config()};
  scheduler::EngineSnapshot engine_;
  StepTally steps_;
};

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

TEST_F(MetricsTest, AnIdleServerShowsEveryNameOfTheContract) {
  const Page idle = page();
  for (const Contract& expected : kContract) {
    ASSERT_TRUE(idle.types.contains(expected.name)) << expected.name;
    EXPECT_EQ(idle.types.at(expected.name), expected.type) << expected.name;
    const bool histogram = expected.type == std::string("histogram");
    const std::string label = histogram ? "le" : expected.extra_label;
    std::set<std::string> values;
    for (const Sample& sample : idle.samples) {
      if (sample.name != expected.name + std::string(histogram ? "_bucket" : "")) continue;
      EXPECT_EQ(sample.labels.at("model_name"), "tiny") << expected.name;
      EXPECT_EQ(sample.labels.at("engine"), "0") << expected.name;
      EXPECT_EQ(sample.labels.size(), label.empty() ? 2U : 3U) << expected.name;
      if (!label.empty()) values.insert(sample.labels.at(label));
    }
    std::set<std::string> wanted = words(expected.values);
    if (histogram) wanted.insert("+Inf");
    EXPECT_EQ(values, wanted) << expected.name;
  }
  EXPECT_EQ(idle.types.size(), std::size(kContract) + 1) << "cache_config_info and nothing else";
}

TEST_F(MetricsTest, CacheConfigIsAGaugeOfOneWithItsFieldsAsLabels) {
  const Page idle = page();
  EXPECT_EQ(idle.types.at("vllm:cache_config_info"), "gauge");
  const auto info =
      std::find_if(idle.samples.begin(), idle.samples.end(),
                   [](const Sample& sample) { return sample.name == "vllm:cache_config_info"; });
  ASSERT_NE(info, idle.samples.end());
  EXPECT_EQ(info->value, 1);
  EXPECT_EQ(info->labels.at("block_size"), "16");
  EXPECT_EQ(info->labels.at("num_gpu_blocks"), "77");
  EXPECT_EQ(info->labels.at("cache_dtype"), "bf16");
  EXPECT_EQ(info->labels.at("enable_prefix_caching"), "True");
}

TEST_F(MetricsTest, GaugesAndEngineCountersFollowTheSnapshot) {
  engine_.running = 3;
  engine_.waiting = 2;
  engine_.blocks_total = 80;
  engine_.blocks_in_use = 20;
  engine_.preemptions = 5;
  engine_.prefix_queries = 1000;
  engine_.prefix_hits = 640;
  const Page now = page();
  EXPECT_EQ(now.value("vllm:num_requests_running"), 3);
  EXPECT_EQ(now.value("vllm:num_requests_waiting"), 2);
  EXPECT_EQ(now.value("vllm:num_requests_waiting_by_reason", "reason", "capacity"), 2);
  EXPECT_EQ(now.value("vllm:kv_cache_usage_perc"), 0.25);
  EXPECT_EQ(now.value("vllm:num_preemptions_total"), 5);
  EXPECT_EQ(now.value("vllm:prefix_cache_queries_total"), 1000);
  EXPECT_EQ(now.value("vllm:prefix_cache_hits_total"), 640);
}

TEST_F(MetricsTest, CountsWhatRequestsDid) {
  metrics_.prompt_started(100, 64);
  metrics_.first_token(0.003);
  metrics_.next_token(0.011);
  metrics_.next_token(0.2);
  metrics_.choice_ended({.reason = "length",
                         .prompt_tokens = 100,
                         .computed_prompt_tokens = 36,
                         .output_tokens = 3,
                         .end_to_end = 0.4,
                         .queued = 0.05,
                         .prefill = 0.1,
                         .decode = 0.2});
  metrics_.request_ended(2, 16, 3);
  const Page now = page();
  EXPECT_EQ(now.value("vllm:prompt_tokens_total"), 100);
  EXPECT_EQ(now.value("vllm:prompt_tokens_by_source_total", "source", "local_compute"), 36);
  EXPECT_EQ(now.value("vllm:prompt_tokens_by_source_total", "source", "local_cache_hit"), 64);
  EXPECT_EQ(now.value("vllm:generation_tokens_total"), 3);
  EXPECT_EQ(now.value("vllm:request_success_total", "finished_reason", "length"), 1);
  EXPECT_EQ(now.value("vllm:request_success_total", "finished_reason", "stop"), 0);
  EXPECT_EQ(now.value("vllm:time_to_first_token_seconds_bucket", "le", "0.001"), 0);
  EXPECT_EQ(now.value("vllm:time_to_first_token_seconds_bucket", "le", "0.005"), 1);
  EXPECT_EQ(now.value("vllm:inter_token_latency_seconds_count"), 2);
  EXPECT_EQ(now.value("vllm:inter_token_latency_seconds_bucket", "le", "0.2"), 2);
  EXPECT_EQ(now.value("vllm:request_time_per_output_token_seconds_sum"), 0.1);
  EXPECT_EQ(now.value("vllm:request_prompt_tokens_bucket", "le", "100"), 1);
  EXPECT_EQ(now.value("vllm:request_prompt_tokens_bucket", "le", "50"), 0);
  EXPECT_EQ(now.value("vllm:request_params_n_bucket", "le", "2"), 1);
  EXPECT_EQ(now.value("vllm:request_max_num_generation_tokens_sum"), 3);
}

TEST_F(MetricsTest, StepsFallIntoTheBucketOfTheirTokens) {
  for (const std::int32_t tokens : {1, 8, 9, 20000}) {
    scheduler::StepRecord step;
    step.prefill_tokens = tokens - 1;
    step.decode_tokens = 1;
    steps_.record(step);
    step.failed = true;
    steps_.record(step);
  }
  const Page now = page();
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_count"), 4);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_sum"), 20018);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_bucket", "le", "1"), 1);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_bucket", "le", "8"), 2);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_bucket", "le", "16"), 3);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_bucket", "le", "16384"), 3);
  EXPECT_EQ(now.value("vllm:iteration_tokens_total_bucket", "le", "+Inf"), 4);
}

TEST(Buckets125, EndAtTheLargestThatFits) {
  EXPECT_EQ(buckets_1_2_5(10), (std::vector<double>{1, 2, 5, 10}));
  EXPECT_EQ(buckets_1_2_5(49), (std::vector<double>{1, 2, 5, 10, 20}));
}

}  // namespace
}  // namespace quire::server
