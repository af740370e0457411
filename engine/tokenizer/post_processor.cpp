#include "engine/tokenizer/post_processor.h"

#include <utility>

namespace quire::engine::tokenizer {
namespace {

TokenId read_id(const JsonAt& config) {
  return static_cast<TokenId>(config.index());
}

}  // namespace

PostProcessor::PostProcessor(const JsonAt& config) {
  if (!config.is_null()) add(config, 0);
}

void PostProcessor::add(const JsonAt& config, int depth) {
  const std::string type = config.type();
  if (type == "Sequence") {
    if (depth == kMaxNesting) config.fail("is nested too deeply");
    const JsonAt list = config.at("processors");
    for (std::size_t i = 0; i < list.size(); ++i) add(list.element(i), depth + 1);
  } else if (type == "TemplateProcessing") {
    read_template(config);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    wrap(config);
  } else if (type != "ByteLevel") {
    config.refuse("post_processor " + type);
  }
}

void PostProcessor::read_template(const JsonAt& config) {
  if (template_) config.refuse("a second template");
  template_.emplace();
  const JsonAt items = config.at("single");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const JsonAt item = items.element(i);
    if (!item.lacks("Sequence")) {
      const std::string id = item.at("Sequence").string("id");
      if (id != "A") item.fail("a template of one text cannot use sequence " + id);
      template_->push_back({{}, true});
      continue;
    }
    const std::string name = item.at("SpecialToken").string("id");
    const JsonAt ids = config.at("special_tokens").at(name.c_str()).at("ids");
    Item special;
    for (std::size_t j = 0; j < ids.size(); ++j) special.special.push_back(read_id(ids.element(j)));
    template_->push_back(std::move(special));
  }
}

/// "cls" before the text and "sep" behind it, each a pair of text and id.
void PostProcessor::wrap(const JsonAt& config) {
  if (template_) config.refuse("a second template");
  const auto id_of = [&](const char* key) {
    const JsonAt pair = config.at(key);
    if (pair.size() != 2) pair.fail("must be a text and an id");
    return read_id(pair.element(1));
  };
  const TokenId before = id_of("cls");
  const TokenId behind = id_of("sep");
  template_ = {Item{{before}, false}, Item{{}, true}, Item{{behind}, false}};
}

std::vector<TokenId> PostProcessor::apply(std::vector<TokenId> ids, bool add_special_tokens) const {
  if (!template_) return ids;
  std::vector<TokenId> result;
  result.reserve(ids.size() + template_->size());
  for (const Item& item : *template_) {
    if (item.is_text) {
      result.insert(result.end(), ids.begin(), ids.end());
    } else if (add_special_tokens) {
      result.insert(result.end(), item.special.begin(), item.special.end());
    }
  }
  return result;
}

}  // namespace quire::engine::tokenizer
