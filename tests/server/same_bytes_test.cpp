// Promise one at the level of HTTP: an answer under any load is, byte for byte, the answer that the
// same request gets alone on an idle server. Real kernels, real scheduler, real sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <ostream>
#include <thread>
#include <tuple>

#include "server/json/json.h"
#include "tests/server/same_bytes_cases.h"
#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

constexpr int kRequests = 64;

/// What may differ between two runs: the clock, and what the prefix cache happened to hold.
std::string masked(std::string text) {
  for (const std::string_view field : {"\"created\":", "\"cached_tokens\":"}) {
    for (std::size_t at = text.find(field); at != std::string::npos; at = text.find(field, at)) {
      at += field.size();
      const std::size_t end = text.find_first_not_of("0123456789", at);
      text.replace(at, end - at, "*");
    }
  }
  return text;
}

/// Events by choice: chunks of different choices interleave as they come.
std::string sorted_by_choice(const std::vector<std::string>& events) {
  std::map<std::string, std::string> of_choice;
  for (const std::string& event : events) {
    const std::size_t at = event.find("\"index\":");
    const std::string key =
        at == std::string::npos ? "~" : event.substr(at, event.find(',', at) - at);
    of_choice[key] += masked(event) + "\n";
  }
  std::string all;
  for (const auto& [key, text] : of_choice) all += text;
  return all;
}

struct Answered {
  bool complete = false;
  std::string text;
};

Answered ask(std::uint16_t port, const LoadCase& request) {
  HttpClient client(port);
  client.send(post_request(request.path, request.body, "x-request-id: " + request.name + "\r\n"));
  if (!request.stream) {
    const Reply reply = client.read_reply();
    return {reply.status == 200, std::to_string(reply.status) + masked(reply.body)};
  }
  if (request.leave_after == 0) return {};
  const Reply head = client.read_head();
  if (head.status != 200) return {false, std::to_string(head.status)};
  std::vector<std::string> events;
  while (auto event = client.read_event()) {
    if (event->starts_with(":")) continue;
    events.push_back(std::move(*event));
    if (static_cast<int>(events.size()) == request.leave_after) return {};
  }
  const bool complete = !events.empty() && events.back() == "data: [DONE]";
  return {complete, sorted_by_choice(events)};
}

/// A server over the real engine.
struct Setting {
  std::string isa;  // or "opencl"
  int threads = 2;
  std::int32_t budget = 512;
  std::int32_t sequences = 256;
  std::int32_t blocks = 1024;
  std::int32_t context = kLoadMaxTokens;
  bool prefix_cache = true;
  kernels::DType kv = kernels::DType::bf16;
  bool demo_model =
      false;  // the trained one that the binary embeds, instead of the tiny random one
};

void PrintTo(const Setting& s, std::ostream* out) {
  *out << "Budget" << s.budget << "Threads" << s.threads << "Blocks" << s.blocks
       << (s.prefix_cache ? "Cached" : "Uncached") << "Sequences" << s.sequences
       << (s.kv == kernels::DType::bf16 ? "" : "Kv_" + std::string(kernels::name_of(s.kv)));
}

/// The real engine as if on a slower device: no step runs before open(), and each takes at least a
/// millisecond, so that requests meet.
class UnhurriedRunner final : public scheduler::StepRunner {
 public:
  explicit UnhurriedRunner(engine::Executor& executor) : runner_(executor) {}
  void open() {
    open_.test_and_set();
    open_.notify_all();
  }
  void run(std::span<const engine::SequenceStep> steps,
           std::span<engine::SequenceResult> results) override {
    open_.wait(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    runner_.run(steps, results);
  }

 private:
  scheduler::ExecutorStepRunner runner_;
  std::atomic_flag open_;
};

class RealServer {
 public:
  explicit RealServer(const Setting& setting)
      : backend_(make_backend(setting)),
        model_(engine::Model::load(files(setting), *backend_)),
        executor_(model_, *backend_,
                  {.max_batch_rows = setting.budget,
                   .max_sequences = setting.sequences,
                   .kv_blocks = setting.blocks,
                   .kv_dtype = setting.kv}),
        runner_(executor_),
        running_(runner_, model_, setup(setting)) {}

  ~RealServer() { runner_.open(); }

  RunningServer& running() { return running_; }
  UnhurriedRunner& runner() { return runner_; }

 private:
  static std::unique_ptr<kernels::Backend> make_backend(const Setting& setting) {
    if (setting.isa == "opencl") return kernels::make_opencl_backend({});
    return kernels::make_cpu_backend({.threads = setting.threads, .isa = setting.isa});
  }

  engine::ModelFiles files(const Setting& setting) const {
    if (!setting.demo_model) return tiny_.files();
    return engine::ModelFiles::from_folder(QUIRE_SOURCE_DIR "/tools/demo_model/model");
  }

