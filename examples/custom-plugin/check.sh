#!/usr/bin/env bash
# Runs the example, and compares what it prints.
set -euo pipefail
diff <(timeout 60 "$1/custom-plugin") expected.txt
echo "custom-plugin: as expected"
