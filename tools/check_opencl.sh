#!/bin/bash
# Runs the op suite of the OpenCL backend under oclgrind, which simulates a device and reports invalid
# accesses and data races between work-items. A simulator is slow: by default the tests of every op that are
# small enough. (Not --uninitialized: with it, oclgrind 21.10 computes other values, NaN among them.)
# Takes about two minutes on one Zen 4 core. Usage: tools/check_opencl.sh [gtest filter]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/release/bin
small=(RmsNorm.LeavesResidualAloneWithoutDelta RmsNorm.AgreesWithReferenceOverWidthsAndPlacements
  GatedActivation.WorksInPlaceOnGateAndOnUp GatedActivation.PropagatesNaN GatherRows.CopiesRowsInTheOrderAsked
  RopeAngles.AreCosineAndSineOfTheF32Angle RopeStore.RotatesQueryAndKey
  Attention.AgreesWithReferenceOverHeadCounts Attention.KeepsATokenThatIsNotFiniteToTheRowsThatSeeIt Attention.ReturnsTheStoredValueUnderAWindowOfOne
  Attention.ReturnsTheStoredValueOfAnInt8CacheUnderAWindowOfOne Attention.AgreesWithReferenceOnAMixedBatch
  LinearTest.AddsBiasAndRespectsOffsetsAndStrides LinearTest.WritesNothingOutsideItsOutput
  LinearTest.AffineSumsExtremeCodesWithoutSaturating LinearTest.NonFiniteActivationsSpoilTheirOwnRowOnly
  PackedWeightTest.EmbedKeepsSpecialHalfValues PackedWeightTest.LinearWidensEveryFiniteHalfExactly)
own=(OpenClTuned.TileLargerThanTheMatricesStaysInside OpenClFusion.CodesAreForgottenByAnyOtherOp
  OpenClFusion.ActivationIsQuantisedInsideItsRows)
filter=${1:-$(printf '%s/opencl:' "${small[@]}")$(printf '%s:' "${own[@]}")}

command -v oclgrind > /dev/null || { echo "oclgrind is absent (tools/install_deps.sh)"; exit 77; }
log=$(mktemp)
cache=$(mktemp -d)
export XDG_CACHE_HOME=$cache
trap 'rm -rf "$log" "$cache"' EXIT
status=0
for test in kernels_ops_test kernels_linear_test kernels_opencl_test; do
  start=$SECONDS
  oclgrind --data-races --check-api --max-errors 20 --log "$log" \
    "$bin/$test" --gtest_filter="$filter" || status=1
  echo "$test: $((SECONDS - start)) s under oclgrind"
  if [[ -s $log ]]; then
    echo "oclgrind on $test:"
    head -40 "$log"
    status=1
    : > "$log"
  fi
done
((status == 0)) && echo "oclgrind: nothing found"
exit "$status"
