#!/usr/bin/env bash
# install.sh DIR: puts into DIR what `make readers` reads lakes with, at pinned
# versions with checked hashes: a virtual environment by each requirements file
# beside this one, and DuckDB's JDBC driver. What is there already stays.
set -euo pipefail
cd "$(dirname "$0")"
dir=$1
mkdir -p "$dir"
jdbc=2.0.0.0
jdbc_sha256=5170daa90a43296705127ef3c80834ba1cd275ec9d765a9f7eee346ab0087186

fail() {
  echo "readers: $*"
  exit 1
}

have() {
  python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' &&
    command -v java && command -v javac && command -v mvn
}

packages="python3-venv default-jdk-headless maven"
if ! have >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -q
  # shellcheck disable=SC2086 # several words
  apt-get install -yq --no-install-recommends $packages
fi
have >/dev/null 2>&1 ||
  fail "install Python 3.11 or later with venv, a JDK of 17 or later and Maven, for instance: sudo apt-get install $packages"

# Its requirements are copied into an environment when all of them are there: a new
# pin, or another Python, makes it anew.
for requirements in python.txt duckdb-1.4.txt; do
  environment="$dir/${requirements%.txt}"
  cmp -s <(python3 -V | cat - "$requirements") "$environment/made-of" && continue
  echo "readers: fetching what testdata/readers/$requirements pins"
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$requirements" ||
    fail "pip cannot install testdata/readers/$requirements with $(python3 -V): it needs a package index, and wheels for this system"
  python3 -V | cat - "$requirements" >"$environment/made-of"
done

jar="$dir/duckdb_jdbc-$jdbc.jar"
[ -e "$jar" ] ||
  mvn -q -B -U org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="org.duckdb:duckdb_jdbc:$jdbc" -DoutputDirectory="$dir" >"$dir/maven.log" 2>&1 ||
  fail "Maven cannot fetch org.duckdb:duckdb_jdbc:$jdbc: see $dir/maven.log"
python3 -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' "$jar" "$jdbc_sha256" ||
  fail "$jar has another SHA-256 than $jdbc_sha256: remove it to download it again"
ln -sf "${jar##*/}" "$dir/duckdb_jdbc.jar"
