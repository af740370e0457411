#!/bin/bash
# The companion of tools/test.sh: the whole suite under ASan + UBSan (preset dev), then under TSan
# (preset tsan). Usage: tools/test_sanitizers.sh [dev|tsan]    (default both)
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install_deps.sh
status=0
for preset in ${1:-dev tsan}; do
  start=$SECONDS
  cmake --preset "$preset" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache > /dev/null
  cmake --build --preset "$preset"
  ctest --preset "$preset" -j "$(nproc)" || status=$?
  echo "preset $preset: $((SECONDS - start)) s"
done
exit "$status"
