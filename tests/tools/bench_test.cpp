// The parts of `quire bench serve` that need no server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/bench/dataset.h"
#include "tools/bench/report.h"
#include "tools/bench/sse.h"
#include "tools/bench/statistics.h"
#include "tools/bench/target.h"

namespace quire::tools::bench {
namespace {

TEST(Statistics, FollowNumpy) {
  // numpy 2.4.6: percentile(v, p), std(v), mean(v).
  const std::vector<double> v{12.5, 3.25, 99.0, 7.75, 41.0, 0.5, 18.25};
  const std::vector<std::pair<double, double>> expected{{0, 0.5},
                                                        {10, 2.1500000000000004},
                                                        {25, 5.5},
                                                        {50, 12.5},
                                                        {90, 64.20000000000002},
                                                        {99, 95.51999999999997},
                                                        {99.9, 98.65200000000004},
                                                        {100, 99.0}};
  for (const auto& [percent, value] : expected) {
    EXPECT_NEAR(percentile(v, percent), value, 1e-12) << percent;
  }
  EXPECT_NEAR(standard_deviation(v), 32.28705749418261, 1e-12);
  EXPECT_NEAR(mean(v), 26.035714285714285, 1e-12);
}

TEST(Statistics, OfNothingAreZeroAndOfOneValueThatValue) {
  EXPECT_EQ(percentile({}, 50), 0);
  EXPECT_EQ(mean({}), 0);
  EXPECT_EQ(standard_deviation({}), 0);
  EXPECT_EQ(percentile({4.5}, 99), 4.5);
}

TEST(Dataset, SameSeedGivesTheSamePromptsAndAnotherSeedOthers) {
  DatasetOptions options{.num_prompts = 5, .random_input_len = 20, .random_range_ratio = 0.5};
  const auto first = plan_prompts(options, 100);
  const auto again = plan_prompts(options, 100);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].units, again[i].units);
  options.seed = 1;
  EXPECT_NE(plan_prompts(options, 100)[0].units, first[0].units);
}

TEST(Dataset, RandomPromptsShareThePrefixAndKeepTheRange) {
  const DatasetOptions options{.num_prompts = 200,
                               .random_input_len = 40,
                               .random_output_len = 10,
                               .random_prefix_len = 8,
                               .random_range_ratio = 0.25};
  std::set<std::size_t> lengths;
  const auto plans = plan_prompts(options, 50);
  ASSERT_EQ(plans.size(), 200U);
  for (const PromptPlan& plan : plans) {
    EXPECT_TRUE(std::equal(plan.units.begin(), plan.units.begin() + 8, plans[0].units.begin()));
    lengths.insert(plan.units.size() - 8);
    EXPECT_THAT(plan.output_len, testing::AllOf(testing::Ge(7), testing::Le(13)));
    EXPECT_THAT(plan.units, testing::Each(testing::Lt(50U)));
  }
  EXPECT_EQ(*lengths.begin(), 30U);
  EXPECT_EQ(*lengths.rbegin(), 50U);
}

TEST(Dataset, PrefixRepetitionUsesEveryPrefixEquallyOften) {
  const DatasetOptions options{.name = "prefix_repetition",
                               .num_prompts = 12,
                               .prefix_repetition_prefix_len = 6,
                               .prefix_repetition_suffix_len = 3,
                               .prefix_repetition_num_prefixes = 4,
                               .prefix_repetition_output_len = 9};
  std::map<std::vector<std::uint32_t>, int> prefixes;
  for (const PromptPlan& plan : plan_prompts(options, 1000)) {
    ASSERT_EQ(plan.units.size(), 9U);
    EXPECT_EQ(plan.output_len, 9);
    ++prefixes[{plan.units.begin(), plan.units.begin() + 6}];
  }
  EXPECT_EQ(prefixes.size(), 4U);
  for (const auto& [prefix, count] : prefixes) EXPECT_EQ(count, 3);
}

