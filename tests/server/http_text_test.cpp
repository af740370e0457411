// The parts of HTTP that are text in, text out: messages, routes, keys, CORS, events, ids.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "server/http/auth.h"
#include "server/http/cors.h"
#include "server/http/message.h"
#include "server/http/request_id.h"
#include "server/http/router.h"
#include "server/http/sse.h"

namespace quire::server {
namespace {

std::string header_of(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "absent";
}

TEST(HttpRequest, FindsHeadersIgnoringCase) {
  const HttpRequest request{
      .method = "GET", .path = "/", .headers = {{"X-Api-Key", "k"}}, .body = {}};
  EXPECT_EQ(request.header("x-api-key"), "k");
  EXPECT_EQ(request.header("x-api-ke"), "");
}

TEST(PathOfTarget, DropsTheQueryAndDecodesEscapes) {
  EXPECT_EQ(path_of_target("/v1/models?x=1"), "/v1/models");
  EXPECT_EQ(path_of_target("/v1/models/org%2Fname#f"), "/v1/models/org/name");
  EXPECT_EQ(path_of_target("/%41"), "/A");
}

TEST(PathOfTarget, RefusesWhatIsNoAbsolutePath) {
  for (const char* target : {"", "*", "v1", "http://host/x", "/%", "/%4", "/%zz", "/a%4g"}) {
    EXPECT_EQ(path_of_target(target), std::nullopt) << target;
  }
}

TEST(HeadText, WritesStatusLineAndHeaders) {
  EXPECT_EQ(head_text(429, {{"A", "b"}, {"C", "d"}}),
            "HTTP/1.1 429 Too Many Requests\r\nA: b\r\nC: d\r\n\r\n");
}

TEST(ErrorResponse, CarriesStatusRetryAfterAndChallenge) {
  const auto full = error_response({ErrorKind::queue_full, "full", "", std::chrono::seconds(7)});
  EXPECT_EQ(full.status, 429U);
  EXPECT_EQ(header_of(full.headers, "Retry-After"), "7");
  const auto denied = error_response({ErrorKind::unauthorized, "no", "", {}});
  EXPECT_EQ(denied.status, 401U);
  EXPECT_EQ(header_of(denied.headers, "WWW-Authenticate"), "Bearer");
}

TEST(Errors, EveryStatusHasAReason) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    EXPECT_NE(reason_of(status_of(static_cast<ErrorKind>(kind))), "Unknown") << kind;
  }
}

TEST(PresentedKey, ReadsBearerAndXApiKey) {
  const auto key = [](Headers headers) {
    HttpRequest request;
    request.headers = std::move(headers);
    return std::string(presented_key(request));
  };
  EXPECT_EQ(key({{"Authorization", "Bearer abc"}}), "abc");
  EXPECT_EQ(key({{"authorization", "bearer abc"}}), "abc");
  EXPECT_EQ(key({{"x-api-key", "xyz"}}), "xyz");
  EXPECT_EQ(key({{"Authorization", "Basic abc"}, {"x-api-key", "xyz"}}), "xyz");
  EXPECT_EQ(key({{"Authorization", "Bearer "}}), "");
  EXPECT_EQ(key({}), "");
}

TEST(ApiKeys, MatchExactlyOneOfThem) {
  const std::vector<std::string> keys{"secret-1", "other"};
  EXPECT_TRUE(is_one_of_keys("secret-1", keys));
  EXPECT_TRUE(is_one_of_keys("other", keys));
  for (const char* wrong : {"", "secret-", "secret-11", "secret-2", "otherother", "ot", "OTHER"}) {
    EXPECT_FALSE(is_one_of_keys(wrong, keys)) << wrong;
  }
  EXPECT_FALSE(is_one_of_keys("", {}));
  EXPECT_FALSE(is_one_of_keys("", {""}));
}

HttpRequest from_origin(const char* method, const char* origin) {
  return {.method = method, .path = "/", .headers = {{"Origin", origin}}, .body = {}};
}

