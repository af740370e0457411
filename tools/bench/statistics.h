// Summary figures of a sample, defined as numpy defines them.
#pragma once

#include <span>
#include <vector>

namespace quire::tools::bench {

/// Of an empty sample every figure is 0.
double mean(std::span<const double> values);
/// Population standard deviation (numpy.std with ddof 0).
double standard_deviation(std::span<const double> values);
/// Linear interpolation between the closest ranks (numpy's default). REQUIRES: 0 <= percent <= 100.
double percentile(std::vector<double> values, double percent);

}  // namespace quire::tools::bench
