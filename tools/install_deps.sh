#!/bin/bash
# Installs what building and testing quire needs, from Debian 12's packages. Does nothing when all of it
# is there already. Usage: tools/install_deps.sh
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config ccache git curl ca-certificates
  libboost1.81-dev nlohmann-json3-dev libtbb-dev libspdlog-dev libcli11-dev libpcre2-dev
  libutf8proc-dev prometheus-cpp-dev libxxhash-dev libssl-dev
  opencl-headers ocl-icd-opencl-dev pocl-opencl-icd libclblast-dev oclgrind
  libgtest-dev libgmock-dev libbenchmark-dev
  python3 python3-venv
)

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "dependencies: all installed"
  exit 0
fi

as_root=()
((EUID == 0)) || as_root=(sudo)
echo "dependencies: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
