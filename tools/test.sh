#!/bin/bash
# Installs the dependencies, builds everything (release) and runs all tests. The last line is ctest's
# summary. Usage: tools/test.sh [ctest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
start=$SECONDS

tools/install_deps.sh
cmake --preset release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache > /dev/null
cmake --build --preset release
echo "built after $((SECONDS - start)) s"

log=build/release/test.log
status=0
ctest --preset release -j "$(nproc)" "$@" | tee "$log" || status=$?
echo "wall time of the whole command: $((SECONDS - start)) s"
grep "tests passed" "$log" | tail -1
exit "$status"
