# sh build.sh CARGO PROGRAM: compiles the guest with the command CARGO, without a network, beside PROGRAM. The crates are
# those of Debian's packages (librust-tokio-dev), if there are any, otherwise those that cargo has downloaded before.
# Compiling tokio takes most of the time; with $CARGO_TARGET_DIR it is kept there.
cargo=$1 program=$2 crates=/usr/share/cargo/registry
cp "$(dirname "$0")/Cargo.toml" "$(dirname "$0")/scan.rs" "$(dirname "$program")" && cd "$(dirname "$program")" || exit
target=${CARGO_TARGET_DIR:-target}
set -- build --offline --release --quiet --target-dir "$target"
if [ -d "$crates" ]; then
  set -- "$@" --config 'source.crates-io.replace-with="debian"' --config "source.debian.directory=\"$crates\""
fi
"$cargo" "$@" 2>log || { grep -m 1 '^error' log >&2; exit 1; }
cp "$target/release/scan" "$program"
