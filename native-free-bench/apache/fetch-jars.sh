#!/usr/bin/env bash
# Brings the jars of one version of Apache ZooKeeper from Maven Central, with the machine's own
# Maven, into a git-ignored cache, and prints the directory. Does nothing when they are there.
# Usage: fetch-jars.sh 3.9.5
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$1
directory="$here/../.cache/apache/$version"

if [ ! -d "$directory" ]; then
  # Beside the final directory first, so that a run cut short leaves no half of it.
  partial="$directory.$$.partial"
  mkdir -p "$partial"
  mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
    "-Dzookeeper.version=$version" "-DoutputDirectory=$partial" >&2
  mv -T "$partial" "$directory" 2> /dev/null || rm -rf "$partial"
fi
(cd "$directory" && pwd)
