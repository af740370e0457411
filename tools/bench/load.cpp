#include "tools/bench/load.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/sse.h"

namespace quire::tools::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16384;
constexpr std::size_t kErrorBytes = 4096;  // of a refusal's body that are kept

double seconds(Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

/// What arrives for one request: events in, an outcome out.
class Reception {
 public:
  Reception(Clock::time_point load_start, std::int32_t planned_tokens)
      : sent_(Clock::now()), last_(sent_) {
    outcome_.start = seconds(sent_ - load_start);
    outcome_.prompt_tokens = planned_tokens;
  }

  void take(std::string_view bytes) {
    reader_.push(bytes);
    while (const auto event = reader_.next()) on_event(*event);
  }
  void fail(std::string why) {
    if (outcome_.error.empty()) outcome_.error = std::move(why);
  }
  /// The stream's end was announced: what follows is only framing.
  bool done() const { return done_; }

  RequestOutcome finish() {
    if (!done_) fail("the stream ended without [DONE]");
    if (arrivals_ == 0) fail("no token came");
    outcome_.success = outcome_.error.empty();
    outcome_.latency = seconds(last_ - sent_);
    if (!counted_) outcome_.output_tokens = arrivals_;
    return std::move(outcome_);
  }

 private:
  void on_event(const std::string& text) {
    if (text == "[DONE]") {
      done_ = true;
      return;
    }
    const auto event = nlohmann::json::parse(text, nullptr, false);
    if (!event.is_object()) return fail("an event is no JSON object: " + text);
    if (event.contains("error")) return fail(event["error"].dump());
    if (const auto usage = event.find("usage"); usage != event.end() && usage->is_object()) {
      outcome_.prompt_tokens = usage->value("prompt_tokens", outcome_.prompt_tokens);
      outcome_.output_tokens = usage->value("completion_tokens", 0);
      counted_ = true;
    }
    on_choice(event);
  }

  /// A token may have no text (an end token, a part of a character): an answer of such tokens alone
  /// counts its end as its first token.
  void on_choice(const nlohmann::json& event) {
    const auto choices = event.find("choices");
    if (choices == event.end() || !choices->is_array() || choices->empty()) return;
    const nlohmann::json& choice = choices->front();
    const nlohmann::json& holder = choice.contains("delta") ? choice["delta"] : choice;
    const char* key = choice.contains("delta") ? "content" : "text";
    if (!holder.is_object()) return;
    const bool has_text = holder.contains(key) && holder[key].is_string();
    const std::string part = has_text ? holder[key].get<std::string>() : "";
    const bool ended = choice.contains("finish_reason") && !choice["finish_reason"].is_null();
    if (!part.empty() || (ended && arrivals_ == 0)) on_arrival(part);
  }

  void on_arrival(const std::string& part) {
    const Clock::time_point now = Clock::now();
    if (arrivals_++ == 0) {
      outcome_.ttft = seconds(now - sent_);
    } else {
      outcome_.itls.push_back(seconds(now - last_));
    }
    last_ = now;
    outcome_.text += part;
  }

  Clock::time_point sent_;
  Clock::time_point last_;
  SseReader reader_;
  RequestOutcome outcome_;
  std::int32_t arrivals_ = 0;
  bool counted_ = false;
  bool done_ = false;
};

/// One connection, reopened when the server closed it. Thread: the load's io_context.
class Connection {
 public:
  Connection(asio::io_context& context, const Target& target, std::string endpoint)
      : context_(context), target_(target), endpoint_(std::move(endpoint)) {}

  /// Fails the reception, and drops the connection, on any error.
  asio::awaitable<void> exchange(const LoadRequest& request, Reception& reception) {
    if (!stream_ && !co_await connect(reception)) co_return;
    http::request<http::string_body> message = make_message(request);
    stream_->expires_after(kSilence);
    auto [error, bytes] = co_await http::async_write(*stream_, message, kAwait);
    if (error) co_return drop(reception, "sending: " + error.message());
    co_await read_answer(reception);
  }

 private:
  asio::awaitable<bool> connect(Reception& reception) {
    asio::ip::tcp::resolver resolver(context_);
    auto [bad_name, places] = co_await resolver.async_resolve(target_.host, target_.port, kAwait);
    if (bad_name) {
      reception.fail("resolving " + target_.host + ": " + bad_name.message());
      co_return false;
    }
    stream_.emplace(context_);
    stream_->expires_after(kSilence);
    auto [error, place] = co_await stream_->async_connect(places, kAwait);
    if (error) drop(reception, "connecting: " + error.message());
    if (stream_) stream_->socket().set_option(asio::ip::tcp::no_delay(true));
    buffer_.clear();
    co_return stream_.has_value();
  }

  http::request<http::string_body> make_message(const LoadRequest& request) const {
    http::request<http::string_body> message(http::verb::post, target_.path + endpoint_, 11);
    message.set(http::field::host, target_.host);
    message.set(http::field::content_type, "application/json");
    if (!target_.api_key.empty()) {
      message.set(http::field::authorization, "Bearer " + target_.api_key);
    }
    message.body() = request.body;
    message.prepare_payload();
    return message;
  }

  asio::awaitable<void> read_answer(Reception& reception) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    auto [header_error, header_bytes] =
        co_await http::async_read_header(*stream_, buffer_, parser, kAwait);
    if (header_error) co_return drop(reception, "reading: " + header_error.message());
    const auto status = parser.get().result_int();
    std::string refusal;
    std::array<char, kReadBytes> chunk{};
    while (!parser.is_done()) {
      parser.get().body().data = chunk.data();
      parser.get().body().size = chunk.size();
      stream_->expires_after(kSilence);
      auto [error, bytes] = co_await http::async_read_some(*stream_, buffer_, parser, kAwait);
      if (error && error != http::error::need_buffer) {
        co_return drop(reception, "reading: " + error.message());
      }
      const std::string_view part(chunk.data(), chunk.size() - parser.get().body().size);
      if (status == 200) {
        reception.take(part);
      } else if (refusal.size() < kErrorBytes) {
        refusal += part;
      }
    }
    if (status != 200) reception.fail("status " + std::to_string(status) + ": " + refusal);
    if (!parser.keep_alive()) stream_.reset();
  }

  void drop(Reception& reception, const std::string& why) {
    reception.fail(why);
    stream_.reset();
  }

  asio::io_context& context_;
  const Target& target_;
  std::string endpoint_;
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
};

