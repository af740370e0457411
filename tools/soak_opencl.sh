#!/bin/bash
# Does a server on an OpenCL device leak? Serves the demo model, sends 1,000 requests in 10 rounds of 100, 16
# at a time, other prompts in each round, and samples the server's resident anonymous memory after every
# round. Passes if memory has reached a plateau: in the second half it grows by less than 1 KiB per
# request, every request is answered, and none is left running.
# Usage: tools/soak_opencl.sh [--device opencl[:N]|cpu] [--requests N]
set -euo pipefail
cd "$(dirname "$0")/.."
quire=build/release/bin/quire device=opencl requests=1000
while (($#)); do
  case $1 in
    --device) device=$2; shift 2 ;;
    --requests) requests=$2; shift 2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
done
rounds=10 allowed_kib=1
each=$((requests / rounds))
((requests >= 1000)) || { echo "--requests takes 1000 or more: before, memory still grows to its plateau" >&2; exit 2; }

folder=$(mktemp -d)
server=0
finish() {
  ((server)) && kill "$server" 2> /dev/null && wait "$server" 2> /dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
# A small cache, so that blocks are evicted and used again from the first rounds on.
"$quire" serve --port 0 --port-file "$folder/port" --device "$device" --kv-cache-memory 8MiB > "$folder/log" 2>&1 &
server=$!
for ((i = 0; i < 3000; ++i)); do
  [[ -s $folder/port ]] && break
  kill -0 "$server" 2> /dev/null || { cat "$folder/log"; exit 1; }
  sleep 0.1
done
url=http://127.0.0.1:$(cat "$folder/port")

samples=()
for ((round = 1; round <= rounds; ++round)); do
  "$quire" bench serve --base-url "$url" --num-prompts "$each" --max-concurrency 16 --seed "$round" \
    --random-input-len 24 --random-output-len 8 --ignore-eos --no-progress --save-result \
    --result-dir "$folder" --result-filename round.json > "$folder/round.log" 2>&1 || { cat "$folder/round.log"; exit 1; }
  completed=$(grep -o '"completed": *[0-9]*' "$folder/round.json" | grep -o '[0-9]*$')
  kib=$(awk '/^RssAnon:/ {print $2}' "/proc/$server/status")
  samples+=("$kib")
  printf 'round %2d   %4d of %d answered   %d KiB\n' "$round" "$completed" "$each" "$kib"
  ((completed == each)) || { echo "FAILED: a request was not answered"; exit 1; }
done
running=$(curl -s "$url/metrics" | awk '/^vllm:num_requests_running/ {print int($2)}')
half=${samples[rounds / 2 - 1]} last=${samples[rounds - 1]}
allowed=$((each * (rounds - rounds / 2) * allowed_kib))
echo "second half: $((last - half)) KiB more, less than $allowed KiB allowed; requests running: $running"
if ((last - half < allowed)) && ((running == 0)); then
  echo "passed: no leak over $requests requests"
else
  echo "FAILED"
  exit 1
fi
