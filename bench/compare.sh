#!/usr/bin/env bash
# compare.sh SIZE: the same generated entities in a real Backstage and in Callboard,
# under the same load, one after the other on this machine. Needs Go, npm and
# PostgreSQL's initdb and pg_ctl, or a server of yours that BENCH_DATABASE names
# (postgresql://user:password@host/postgres; databases callboard_bench_* are made).
# Figures go to bench/out/SIZE, the table to standard output.
cd "$(dirname "$0")/.."
. bench/lib.sh
build
"$tools/generate" -entities "$size" -files "$out/files" >&2

say "installing Backstage"
backstage=$out/../backstage
mkdir -p "$backstage/node"
cp bench/backstage/{package.json,package-lock.json,.npmrc,app-config.yaml,index.js} "$backstage/"
node=$(command -v node || true)
if ! [[ $("$node" --version) =~ ^v(22|24)\. ]]; then
  (cd "$backstage/node" && echo '{"private":true}' >package.json && npm install --no-audit --no-fund --loglevel=error node@24.21.0)
  node=$backstage/node/node_modules/node/bin/node
fi
(cd "$backstage" && npm ci --loglevel=error)

cluster=
if [ -z "${BENCH_DATABASE:-}" ]; then
  say "starting PostgreSQL"
  cluster=$(mktemp -d)
  asowner() { "$@"; }
  if [ "$(id -u)" -eq 0 ]; then # which PostgreSQL does not run as
    chown postgres "$cluster"
    asowner() { (cd / && runuser -u postgres -- "$@"); }
  fi
  asowner initdb -D "$cluster/data" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 >"$out/initdb.log"
  asowner pg_ctl -D "$cluster/data" -l "$cluster/log" -w start \
    -o "-p ${BENCH_PG_PORT:-17432} -c listen_addresses=127.0.0.1 -c unix_socket_directories='$cluster/data'" >"$out/pg_ctl.log"
  trap 'finish; asowner pg_ctl -D "$cluster/data" -m fast -w stop >/dev/null; rm -rf "$cluster"' EXIT
  export BENCH_DATABASE=postgresql://postgres@127.0.0.1:${BENCH_PG_PORT:-17432}/postgres
fi

say "Backstage: from files to all visible"
export BENCH_BACKSTAGE_PORT=${BENCH_BACKSTAGE_PORT:-17007} BENCH_CATALOG=$out/files/root.yaml
(cd "$backstage" && NODE_ENV=production LOG_LEVEL=info exec "$node" index.js --config app-config.yaml) >"$out/backstage.log" 2>&1 &
started+=($!)
load -base "http://127.0.0.1:$BENCH_BACKSTAGE_PORT" -only "^$" 2>&1 >/dev/null | tee "$out/backstage.txt" >&2
if [ -n "$cluster" ]; then # what a settled server's autovacuum would have done
  psql -q -h 127.0.0.1 -p "${BENCH_PG_PORT:-17432}" -U postgres -d callboard_bench_catalog -c 'VACUUM ANALYZE'
fi
load -base "http://127.0.0.1:$BENCH_BACKSTAGE_PORT" -name Backstage -json "$out/backstage.json" >/dev/null
memory "${started[-1]}" | tee -a "$out/backstage.txt" >&2
stop

say "Callboard: from files to all visible"
rm -rf "$out/compared"
printf 'catalog:\n  locations:\n    - {type: file, target: "%s", rules: [{allow: [Component, API, Resource, System, Domain, Group, User, Location]}]}\n' "$out/files/root.yaml" >"$out/callboard.yaml"
start "$out/callboard.log" "$tools/callboard" serve --config "$out/callboard.yaml" --data "$out/compared" --listen "$portal"
load -base "http://$portal" -only "^$" 2>&1 >/dev/null | tee "$out/callboard.txt" >&2
load -base "http://$portal" -token "$out/compared/token" -name Callboard -json "$out/callboard.json" >/dev/null
memory "${started[-1]}" | tee -a "$out/callboard.txt" >&2
stop

say "$size entities; both in bench/out/$size"
"$tools/table" "$out/callboard.json" "$out/backstage.json"
