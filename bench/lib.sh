# What run.sh and compare.sh share; sourced by both, from the repository's root.
set -euo pipefail

size=${1:-1000}
out=$(mkdir -p "${BENCH_OUT:-bench/out}/$size" && cd "${BENCH_OUT:-bench/out}/$size" && pwd)
tools=$out/bin
runs=${BENCH_RUNS:-3}        # of each request and number of connections
lasting=${BENCH_FOR:-5s}     # each
portal=127.0.0.1:${BENCH_PORT:-18080}

started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap finish EXIT

say() { printf '== %s\n' "$*" >&2; }

# start LOG COMMAND...: runs a command in the background, until stop or the end.
start() {
  local log=$1; shift
  "$@" >"$log" 2>&1 &
  started+=($!)
  sleep 1
  kill -0 $! 2>/dev/null || { say "$1 has ended:"; tail -n 20 "$log" >&2; exit 1; }
}

# stop: ends what was started last.
stop() {
  local pid=${started[-1]}
  unset 'started[-1]'
  kill "$pid" && wait "$pid" || true
}

# within FOLDER COMMAND...: for start, whose process it becomes.
within() { cd "$1" && shift && exec "$@"; }

# memory PID: its resident set now and at its peak, where /proc tells.
memory() { awk '/^VmRSS|^VmHWM/ {printf "%s %.0f MB ", $1, $2/1024} END {print ""}' "/proc/$1/status" 2>/dev/null || true; }

build() {
  say "building"
  mkdir -p "$tools"
  go build -o "$tools/" ./cmd/callboard ./bench/generate ./bench/load ./bench/baseline ./bench/startup ./bench/churn ./bench/table
}

# visible BASE: waits until a server shows everything.
visible() { "$tools/load" -entities "$size" -base "$1" -await 60m -only '^$' >/dev/null; }

# measure NAME BASE FILE [FLAG...]: the load on a server.
measure() { "$tools/load" -entities "$size" -runs "$runs" -for "$lasting" -name "$1" -base "$2" -json "$3" "${@:4}" >/dev/null; }
