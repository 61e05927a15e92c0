#!/usr/bin/env bash
# try.sh STRIPELAKE DIR: has dbt, at the pinned version, parse what `schema export
# dbt` writes, run its tests on a demo lake, and judge its freshness.
set -euo pipefail
stripelake=$1 dir=$2
if [ ! -x "$dir/venv/bin/dbt" ]; then
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.10.15 dbt-duckdb==1.10.0
fi
rm -rf "$dir/lake" "$dir/project"
mkdir -p "$dir/project/models"
"$stripelake" demo --lake "$dir/lake" --charges 5000 >/dev/null
"$stripelake" schema export dbt --out "$dir/project/models/sources.yml"
cat >"$dir/project/dbt_project.yml" <<PROJECT
name: check
profile: check
model-paths: [models]
PROJECT
cat >"$dir/project/profiles.yml" <<PROFILES
check: {target: dev, outputs: {dev: {type: duckdb, path: check.duckdb, attach: [{path: $dir/lake/current/warehouse.duckdb, alias: stripe, read_only: true}]}}}
PROFILES
cd "$dir/project"
export DBT_SEND_ANONYMOUS_USAGE_STATS=false
../venv/bin/dbt --no-use-colors --warn-error parse --profiles-dir .
../venv/bin/dbt --no-use-colors --quiet test --profiles-dir . --warn-error
../venv/bin/dbt --no-use-colors --quiet source freshness --profiles-dir .
echo "dbt: parsed, tested and fresh"
