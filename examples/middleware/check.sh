#!/usr/bin/env bash
# Runs the example, and compares what it prints.
set -euo pipefail
diff <(timeout 60 "$1/middleware") expected.txt
echo "middleware: as expected"
