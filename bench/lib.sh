# What run.sh and compare.sh share; sourced by both, from the repository's root.
set -euo pipefail
umask 022

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
}

# stop: ends what was started last.
stop() {
  local pid=${started[-1]}
  unset 'started[-1]'
  kill "$pid" && wait "$pid" || true
}

# memory PID: its resident set now and at its peak, where /proc tells.
memory() { awk '/^VmRSS|^VmHWM/ {printf "%s %.0f MB  ", $1, $2/1024}' "/proc/$1/status" 2>/dev/null || true; echo; }

build() {
  say "building"
  mkdir -p "$tools"
  go build -o "$tools/" ./cmd/callboard ./bench/generate ./bench/load ./bench/baseline ./bench/table
}

load() { "$tools/load" -entities "$size" -runs "$runs" -for "$lasting" -await 30m "$@"; }