/// What the clients share. Thread: the load's io_context.
struct Load {
  const LoadOptions& options;
  const std::vector<LoadRequest>& requests;
  Clock::time_point start = Clock::now();
  std::size_t next = 0;
  std::size_t done = 0;
  LoadOutcome outcome;
};

asio::awaitable<void> run_client(asio::io_context& context, const Target& target, Load& load) {
  Connection connection(context, target, load.options.endpoint);
  while (load.next < load.requests.size()) {
    const std::size_t mine = load.next++;
    Reception reception(load.start, load.requests[mine].prompt_tokens);
    co_await connection.exchange(load.requests[mine], reception);
    load.outcome.requests[mine] = reception.finish();
    ++load.done;
    if (load.options.on_done) load.options.on_done(load.done);
  }
}

}  // namespace

LoadOutcome run_load(const Target& target, const LoadOptions& options,
                     const std::vector<LoadRequest>& requests) {
  asio::io_context context(1);
  Load load{.options = options, .requests = requests, .outcome = {}};
  load.outcome.requests.resize(requests.size());
  const std::size_t clients = std::min(static_cast<std::size_t>(options.clients), requests.size());
  for (std::size_t i = 0; i < clients; ++i) {
    asio::co_spawn(context, run_client(context, target, load), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  context.run();
  load.outcome.duration = seconds(Clock::now() - load.start);
  return std::move(load.outcome);
}

}  // namespace quire::tools::bench
