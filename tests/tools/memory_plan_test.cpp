#include "tools/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace quire::tools {
namespace {

using testing::HasSubstr;

/// 2 layers, 2 KV heads of 32: one block of 16 tokens takes 2*2*2*32*16*2 = 8192 bytes in bf16.
engine::ModelSummary small_model() {
  engine::ModelSummary summary;
  summary.max_positions = 100;  // 7 blocks
  summary.layers = 2;
  summary.heads = 4;
  summary.kv_heads = 2;
  summary.head_dim = 32;
  return summary;
}
constexpr std::size_t kBlock = 8192;
constexpr std::size_t kPlenty = std::size_t{1} << 40U;

std::string refusal(const EngineOptions& options, std::size_t available) {
  try {
    plan_memory(small_model(), options, {.available = available});
  } catch (const PlanError& error) {
    return error.what();
  }
  return "no refusal";
}

TEST(MemoryPlan, HoldsOneFullContextPerSequenceWhenMemoryIsPlenty) {
  const MemoryPlan plan = plan_memory(small_model(), {.max_num_seqs = 5}, {.available = kPlenty});
  EXPECT_EQ(plan.max_model_len, 100);
  EXPECT_EQ(plan.kv_block_bytes, kBlock);
  EXPECT_EQ(plan.kv_blocks, 35);
  EXPECT_DOUBLE_EQ(plan.full_contexts(), 5.0);
}

TEST(MemoryPlan, TakesFortyPercentOfScarceMemory) {
  const MemoryPlan plan = plan_memory(small_model(), {.max_num_seqs = 1000}, {.available = 100 * kBlock});
  EXPECT_EQ(plan.kv_blocks, 40);
}

TEST(MemoryPlan, HoldsOneFullContextAtLeastOrRefuses) {
  EXPECT_EQ(plan_memory(small_model(), {}, {.available = 7 * kBlock}).kv_blocks, 7);
  EXPECT_THAT(refusal({}, 7 * kBlock - 1), HasSubstr("--max-model-len"));
}

TEST(MemoryPlan, FollowsTheOptions) {
  const MemoryPlan by_memory = plan_memory(small_model(), {.kv_cache_memory = "80KiB"}, {.available = kPlenty});
  EXPECT_EQ(by_memory.kv_blocks, 10);
  const MemoryPlan by_blocks =
      plan_memory(small_model(), {.max_model_len = 33, .num_kv_blocks = 6}, {.available = kPlenty});
  EXPECT_EQ(by_blocks.kv_blocks, 6);
  EXPECT_DOUBLE_EQ(by_blocks.full_contexts(), 2.0);
}

TEST(MemoryPlan, RefusesByName) {
  EXPECT_THAT(refusal({.max_model_len = 101}, kPlenty), HasSubstr("--max-model-len 101"));
  EXPECT_THAT(refusal({.max_model_len = 1}, kPlenty), HasSubstr("--max-model-len"));
  EXPECT_THAT(refusal({.kv_cache_memory = "8191"}, kPlenty), HasSubstr("--kv-cache-memory 8191"));
  EXPECT_THAT(refusal({.num_kv_blocks = 9}, 8 * kBlock), HasSubstr("9 blocks"));
}

TEST(MemoryPlan, CachesInTheTypeOfTheWeightsUnlessTold) {
  engine::ModelSummary summary = small_model();
  EXPECT_EQ(plan_memory(summary, {}, {.available = kPlenty}).kv_dtype, kernels::DType::bf16);
  summary.dtype = kernels::DType::f16;
  EXPECT_EQ(plan_memory(summary, {}, {.available = kPlenty}).kv_dtype, kernels::DType::bf16);
  summary.dtype = kernels::DType::f32;
  EXPECT_EQ(plan_memory(summary, {}, {.available = kPlenty}).kv_dtype, kernels::DType::f32);
  EXPECT_EQ(plan_memory(summary, {.kv_cache_dtype = "bf16"}, {.available = kPlenty}).kv_dtype,
            kernels::DType::bf16);
}

TEST(MemoryPlan, CountsTheScalesOfAnInt8Cache) {
  const MemoryPlan plan = plan_memory(small_model(), {.kv_cache_dtype = "int8"}, {.available = kPlenty});
  EXPECT_EQ(plan.kv_dtype, kernels::DType::int8);
  // Half of bf16, and an f32 scale for each of 16 tokens, 2 layers, 2 KV heads, K and V.
  EXPECT_EQ(plan.kv_block_bytes, kBlock / 2 + 16 * 2 * 2 * 2 * sizeof(float));
  EXPECT_THAT(describe(plan, small_model(), 4096), HasSubstr("int8"));
}

TEST(MemoryPlan, TableNamesEveryUse) {
  const MemoryPlan plan = plan_memory(small_model(), {}, {.available = kPlenty});
  const std::string table = describe(plan, small_model(), 4096);
  for (const char* part : {"weights", "KV cache", "workspace", "4.0 KiB", "full contexts of 100"}) {
    EXPECT_THAT(table, HasSubstr(part));
  }
}

// What a device allocates at once bounds a layer; its own memory is there for nobody else.
TEST(MemoryPlan, KeepsALayerWithinOneAllocation) {
  MemoryLimits limits{.available = kPlenty, .largest = 20 * kBlock / 2};
  EXPECT_EQ(plan_memory(small_model(), {.max_num_seqs = 1000}, limits).kv_blocks, 20);
  try {
    plan_memory(small_model(), {.num_kv_blocks = 21}, limits);
    FAIL() << "21 blocks were accepted";
  } catch (const PlanError& error) {
    EXPECT_THAT(error.what(), HasSubstr("allocates at most"));
  }
  limits = {.available = 100 * kBlock, .kv_share = kOwnKvShare};
  EXPECT_EQ(plan_memory(small_model(), {.max_num_seqs = 1000}, limits).kv_blocks, 85);
}

/// A folder that stands for "/".
class AvailableMemory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "quire-memory-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    write("proc/meminfo", "MemTotal:       8000 kB\nMemFree:  1 kB\nMemAvailable:   4000 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  std::filesystem::path root_;
};

TEST_F(AvailableMemory, IsWhatTheKernelSaysWithoutACgroup) {
  EXPECT_EQ(available_memory(root_), 4000U * 1024U);
}

TEST_F(AvailableMemory, IsLessInACgroupWithALimit) {
  write("sys/fs/cgroup/memory.max", "1000000\n");
  write("sys/fs/cgroup/memory.current", "400000\n");
  EXPECT_EQ(available_memory(root_), 600000U);
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available_memory(root_), 4000U * 1024U);
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "500\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "700\n");
  EXPECT_EQ(available_memory(root_), 0U);
}

TEST_F(AvailableMemory, RefusesAMachineThatDoesNotSay) {
  write("proc/meminfo", "MemTotal: 8000 kB\n");
  EXPECT_THROW(available_memory(root_), PlanError);
}

}  // namespace
}  // namespace quire::tools
