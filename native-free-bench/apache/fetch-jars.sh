#!/usr/bin/env bash
# Brings the jars of one version of Apache ZooKeeper from Maven Central, with the machine's own
# Maven, into a git-ignored cache, and prints the directory. Does nothing when they are there.
# Usage: fetch-jars.sh 3.9.5
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$1
directory="$here/../.cache/apache/$version"
# The logging of 3.8.0 stands on slf4j 1.7, that of later releases on slf4j 2.
case $version in
  3.8.0) logback=1.2.10 ;;
  *) logback=1.3.15 ;;
esac

if [ ! -d "$directory" ]; then
  # Beside the final directory first, so that a run cut short leaves no half of it.
  partial="$directory.$$.partial"
  mkdir -p "$partial"
  mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
    "-Dzookeeper.version=$version" "-Dlogback.version=$logback" "-DoutputDirectory=$partial" >&2
  mv -T "$partial" "$directory" 2> /dev/null || rm -rf "$partial"
fi
(cd "$directory" && pwd)
