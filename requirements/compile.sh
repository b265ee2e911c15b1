#!/bin/sh
# Compiles the hash locks. They name no registry: whoever installs decides where packages come from.
set -eu
cd "$(dirname "$0")/.."
flags="--quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate"
# shellcheck disable=SC2086
uv pip compile $flags --extra build --extra app pyproject.toml -o requirements/run.txt "$@"
# shellcheck disable=SC2086
uv pip compile $flags --extra build --extra app --extra dev pyproject.toml -o requirements/dev.txt "$@"
# PySpark with what it needs, apart from the others: 430 MB that only tests of Spark want.
# shellcheck disable=SC2086
sed -n '/^  "pyspark/s/[", ]//gp' pyproject.toml | uv pip compile $flags - -o requirements/spark.txt "$@"
