#!/bin/bash
# Runs the op suite of the OpenCL backend under oclgrind, which simulates a device and reports invalid
# accesses, uninitialised local memory and data races between work-items. Slow: a selection of the suite by
# default. Usage: tools/check_opencl.sh [gtest filter]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/release/bin
default='*/opencl:*/opencl.*'
filter=${1:-$default}

command -v oclgrind > /dev/null || { echo "oclgrind is absent (tools/install_deps.sh)"; exit 77; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
for test in kernels_ops_test kernels_linear_test kernels_row_independence_test; do
  # QUIRE_OPENCL_QUICK keeps the sizes small: the simulator is some 10,000 times slower than a device.
  QUIRE_OPENCL_QUICK=1 XDG_CACHE_HOME=$(mktemp -d) oclgrind --data-races --uninitialized --check-api --max-errors 20 \
    --log "$log" "$bin/$test" --gtest_filter="$filter" || status=1
  if [[ -s $log ]]; then
    echo "oclgrind on $test:"
    head -40 "$log"
    status=1
    : > "$log"
  fi
done
((status == 0)) && echo "oclgrind: nothing found"
exit "$status"
