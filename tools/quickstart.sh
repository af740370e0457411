#!/bin/bash
# From a clone to a running server: installs the dependencies, builds, starts `quire serve` on the
# embedded model in the background, waits until it is ready, shows one streamed chat answer, and leaves
# the server running. Usage: tools/quickstart.sh [PORT]    (default 8000)
set -euo pipefail
cd "$(dirname "$0")/.."
port=${1:-8000}
base=http://127.0.0.1:$port
log=build/release/quire-serve.log
pid_file=build/release/quire-serve.pid

tools/install_deps.sh
cmake --preset release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache > /dev/null
cmake --build --preset release --target quire

if curl -s -o /dev/null --max-time 2 "$base/health"; then
  echo "something answers on $base already; stop it, or choose another port: tools/quickstart.sh PORT" >&2
  exit 1
fi
nohup build/release/bin/quire serve --port "$port" > "$log" 2>&1 < /dev/null &
pid=$!
echo "$pid" > "$pid_file"

for ((tries = 0; ; ++tries)); do
  curl -sf -o /dev/null --max-time 2 "$base/ready" && break
  if ! kill -0 "$pid" 2>/dev/null || ((tries >= 300)); then
    echo "the server did not get ready; its log ($log):" >&2
    cat "$log" >&2
    exit 1
  fi
  sleep 0.2
done
cat "$log"

echo
echo "A chat answer, streamed (server-sent events):"
curl -sN --fail "$base/v1/chat/completions" -H 'Content-Type: application/json' \
  -d '{"messages": [{"role": "user", "content": "Hello! My name is Mira."}], "stream": true}'
cat <<END
The server keeps running on $base. Talk to it with any OpenAI client, or in this terminal:
  build/release/bin/quire chat
Stop it: kill $pid
END
