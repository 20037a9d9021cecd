#!/usr/bin/env bash
# The long stress tests: `npm run test:stress`, or for a short one `npm run test:stress -- --seconds 20`.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = --seconds ]; then
  export RING_STRESS_SECONDS="$2"
  shift 2
fi
exec npx vitest run --project stress "$@"
