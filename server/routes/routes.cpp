#include "server/routes/routes.h"

#include <array>

namespace quire::server {

std::span<const Route> all_routes() {
  static constexpr std::array kRoutes{
      Route{"POST", "/v1/chat/completions", serve_chat_completions},
      Route{"POST", "/v1/completions", serve_completions},
      Route{"GET", "/v1/models", serve_models},
      Route{"GET", "/v1/models/", serve_model},
      Route{"POST", "/tokenize", serve_tokenize},
      Route{"POST", "/detokenize", serve_detokenize},
      Route{"GET", "/health", serve_health, true},
      Route{"GET", "/ready", serve_ready, true},
      Route{"GET", "/version", serve_version},
      Route{"GET", "/metrics", serve_metrics},
  };
  return kRoutes;
}

}  // namespace quire::server