  static ServerSetup setup(const Setting& setting) {
    ServerSetup setup;
    setup.scheduler.max_batch_tokens = setting.budget;
    setup.scheduler.max_sequences = setting.sequences;
    setup.scheduler.kv_blocks = setting.blocks;
    setup.scheduler.max_model_tokens = setting.context;
    setup.scheduler.prefix_cache = setting.prefix_cache;
    return setup;
  }

  quire::testing::TinyModel tiny_;
  std::unique_ptr<kernels::Backend> backend_;
  engine::Model model_;
  engine::Executor executor_;
  UnhurriedRunner runner_;
  RunningServer running_;
};

/// Each request alone on an idle server without a prefix cache; the clients that would leave stay.
const std::vector<std::string>& answers_alone(const Setting& like) {
  static std::map<std::tuple<std::string, kernels::DType, bool>, std::vector<std::string>> known;
  auto& answers = known[{like.isa, like.kv, like.demo_model}];
  if (!answers.empty()) return answers;
  RealServer server({.isa = like.isa,
                     .threads = 1,
                     .prefix_cache = false,
                     .kv = like.kv,
                     .demo_model = like.demo_model});
  server.runner().open();
  for (LoadCase& request : make_load(1, kRequests)) {
    request.leave_after = -1;
    const Answered answered = ask(server.running().port(), request);
    EXPECT_TRUE(answered.complete) << request.body << "\n" << answered.text;
    answers.push_back(answered.text);
    EXPECT_TRUE(server.running().wait_until_idle());
  }
  EXPECT_EQ(server.running().engine().snapshot().preemptions, 0U);
  return answers;
}

/// All requests at once. Every answer that was not given up must equal the one given alone.
scheduler::EngineSnapshot compare_under_load(const Setting& setting) {
  const std::vector<std::string>& alone = answers_alone(setting);
  RealServer server(setting);
  const std::vector<LoadCase> load = make_load(1, kRequests);
  std::vector<Answered> together(load.size());
  std::vector<std::thread> clients;
  std::atomic<std::size_t> sent{0};
  std::atomic<std::size_t> done{0};
  for (std::size_t i = 0; i < load.size(); ++i) {
    clients.emplace_back([&, i] {
      // Arrival is counted in steps; when nobody else keeps the engine busy, it is time as well.
      server.running().wait_for([&](const auto& engine) {
        return engine.steps >= load[i].arrival_step || done >= load.size() / 2;
      });
      if (++sent == load.size() / 2) server.runner().open();
      together[i] = ask(server.running().port(), load[i]);
      ++done;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(server.running().wait_until_idle());
  int completed = 0;
  for (std::size_t i = 0; i < load.size(); ++i) {
    if (load[i].leave_after >= 0) continue;
    EXPECT_TRUE(together[i].complete) << load[i].name << " " << together[i].text;
    EXPECT_EQ(together[i].text, alone[i]) << load[i].name << " " << load[i].body;
    ++completed;
  }
  EXPECT_GE(completed, kRequests * 3 / 4);
  return server.running().engine().snapshot();
}

std::string default_isa() {
  for (const kernels::Device& device : kernels::list_devices()) {
    if (device.chosen) return device.name.substr(device.name.find(':') + 1);
  }
  return {};
}

// Little more than the longest sequence may need: 64 requests must preempt one another.
constexpr std::int32_t kTinyPool = 36;
static_assert(kTinyPool * kernels::kBlockTokens > kLoadMaxTokens);

class SameBytesSetting : public ::testing::TestWithParam<Setting> {};

TEST_P(SameBytesSetting, AnswersAsAlone) {
  Setting setting = GetParam();
  setting.isa = default_isa();
  const auto engine = compare_under_load(setting);
  RecordProperty("preemptions", std::to_string(engine.preemptions));
  RecordProperty("prefix_hits", std::to_string(engine.prefix_hits));
  RecordProperty("steps", std::to_string(engine.steps));
  if (setting.blocks == kTinyPool) {
    EXPECT_GT(engine.preemptions, 0U) << "the pool was meant to be too small";
  }
  if (setting.prefix_cache) {
    EXPECT_GT(engine.prefix_hits, 0U) << "prefixes were meant to be shared";
  } else {
    EXPECT_EQ(engine.prefix_hits, 0U);
  }
}

std::string name_of(const ::testing::TestParamInfo<Setting>& info) {
  return ::testing::PrintToString(info.param);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, SameBytesSetting,
    ::testing::Values(
        Setting{.isa = {}, .threads = 2, .budget = 512},
        Setting{.isa = {}, .threads = 1, .budget = 512, .blocks = kTinyPool},
        Setting{.isa = {}, .threads = 2, .budget = 64, .blocks = kTinyPool},
        Setting{.isa = {}, .threads = 4, .budget = 33, .blocks = kTinyPool},
        Setting{.isa = {}, .threads = 2, .budget = 512, .blocks = kTinyPool, .prefix_cache = false},
        Setting{.isa = {}, .threads = 3, .budget = 48, .blocks = kTinyPool, .prefix_cache = false},
        Setting{.isa = {}, .threads = 2, .budget = 7, .sequences = 5, .blocks = 64},
        Setting{.isa = {}, .threads = 2, .budget = 100, .sequences = 1, .blocks = 64},
        Setting{
            .isa = {}, .threads = 2, .budget = 64, .blocks = kTinyPool, .kv = kernels::DType::f32}),
    name_of);

void expect_on_every_isa(kernels::DType kv) {
  for (const kernels::Device& device : kernels::list_devices()) {
    if (!device.supported) continue;
    const std::string isa = device.name.substr(device.name.find(':') + 1);
    SCOPED_TRACE(isa);
    const auto engine =
        compare_under_load({.isa = isa, .threads = 2, .budget = 64, .blocks = kTinyPool, .kv = kv});
    EXPECT_GT(engine.preemptions, 0U);
    EXPECT_GT(engine.prefix_hits, 0U);
  }
}

TEST(SameBytes, HoldsOnEveryIsaOfThisMachine) {
  expect_on_every_isa(kernels::DType::bf16);
}

TEST(SameBytes, HoldsOnEveryIsaWithAnInt8Cache) {
  expect_on_every_isa(kernels::DType::int8);
}

TEST(SameBytes, HoldsOnOpenCl) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "no OpenCL driver is instrumented for ThreadSanitizer";
#endif
  if (kernels::list_opencl_devices().empty()) GTEST_SKIP() << "no OpenCL device";
  for (const kernels::DType kv : {kernels::DType::bf16, kernels::DType::int8}) {
    SCOPED_TRACE(kernels::name_of(kv));
    const auto engine =
        compare_under_load({.isa = "opencl", .budget = 64, .blocks = kTinyPool, .kv = kv});
    EXPECT_GT(engine.preemptions, 0U);
    EXPECT_GT(engine.prefix_hits, 0U);
  }
}

TEST(SameBytes, HoldsOnTheDemoModel) {
  // Its tokens are longer and it ends sooner, so sequences are shorter: the pool shrinks with them.
  constexpr std::int32_t kContext = 320;
  const auto engine = compare_under_load({.isa = default_isa(),
                                          .threads = 2,
                                          .budget = 64,
                                          .blocks = kContext / kernels::kBlockTokens,
                                          .context = kContext,
                                          .demo_model = true});
  ::testing::Test::RecordProperty("preemptions", std::to_string(engine.preemptions));
  EXPECT_GT(engine.preemptions, 0U);
  EXPECT_GT(engine.prefix_hits, 0U);
}

TEST(SameBytes, TheLoadIsWhatItClaimsToBe) {
  const auto load = make_load(1, kRequests);
  const auto count = [&](const std::string& needle) {
    return std::count_if(load.begin(), load.end(), [&](const LoadCase& request) {
      return request.body.find(needle) != std::string::npos;
    });
  };
  EXPECT_GT(count("\"temperature\":0,"), 5);
  EXPECT_GT(count("\"top_k\""), 5);
  EXPECT_GT(count("\"stop\""), 5);
  EXPECT_GT(count("\"logprobs\""), 10);
  EXPECT_GT(count("_penalty"), 10);
  EXPECT_GT(count("\"n\":"), 4);
  EXPECT_GT(count("\"echo\""), 1);
  EXPECT_GT(count("\"stream\":true"), 16);
  EXPECT_GT(std::count_if(load.begin(), load.end(),
                          [](const LoadCase& request) { return request.leave_after >= 0; }),
            2);
}

TEST(SameBytes, AChoiceIsReplayedByItsSeed) {
  RealServer server({.isa = default_isa()});
  server.runner().open();
  const auto post = [&](const std::string& body) {
    return HttpClient(server.running().port()).post("/v1/completions", body).body;
  };
  const std::string common = R"("prompt":"the river","max_tokens":20,"temperature":1.2,)";
  const std::string several = post("{" + common + R"("n":3,"seed":99})");
  const Json choices = parse_json(several).value()["choices"];
  ASSERT_EQ(choices.size(), 3U) << several;
  EXPECT_NE(choices[0]["text"], choices[1]["text"]);
  for (const Json& choice : choices) {
    const std::string again = post("{" + common + R"("seed":)" + to_text(choice["seed"]) + "}");
    EXPECT_EQ(parse_json(again).value()["choices"][0]["text"], choice["text"]);
  }
}

}  // namespace
}  // namespace quire::server::testing
