#!/usr/bin/env bash
# run.sh SIZE: every figure of one size, in one go: start-up and memory, the load on
# Callboard and on a bare Echo handler that writes the same bytes, and reads while
# the catalog changes. With BENCH_COMPARE=1 compare.sh runs afterwards.
# Figures go to bench/out/SIZE, the tables to standard output.
cd "$(dirname "$0")/.."
. bench/lib.sh
build

data=$out/data
if [ ! -e "$data/generated" ]; then
  rm -rf "$data"
  "$tools/generate" -entities "$size" -data "$data" >&2
  touch "$data/generated"
fi

say "start-up and memory"
printf '## %s entities\n\n' "$size"
"$tools/startup" -callboard "$tools/callboard" -data "$data" -entities "$size" -runs "$runs"

say "load"
start "$out/callboard.log" "$tools/callboard" serve --data "$data" --listen "$portal"
until curl -sf -o /dev/null "http://$portal/readyz"; do sleep 0.2; done
start "$out/baseline.log" "$tools/baseline" -from "http://$portal" -token "$data/token" -entities "$size" -listen "127.0.0.1:${BENCH_BASELINE_PORT:-18081}"
until grep -q listening "$out/baseline.log"; do sleep 0.2; done
only=.
[ "$size" -lt 500000 ] || only='by name|page|OR|text|facets|count|refs' # whole kinds for 16 at once would fill the memory
measure Callboard "http://$portal" "$out/callboard.json" -token "$data/token" -only "$only"
measure 'bare Echo' "http://127.0.0.1:${BENCH_BASELINE_PORT:-18081}" "$out/baseline.json" -only 'by name|page$|OR|text|facets|count|refs'
stop
stop
echo
"$tools/table" "$out/callboard.json" "$out/baseline.json"

say "reads while the catalog changes"
echo
"$tools/churn" -entities "$size" -rounds "$runs"

if [ -n "${BENCH_COMPARE:-}" ]; then
  echo
  bench/compare.sh "$size"
fi
