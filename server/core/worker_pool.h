// WorkerPool: the threads that tokenise, render templates and parse or build JSON, so that no io
// thread computes. A connection has at most one job here at a time, which bounds the queue.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

namespace quire::server {

/// Thread: any.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads) : threads_(threads) {}

  /// Runs `job` on a worker and resumes on the caller's own executor. What the job throws is
  /// rethrown there. References captured by the job stay valid: the caller is suspended.
  boost::asio::awaitable<void> run(const std::function<void()>& job);

  /// Drops jobs that have not begun and joins the threads.
  void stop();

 private:
  boost::asio::thread_pool threads_;
};

/// The same for a job that returns something.
template <class Job>
boost::asio::awaitable<std::invoke_result_t<const Job&>> run_on(WorkerPool& pool, const Job& job) {
  std::optional<std::invoke_result_t<const Job&>> result;
  const std::function<void()> keep = [&result, &job] { result.emplace(job()); };
  co_await pool.run(keep);
  co_return std::move(*result);
}

}  // namespace quire::server
