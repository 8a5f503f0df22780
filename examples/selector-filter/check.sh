#!/usr/bin/env bash
# Runs the example, and compares what it prints.
set -euo pipefail
diff <(timeout 60 "$1/selector-filter") expected.txt
echo "selector-filter: as expected"
