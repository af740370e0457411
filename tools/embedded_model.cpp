#include "tools/embedded_model.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

extern "C" {
extern const std::byte quire_demo_config[], quire_demo_config_end[];
extern const std::byte quire_demo_generation_config[], quire_demo_generation_config_end[];
extern const std::byte quire_demo_weights[], quire_demo_weights_end[];
extern const std::byte quire_demo_tokenizer[], quire_demo_tokenizer_end[];
extern const std::byte quire_demo_tokenizer_config[], quire_demo_tokenizer_config_end[];
}

namespace quire::tools {

engine::ModelFiles embedded_model_files() {
  const auto file = [](std::string name, const std::byte* begin, const std::byte* end) {
    return engine::NamedBytes{std::move(name), {begin, end}};
  };
  std::vector<engine::NamedBytes> files;
  files.push_back(file("config.json", quire_demo_config, quire_demo_config_end));
  files.push_back(file("generation_config.json", quire_demo_generation_config,
                       quire_demo_generation_config_end));
  files.push_back(file("model.safetensors", quire_demo_weights, quire_demo_weights_end));
  files.push_back(file("tokenizer.json", quire_demo_tokenizer, quire_demo_tokenizer_end));
  files.push_back(
      file("tokenizer_config.json", quire_demo_tokenizer_config, quire_demo_tokenizer_config_end));
  return engine::ModelFiles::from_memory("embedded demo model", std::move(files));
}

}  // namespace quire::tools
