#!/bin/bash
# For a machine with a GPU and no network: builds quire, runs the OpenCL tests and benchmarks, prints what
# the probes found and, for Llama-3.2-1B and an 8B shape, decode at batch 1, 16, 64 and prefill of 512 and
# 2048 with the device's floors beside them. Needs the repository, a compiler, cmake, ninja, Python, and the
# libraries of README.md: installed, or as .deb files in FOLDER, which are unpacked beside the build.
# Usage: tools/gpu_suite.sh [--packages FOLDER] [--device N] [--formats affine4,bf16] [--shapes LIST]
#                           [--skip-tests] [--skip-build] [--tiny] [--out FOLDER]
# --device chooses for the tuner and the benchmarks; the tests take the first device. --skip-build takes the
# binaries of build/release as they are. --tiny runs every step at a size that the
# CPU takes as well, to see that it works: no figure of it means anything.
set -euo pipefail
cd "$(dirname "$0")/.."
packages="" device=0 formats=affine4,bf16 shapes=llama-3.2-1b,llama-3.1-8b
tests=1 build=1 out=build/gpu_suite bench="" most_tests=100000
steps=(--prefill 512,2048 --sequences 1,16,64 --contexts 1024 --max-num-batched-tokens 512 --runs 3)
while (($#)); do
  case $1 in
    --packages) packages=$(realpath "$2"); shift 2 ;;
    --device) device=$2; shift 2 ;;
    --formats) formats=$2; shift 2 ;;
    --shapes) shapes=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --skip-tests) tests=0; shift ;;
    --skip-build) build=0; shift ;;
    --tiny)
      shapes=tiny bench=tiny most_tests=1
      steps=(--prefill 24 --sequences 1,3 --contexts 40 --max-num-batched-tokens 16 --runs 1)
      shift ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"

# The tests of a program that are about OpenCL by name or by parameter, as a filter.
tests_of() {
  "$1" --gtest_list_tests | awk -v most="$most_tests" '/^[^ ]/ {suite = $1}
    /^  / && tolower(suite $0) ~ /opencl|programcache/ && n++ < most {print suite $1}' | paste -sd:
}

flags=(-DCMAKE_CXX_FLAGS=-Wno-error)
if [[ -n $packages ]]; then
  prefix=$PWD/build/packages
  rm -rf "$prefix"
  for package in "$packages"/*.deb; do dpkg -x "$package" "$prefix"; done
  lib=$prefix/usr/lib/$(uname -m)-linux-gnu
  flags+=("-DCMAKE_PREFIX_PATH=$prefix/usr;$lib/cmake" "-DCMAKE_LIBRARY_PATH=$lib" "-DCMAKE_INCLUDE_PATH=$prefix/usr/include")
  flags[0]="-DCMAKE_CXX_FLAGS=-Wno-error -isystem $prefix/usr/include"
  export LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} LIBRARY_PATH=$lib
  export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$prefix
fi
# A driver without a registered ICD is named to the loader.
if [[ ! -e /etc/OpenCL/vendors/nvidia.icd ]] && ldconfig -p | grep -q libnvidia-opencl.so.1; then
  vendors=$(mktemp -d)
  cp /etc/OpenCL/vendors/*.icd "$vendors" 2> /dev/null || true
  echo libnvidia-opencl.so.1 > "$vendors/nvidia.icd"
  export OCL_ICD_VENDORS=$vendors
fi

bin=build/release/bin
targets=(quire bench_opencl)
((tests)) && targets+=(kernels_ops_test kernels_linear_test kernels_row_independence_test kernels_opencl_test
  engine_model_goldens_test engine_executor_test server_same_bytes_test)
if ((build)); then
  echo "== build"
  cmake --preset release "${flags[@]}" > "$out/configure.log" 2>&1 || { tail -20 "$out/configure.log"; exit 1; }
  cmake --build --preset release --target "${targets[@]}" > "$out/build.log" 2>&1 || { tail -30 "$out/build.log"; exit 1; }
fi

echo "== devices and probes"
"$bin/quire" devices
status=0
if ((tests)); then
  echo "== tests"
  for test in "${targets[@]:2}"; do
    filter=$(tests_of "$bin/$test")
    if [[ -n $filter ]] && timeout 900 "$bin/$test" --gtest_filter="$filter" > "$out/$test.log" 2>&1; then
      echo "passed  $test: $(grep -c '^\[       OK' "$out/$test.log" || true) of $(tr : '\n' <<< "$filter" | wc -l) tests"
    else
      echo "FAILED  $test"; tail -40 "$out/$test.log"; status=1
    fi
  done
fi
echo "== tuner"
"$bin/quire" tune --device "opencl:$device" || status=1
echo "== float products and floors"
"$bin/bench_opencl" "$device" 3 $bench | tee "$out/bench_opencl.txt" || status=1
echo "== steps"
reports=()
for shape in ${shapes//,/ }; do
  for format in ${formats//,/ }; do
    model=$out/$shape-$format
    [[ -d $model ]] || python3 perf/make_random_model.py "$model" --shape "$shape" --format "$format" --quiet
    if "$bin/quire" bench step "$model" --device "opencl:$device" "${steps[@]}" --profile --no-progress \
      --json "$out/$shape-$format.json"; then
      reports+=("$out/$shape-$format.json")
    else
      status=1
    fi
  done
done
echo "== steps beside their floors"
python3 perf/opencl_floors.py "$out/bench_opencl.txt" "${reports[@]}" || status=1
exit "$status"