TEST(Cors, IsSilentWithoutOriginOrPermission) {
  EXPECT_TRUE(
      cors_headers({.method = "GET", .path = "/", .headers = {}, .body = {}}, {"*"}).empty());
  EXPECT_TRUE(cors_headers(from_origin("GET", "http://a"), {}).empty());
  EXPECT_TRUE(cors_headers(from_origin("GET", "http://a"), {"http://b"}).empty());
}

TEST(Cors, NamesTheAllowedOrigin) {
  const auto one = cors_headers(from_origin("POST", "http://a"), {"http://b", "http://a"});
  EXPECT_EQ(header_of(one, "Access-Control-Allow-Origin"), "http://a");
  EXPECT_EQ(header_of(one, "Vary"), "Origin");
  const auto any = cors_headers(from_origin("POST", "http://a"), {"*"});
  EXPECT_EQ(header_of(any, "Access-Control-Allow-Origin"), "*");
}

TEST(Cors, PreflightSaysWhatMayBeSent) {
  HttpRequest request = from_origin("OPTIONS", "http://a");
  EXPECT_NE(
      header_of(cors_headers(request, {"*"}), "Access-Control-Allow-Headers").find("x-api-key"),
      std::string::npos);
  request.headers.emplace_back("Access-Control-Request-Headers", "x-stainless-os");
  const auto headers = cors_headers(request, {"*"});
  EXPECT_EQ(header_of(headers, "Access-Control-Allow-Headers"), "x-stainless-os");
  EXPECT_EQ(header_of(headers, "Access-Control-Allow-Methods"), "GET, HEAD, POST, OPTIONS");
}

TEST(Sse, FramesEventsAndChunks) {
  EXPECT_EQ(sse_event("{}"), "data: {}\n\n");
  EXPECT_EQ(http_chunk("hello"), "5\r\nhello\r\n");
  EXPECT_EQ(http_chunk(std::string(300, 'x')).substr(0, 5), "12c\r\n");
}

TEST(RequestId, KeepsAGoodOneAndReplacesABadOne) {
  EXPECT_EQ(request_id_for("abc-1_2.3:4"), "abc-1_2.3:4");
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\r\nX: y"), std::string(129, 'a')}) {
    const std::string made = request_id_for(bad);
    EXPECT_EQ(made.size(), 32U);
    EXPECT_NE(made, bad);
  }
  EXPECT_NE(request_id_for(""), request_id_for(""));
}

TEST(RandomSeed, FitsTheIntegersOfEveryJsonClient) {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 100; ++i) {
    seeds.insert(random_seed());
    EXPECT_LT(*seeds.rbegin(), std::uint64_t{1} << 53U);
  }
  EXPECT_EQ(seeds.size(), 100U);
}

boost::asio::awaitable<void> nothing(Exchange&, Context&) {
  co_return;
}

TEST(Router, MatchesMethodAndPath) {
  const std::array routes{Route{"POST", "/a", nothing}, Route{"GET", "/a", nothing},
                          Route{"GET", "/m", nothing}, Route{"GET", "/m/", nothing}};
  EXPECT_EQ(find_route(routes, "POST", "/a").route, routes.data());
  EXPECT_EQ(find_route(routes, "HEAD", "/a").route, &routes[1]);
  EXPECT_EQ(find_route(routes, "GET", "/m").route, &routes[2]);
  const RouteMatch rest = find_route(routes, "GET", "/m/org/name");
  EXPECT_EQ(rest.route, &routes[3]);
  EXPECT_EQ(rest.rest, "org/name");
}

TEST(Router, TellsAnUnknownPathFromAWrongMethod) {
  const std::array routes{Route{"POST", "/a", nothing}, Route{"GET", "/a", nothing},
                          Route{"GET", "/m/", nothing}};
  EXPECT_EQ(find_route(routes, "GET", "/b").allowed, "");
  EXPECT_EQ(find_route(routes, "GET", "/m/").allowed, "");
  const RouteMatch wrong = find_route(routes, "DELETE", "/a");
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_EQ(wrong.allowed, "OPTIONS, POST, GET, HEAD");
}

}  // namespace
}  // namespace quire::server
