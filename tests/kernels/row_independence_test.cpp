// The law of this layer, bit for bit: a row's result is the same alone and among many, in any
// chunk, in any place of the batch, with any number of threads. (linear and embed: linear_test.cpp)
#include <utility>

#include "tests/kernels/attention_harness.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kThreads[] = {1, 2, 3};

class RowIndependence : public BackendTest {
 protected:
  /// Calls check(backend, description) with 1, 2 and 3 threads.
  template <class Check>
  void with_every_thread_count(const Check& check) {
    for (const std::int32_t threads : kThreads) {
      const auto on = make_backend(threads);
      check(*on, std::to_string(threads) + " threads");
    }
  }

  static Values normed(Backend& on, const Values& values, const Values& gain, Placement placement) {
    const auto width = static_cast<std::int32_t>(gain.size());
    const auto rows = static_cast<std::int32_t>(values.size() / gain.size());
    const OwnedMatrix x = make_matrix(on, values, rows, width, placement);
    const OwnedMatrix delta = make_matrix(on, values, rows, width);
    const auto gains = make_vector(on, gain);
    const OwnedMatrix out = make_output(on, rows, width, placement);
    on.rms_norm({.residual = x.view, .delta = &delta.view, .gain = gains.get(), .out = out.view});
    return read(on, out.view);
  }

  static Values gated(Backend& on, Activation kind, const Values& gate, const Values& up,
                      std::int32_t rows, Placement placement) {
    const auto width = static_cast<std::int32_t>(gate.size()) / rows;
    const OwnedMatrix g = make_matrix(on, gate, rows, width, placement);
    const OwnedMatrix u = make_matrix(on, up, rows, width);
    on.gated_activation({.kind = kind, .gate = g.view, .up = u.view, .out = g.view});
    return read(on, g.view);
  }

  /// Every schedule gives every sequence the bits that it gets alone, at once, on one thread.
  void expect_schedule_free(const AttentionShape& shape,
                            const std::vector<SequenceValues>& sequences,
                            const std::vector<Schedule>& schedules) {
    const auto single = make_backend(1);
    std::vector<Values> expected;
    for (const SequenceValues& sequence : sequences) {
      expected.push_back(attend_alone(*single, shape, sequence));
    }
    with_every_thread_count([&](Backend& on, const std::string& what) {
      for (std::size_t i = 0; i < schedules.size(); ++i) {
        const auto seed = static_cast<std::uint32_t>(i + 10);
        const std::vector<Values> actual = attend(on, shape, sequences, schedules[i], seed);
        for (std::size_t s = 0; s < sequences.size(); ++s) {
          expect_same_bits(
              actual[s], expected[s],
              what + ", schedule " + std::to_string(i) + ", sequence " + std::to_string(s));
        }
      }
    });
  }
};
QUIRE_ON_EVERY_DEVICE(RowIndependence);

TEST_P(RowIndependence, OfRmsNorm) {
  constexpr std::int32_t kRows = 61;
  for (const std::int32_t width : {19, 64, 1027}) {
    const Values values = random_values(static_cast<std::size_t>(kRows * width), 1);
    const Values gain = random_values(static_cast<std::size_t>(width), 2);
    Values expected;
    for (std::int32_t r = 0; r < kRows; ++r) {
      const Values one = normed(*backend, rows_of(values, width, r, 1), gain, {r % 5, 0});
      expected.insert(expected.end(), one.begin(), one.end());
    }
    with_every_thread_count([&](Backend& on, const std::string& what) {
      expect_same_bits(normed(on, values, gain, {3, 1}), expected, what);
      expect_same_bits(normed(on, rows_of(values, width, 7, 20), gain, {}),
                       rows_of(expected, width, 7, 20), what + ", rows 7 to 27");
    });
  }
}

TEST_P(RowIndependence, OfGatedActivation) {
  constexpr std::int32_t kRows = 23;
  for (const Activation kind : {Activation::silu, Activation::gelu, Activation::gelu_tanh}) {
    for (const std::int32_t width : {21, 1500}) {
      const auto count = static_cast<std::size_t>(kRows * width);
      const Values gate = random_values(count, 1, 6.0F), up = random_values(count, 2);
      Values expected;
      for (std::int32_t r = 0; r < kRows; ++r) {
        const Values one = gated(*backend, kind, rows_of(gate, width, r, 1),
                                 rows_of(up, width, r, 1), 1, {r % 7, 0});
        expected.insert(expected.end(), one.begin(), one.end());
      }
      with_every_thread_count([&](Backend& on, const std::string& what) {
        expect_same_bits(gated(on, kind, gate, up, kRows, {1, 2}), expected, what);
      });
    }
  }
}

