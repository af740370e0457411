// GET /v1/models and /v1/models/{id}.
#include <algorithm>

#include "server/core/context.h"
#include "server/http/exchange.h"
#include "server/json/json.h"
#include "server/routes/routes.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

Json model_json(const std::string& name, const Context& context) {
  return {{"id", name},
          {"object", "model"},
          {"created", context.started_at},
          {"owned_by", "quire"},
          {"root", context.model_name()},
          {"parent", nullptr},
          {"max_model_len", context.config.scheduler.max_model_tokens}};
}

HttpResponse model_response(const std::string& name, const Context& context) {
  const auto& names = context.config.model_names;
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return json_response(to_text(model_json(name, context)));
  }
  return error_response(
      {ErrorKind::model_not_found, "the model '" + name + "' is not served here", "model", {}});
}

HttpResponse models_response(const Context& context) {
  Json list = Json::array();
  for (const std::string& name : context.config.model_names) {
    list.push_back(model_json(name, context));
  }
  return json_response(to_text(Json{{"object", "list"}, {"data", std::move(list)}}));
}

}  // namespace

asio::awaitable<void> serve_models(Exchange& exchange, Context& context) {
  const HttpResponse response = models_response(context);
  co_await exchange.send(response);
}

asio::awaitable<void> serve_model(Exchange& exchange, Context& context) {
  const HttpResponse response = model_response(exchange.rest(), context);
  co_await exchange.send(response);
}

}  // namespace quire::server
