#!/usr/bin/env bash
# Installs and compiles what the interop peers need. Does only what is still missing, so that it may
# run before every test run. Needs root where packages are missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache="$here/.cache"
mkdir -p "$cache/java" "$cache/c"

packages=()
command -v javac > /dev/null || packages+=(openjdk-17-jdk-headless)
command -v mvn > /dev/null || packages+=(maven)
command -v gcc > /dev/null || packages+=(gcc libc6-dev)
command -v python3 > /dev/null || packages+=(python3)
python3 -m pip --version > /dev/null 2>&1 || packages+=(python3-pip)
[ -e /usr/include/zookeeper/zookeeper.h ] || packages+=(libzookeeper-mt-dev)
if [ ${#packages[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null
fi

kazoo_version=2.11.0
if [ ! -d "$cache/python/kazoo" ]; then
  rm -rf "$cache/python.partial"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --target "$cache/python.partial" "kazoo==$kazoo_version"
  mv "$cache/python.partial" "$cache/python"
fi

fetch_jars="$here/../../native-free-bench/apache/fetch-jars.sh"
client_jars=$(bash "$fetch_jars" 3.9.5)
bash "$fetch_jars" 3.8.6 > /dev/null
bash "$fetch_jars" 3.8.0 > /dev/null

if [ "$here/java/InteropPeer.java" -nt "$cache/java/InteropPeer.class" ]; then
  javac -Xlint:all,-processing,-path,-classfile -d "$cache/java" -cp "$client_jars/*" \
    "$here/java/InteropPeer.java"
fi

if [ "$here/c/interop_peer.c" -nt "$cache/c/interop_peer" ]; then
  gcc -std=gnu11 -O1 -Wall -Wextra -Werror -DTHREADED -o "$cache/c/interop_peer" \
    "$here/c/interop_peer.c" -lzookeeper_mt -lpthread
fi
