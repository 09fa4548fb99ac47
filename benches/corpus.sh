# Shared by the scripts that source it: trees to hash, which are created once and kept, and the build of the program.

# Relative paths are the caller's, so they are made absolute before the directory changes.
corpus=$(realpath -m "${HIVESUM_CORPUS:-/var/tmp/hivesum-corpus}")
given=${HIVESUM_BIN:+$(realpath "$HIVESUM_BIN")}
cores=$(nproc)
readonly corpus given cores
# Files changed within the last minute are probed for writers, unlike those of an archive.
readonly settled_after=61

say() { printf '%s\n' "$*" >&2; }

# make_tree DIR FILES: that many files in 4,096 directories. Sizes are log-normal: median 3 KB, at most 200 KB, about
# 6.1 KB on average. The generator is Lehmer's (16807 modulo 2^31 - 1, exact in awk's doubles), so that sizes are the
# same on every machine.
make_tree() {
  local home=$1 files=$2
  [[ -d $home ]] && return
  say "making $home"
  rm -rf "$home.part"
  mkdir -p "$home.part"
  (cd "$home.part" && seq 0 4095 | awk '{ printf "%02x/%02x\n", int($1 / 64), $1 % 64 }' | xargs mkdir -p)
  # Text, because awk cannot write NUL. Each file begins with its number, so no two are equal.
  head -c 300000 /dev/urandom | base64 -w 0 |
    awk -v files="$files" -v home="$home.part" '
      function draw() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
      { pool = $0 }
      END {
        seed = 20240229
        for (number = 0; number < files; number++) {
          normal = sqrt(-2 * log(draw())) * cos(6.283185307179586 * draw())
          size = int(3000 * exp(1.2 * normal))
          if (size > 200000) size = 200000
          if (size < 7) size = 7
          leaf = number % 4096
          path = sprintf("%s/%02x/%02x/file-%04d.dat", home, int(leaf / 64), leaf % 64, int(number / 4096))
          printf "%06d\n%s", number, substr(pool, 1 + int(draw() * 190000), size - 7) > path
          close(path)
        }
      }'
  mv "$home.part" "$home"
}

# make_medium DIR: 2,000 files of 0.3 to 3 MB, evenly, in 40 directories. Sizes are the same on every machine.
make_medium() {
  local home=$1 path size
  [[ -d $home ]] && return
  say "making $home"
  rm -rf "$home.part"
  mkdir -p "$home.part"/{00..39}
  while read -r path size; do
    head -c "$size" /dev/urandom >"$home.part/$path"
  done < <(awk 'BEGIN {
    seed = 20240229
    for (number = 0; number < 2000; number++) {
      seed = (seed * 16807) % 2147483647
      printf "%02d/photo-%04d.dat %d\n", number % 40, number, 300000 + 2700000 * seed / 2147483647
    }
  }')
  mv "$home.part" "$home"
}

# make_even DIR DIRECTORIES FILES: files of 100 to 900 bytes in directories of equal size, each its number and random text.
make_even() {
  local home=$1
  [[ -d $home ]] && return
  say "making $home"
  rm -rf "$home.part"
  python3 - "$home.part" "$2" "$3" <<'PYTHON'
import os, random, sys
home, directories, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(20240229)
for number in range(files):
    directory = os.path.join(home, f'{number % directories:06}')
    if number < directories:
        os.makedirs(directory)
    with open(os.path.join(directory, f'file-{number // directories:06}.dat'), 'wb') as out:
        out.write(b'%06d\n' % number + draw.randbytes(draw.randrange(93, 894)))
PYTHON
  mv "$home.part" "$home"
}

# make_many DIR: 1,000,000 files of 11 bytes in 1,000 directories, each its number.
make_many() {
  local home=$1
  [[ -d $home ]] && return
  say "making $home"
  rm -rf "$home.part"
  python3 - "$home.part" <<'PYTHON'
import os, sys
for number in range(1000):
    directory = os.path.join(sys.argv[1], f'{number:03}')
    os.makedirs(directory)
    for file in range(1000):
        with open(os.path.join(directory, f'file-{file:03}.dat'), 'w') as out:
            out.write(f'{number * 1000 + file:010}\n')
PYTHON
  mv "$home.part" "$home"
}

# wait_until_settled PATH...: until none of these counts as recently changed.
wait_until_settled() {
  local age left
  age=$(($(date +%s) - $(find "$@" -maxdepth 0 -printf '%C@\n' | sort -n | tail -n 1 | cut -d . -f 1)))
  left=$((settled_after - age))
  if ((left > 0)); then
    say "waiting $left s until no file counts as recently changed"
    sleep "$left"
  fi
}

# Sets `hivesum` to the program, and builds it unless HIVESUM_BIN names one.
build() {
  hivesum=$given
  if [[ -z $hivesum ]]; then
    cargo build --release --bin hivesum >&2
    hivesum=${CARGO_TARGET_DIR:-target}/release/hivesum
  fi
}