TEST(SseReader, GivesTheSameEventsForEveryCut) {
  const std::string stream =
      ": keepalive\n\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:second\n\ndata: [DONE]\n\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SseReader reader;
    std::vector<std::string> events;
    for (const std::string& part : {stream.substr(0, cut), stream.substr(cut)}) {
      reader.push(part);
      while (auto event = reader.next()) events.push_back(*event);
    }
    EXPECT_THAT(events, testing::ElementsAre("{\"a\":1}", "second", "[DONE]")) << cut;
  }
}

TEST(Target, IsReadFromTheUrl) {
  const Target plain = parse_base_url("http://127.0.0.1:8000");
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, "8000");
  EXPECT_EQ(plain.path, "");
  const Target longer = parse_base_url("http://[::1]:9/llm/");
  EXPECT_EQ(longer.host, "::1");
  EXPECT_EQ(longer.port, "9");
  EXPECT_EQ(longer.path, "/llm");
  EXPECT_EQ(parse_base_url("http://localhost").port, "80");
}

TEST(Target, OtherAddressesAreRefusedByName) {
  for (const char* url : {"", "localhost:8000", "https://h:1", "http://", "http://h:", "http://h:x",
                          "http://h:123456", "http://:80"}) {
    EXPECT_THROW(parse_base_url(url), BenchError) << url;
  }
}

/// Two good requests and a failed one over 4 seconds.
LoadOutcome outcome() {
  LoadOutcome load;
  load.duration = 4;
  load.requests.resize(3);
  load.requests[0] = {.success = true,
                      .start = 0,
                      .ttft = 0.5,
                      .latency = 2.5,
                      .itls = {1, 1},
                      .prompt_tokens = 10,
                      .output_tokens = 3,
                      .text = "abc"};
  load.requests[1] = {.success = true,
                      .start = 1,
                      .ttft = 0.25,
                      .latency = 0.25,
                      .itls = {},
                      .prompt_tokens = 20,
                      .output_tokens = 1,
                      .text = "d"};
  load.requests[2] = {.success = false, .error = "status 500: no", .itls = {}};
  return load;
}

TEST(Report, FiguresFollowTheirDefinitions) {
  const auto report = make_report(outcome(), {.percentile_metrics = {"ttft", "tpot", "itl", "e2el"},
                                              .metric_percentiles = {50, 99.9}});
  EXPECT_EQ(report["completed"], 2);
  EXPECT_EQ(report["failed"], 1);
  EXPECT_EQ(report["num_prompts"], 3);
  EXPECT_EQ(report["total_input_tokens"], 30);
  EXPECT_EQ(report["total_output_tokens"], 4);
  EXPECT_DOUBLE_EQ(report["request_throughput"].get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(report["output_throughput"].get<double>(), 1.0);
  EXPECT_DOUBLE_EQ(report["total_token_throughput"].get<double>(), 8.5);
  EXPECT_DOUBLE_EQ(report["median_ttft_ms"].get<double>(), 375);
  EXPECT_DOUBLE_EQ(report["mean_tpot_ms"].get<double>(),
                   1000);  // the one request with a second token
  EXPECT_DOUBLE_EQ(report["mean_itl_ms"].get<double>(), 1000);
  EXPECT_DOUBLE_EQ(report["p50_e2el_ms"].get<double>(), 1375);
  EXPECT_TRUE(report.contains("p99.9_e2el_ms"));
  EXPECT_DOUBLE_EQ(report["max_output_tokens_per_s"].get<double>(), 2);  // at 1.25 and 1.5 s
  EXPECT_EQ(report["max_concurrent_requests"], 2);
  EXPECT_FALSE(report.contains("ttfts"));
}

TEST(Report, DetailsHaveARowForEveryRequest) {
  const auto report = make_report(
      outcome(), {.percentile_metrics = {"ttft"}, .metric_percentiles = {50}, .detailed = true});
  for (const char* field :
       {"input_lens", "output_lens", "ttfts", "itls", "start_times", "generated_texts", "errors"}) {
    EXPECT_EQ(report[field].size(), 3U) << field;
  }
  EXPECT_EQ(report["errors"][2], "status 500: no");
}

}  // namespace
}  // namespace quire::tools::bench
