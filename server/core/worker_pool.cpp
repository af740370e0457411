#include "server/core/worker_pool.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace quire::server {

namespace asio = boost::asio;

asio::awaitable<void> WorkerPool::run(const std::function<void()>& job) {
  std::exception_ptr thrown;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [this, &job, &thrown](auto resume) {
        auto home = asio::get_associated_executor(resume);
        asio::post(threads_, [&job, &thrown, home, resume = std::move(resume)]() mutable {
          try {
            job();
          } catch (...) {
            thrown = std::current_exception();
          }
          asio::post(home, std::move(resume));
        });
      },
      asio::use_awaitable);
  if (thrown) std::rethrow_exception(thrown);
}

void WorkerPool::stop() {
  threads_.stop();
  threads_.join();
}

}  // namespace quire::server
