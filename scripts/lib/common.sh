# What every script needs: where things are, the Debian packages, the build.
# Sourced by bash; leaves the shell in the project's root folder.

set -euo pipefail

# Relative paths that the user gives are relative to here.
caller=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# Each preset builds in a folder of its own below this one.
builds=$(cd "$caller" && realpath -m "${QUANTX_BUILD_DIR:-$root/build}")
mkdir -p "$builds"

build_packages=(llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools
  libgtest-dev libbenchmark-dev ninja-build cmake g++ libomp-22-dev python3)
lint_packages=(clang-14 libclang-rt-14-dev clang-format clang-tidy)

say() { printf '== %s\n' "$*"; }

die() {
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# jobs: how many compilers run at once. A file that includes MLIR takes about
# 1 GiB to compile, so memory can be the limit before the cores are.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  if ((memory < cores)); then cores=$((memory > 0 ? memory : 1)); fi
  echo "$cores"
}

# install_packages NAME...: installs those that are missing, and touches
# nothing when none is.
install_packages() {
  local missing=() name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "not a Debian system, so nothing is installed; the build needs what" \
      "these packages hold: $*" >&2
    return
  fi
  for name in "$@"; do
    if [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  local sudo=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "these packages are missing, and neither root nor sudo is there to install them: ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o DPkg::Lock::Timeout=120)
  "${apt[@]}" update </dev/null ||
    die "apt-get update failed, so these packages could not be installed: ${missing[*]}"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null ||
    die "could not install ${missing[*]}; Debian 12 has them in its security archive (bookworm-security)"
}

# Options of CMake that `build` adds to the preset's.
configure_options=()

# build PRESET [TARGET...]: configures and builds; the folder is $builds/PRESET.
build() {
  local preset=$1 folder=$builds/$1
  shift
  say "building in ${folder#"$root"/}"
  cmake --preset "$preset" -B "$folder" "${configure_options[@]}" </dev/null >"$builds/$preset-configure.log" 2>&1 || {
    cat "$builds/$preset-configure.log" >&2
    die "cmake failed"
  }
  cmake --build "$folder" --parallel "$(jobs)" ${1:+--target "$@"} </dev/null ||
    die "the build failed"
}

# sources: the C++ files that are ours, one a line.
sources() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    # New files too, before they are added.
    git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h'
  else
    find benchmark examples include lib test tools -name '*.cpp' -o -name '*.h'
  fi
}