// The same element at every place of a row: no lane and no tail is special.
TEST_P(RowIndependence, OfGatedActivationWithinARow) {
  constexpr std::int32_t kWidth = 77;
  const Values several = random_values(9, 3, 6.0F);
  for (const Activation kind : {Activation::silu, Activation::gelu, Activation::gelu_tanh}) {
    for (const float x : several) {
      const Values out = gated(*backend, kind, Values(kWidth, x), Values(kWidth, 1.25F), 1, {1, 0});
      expect_same_bits(out, Values(kWidth, out.front()), "every column");
    }
  }
}

TEST_P(RowIndependence, OfRopeAngles) {
  const RopeFrequencies frequencies = make_rope_frequencies({.rotary_dim = 128});
  const std::vector<BlockId> blocks(100);
  const auto angles = [&](Backend& on, std::int32_t first, std::int32_t rows) {
    const std::vector<SequenceRows> sequences = {{0, rows, first, blocks}};
    on.begin_step({rows, sequences});
    const OwnedMatrix out = make_output(on, rows, 128);
    on.rope_angles(frequencies, out.view);
    return read(on, out.view);
  };
  Values expected;
  for (std::int32_t p = 0; p < 300; ++p) {
    const Values one = angles(*backend, p, 1);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  with_every_thread_count([&](Backend& on, const std::string& what) {
    expect_same_bits(angles(on, 0, 300), expected, what);
    expect_same_bits(angles(on, 57, 31), rows_of(expected, 128, 57, 31), what + ", from 57");
  });
}

TEST_P(RowIndependence, OfAttentionUnderChunking) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::int8}) {
    for (const bool normed : {false, true}) {
      const AttentionShape shape = {
          .heads = 6, .kv_heads = 2, .head_dim = 40, .dtype = dtype, .normed = normed};
      const std::vector<SequenceValues> sequences = {random_sequence(shape, 150, 1)};
      std::vector<Schedule> schedules = {at_once(sequences)};
      for (const std::int32_t rows : {1, 5, 7, 16, 17, 33, 64, 149}) {
        schedules.push_back(in_chunks(sequences, rows));
      }
      expect_schedule_free(shape, sequences, schedules);
    }
  }
}

TEST_P(RowIndependence, OfWindowedAttentionUnderChunking) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::int8}) {
    for (const std::int32_t window : {1, 5, 31, 64, 90}) {
      const AttentionShape shape = {
          .heads = 4, .kv_heads = 4, .head_dim = 24, .dtype = dtype, .window = window};
      const std::vector<SequenceValues> sequences = {random_sequence(shape, 140, 1)};
      expect_schedule_free(
          shape, sequences,
          {in_chunks(sequences, 1), in_chunks(sequences, 13), in_chunks(sequences, 70)});
    }
  }
}

// Long enough, and of so few heads, that threads share the partitions of one row.
TEST_P(RowIndependence, OfAttentionAcrossPartitions) {
  const std::pair<DType, std::int32_t> settings[] = {
      {DType::f32, 290}, {DType::bf16, 0}, {DType::int8, 0}, {DType::int8, 290}};
  for (const auto& [dtype, window] : settings) {
    const AttentionShape shape = {
        .heads = 8, .kv_heads = 1, .head_dim = 64, .dtype = dtype, .window = window};
    const std::vector<SequenceValues> sequences = {random_sequence(shape, 530, 1),
                                                   random_sequence(shape, 40, 2)};
    Schedule mixed = {{{0, 500}, {1, 10}}};
    for (std::int32_t i = 0; i < 20; ++i) mixed.push_back({{1, 1}, {0, 1}});
    mixed.push_back({{0, 10}, {1, 10}});
    expect_schedule_free(shape, sequences, {in_chunks(sequences, 257), mixed});
  }
}

TEST_P(RowIndependence, OfAttentionInMixedBatches) {
  const std::pair<std::int32_t, DType> settings[] = {{2, DType::bf16},
                                                     {4, DType::int8},
                                                     {8, DType::bf16},
                                                     {14, DType::bf16},
                                                     {18, DType::int8}};
  for (const auto& [heads, dtype] : settings) {
    const AttentionShape shape = {.heads = heads, .kv_heads = 2, .head_dim = 64, .dtype = dtype};
    std::vector<SequenceValues> sequences;
    for (std::int32_t s = 0; s < 6; ++s) {
      sequences.push_back(random_sequence(shape, 20 + 31 * s, static_cast<std::uint32_t>(s)));
    }
    // Prompts together; then decodes beside the chunks of two long prompts.
    Schedule mixed = {{{5, 100}, {0, 10}, {3, 17}, {1, 30}}};
    for (std::int32_t i = 0; i < 10; ++i) mixed.push_back({{0, 1}, {4, 14}, {1, 1}, {3, 9}});
    mixed.push_back({{2, 82}, {5, 75}, {4, 4}, {3, 6}, {1, 11}});
    expect_schedule_free(shape, sequences, {at_once(sequences), mixed});
  }
}

}  // namespace
}  // namespace quire::kernels
