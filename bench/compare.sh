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
  trap 'finish; rm -rf "$cluster"' EXIT
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

export BENCH_BACKSTAGE_PORT=${BENCH_BACKSTAGE_PORT:-17007} BENCH_CATALOG=$out/files/root.yaml
base=http://127.0.0.1:$BENCH_BACKSTAGE_PORT
say "Backstage: from files to all visible"
begun=$SECONDS
NODE_ENV=production start "$out/backstage.log" within "$backstage" "$node" index.js --config app-config.yaml
visible "$base"
echo "Backstage: all visible after $((SECONDS - begun)) s" | tee "$out/compare.txt" >&2
if [ -n "$cluster" ]; then # what the autovacuum of a server that has settled would have done
  psql -q -h 127.0.0.1 -p "${BENCH_PG_PORT:-17432}" -U postgres -d callboard_bench_catalog -c 'VACUUM ANALYZE'
fi
measure Backstage "$base" "$out/backstage.json"
echo "Backstage, without PostgreSQL: $(memory "${started[-1]}")" | tee -a "$out/compare.txt" >&2
stop

say "Callboard: from files to all visible"
rm -rf "$out/compared"
cat >"$out/callboard.yaml" <<END
catalog:
  locations:
    - {type: file, target: "$out/files/root.yaml", rules: [{allow: [Component, API, Resource, System, Domain, Group, User, Location]}]}
END
begun=$SECONDS
start "$out/callboard.log" "$tools/callboard" serve --config "$out/callboard.yaml" --data "$out/compared" --listen "$portal"
visible "http://$portal"
echo "Callboard: all visible after $((SECONDS - begun)) s" | tee -a "$out/compare.txt" >&2
measure Callboard "http://$portal" "$out/callboard.json" -token "$out/compared/token"
echo "Callboard: $(memory "${started[-1]}")" | tee -a "$out/compare.txt" >&2
stop

say "$size entities; the figures are in $out"
"$tools/table" "$out/callboard.json" "$out/backstage.json"
