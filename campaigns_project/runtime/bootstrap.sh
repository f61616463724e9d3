#!/bin/sh
# Make .venv and install the requirements; nothing to do takes no time. Usage: bootstrap.sh [--dev]
set -eu
cd "$(dirname "$0")/../.."

mode=run
files=requirements.txt
case "${1:-}" in
    "") ;;
    --dev) mode=dev files="requirements.txt requirements-dev.txt" ;;
    *) echo "usage: bootstrap.sh [--dev]" >&2; exit 2 ;;
esac

export PIP_USER=0 # pip refuses to install into an environment while a user's configuration says otherwise

venv_python=.venv/bin/python
stamp=.venv/.installed    # what was installed, by which Python
making=.venv/.incomplete  # there while we work: after an interruption everything is made anew
log="${VAR_DIR:-var}/log/setup.log"

say() { echo "set-up: $*"; }

# 3.12 or newer, and able to make an environment: Debian's python3 is not without its package python3-venv.
good() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }

# Prints the command of a good Python. Each one is run before it is believed: shims exist that only fail.
find_python() {
    wanted=$(cat .python-version)
    # pyenv's own folders and not its shims, which ask HOME for a configuration that may not be there.
    for root in "${PYENV_ROOT:-}" "$(pyenv root 2>/dev/null || true)" "${HOME:-}/.pyenv"; do
        for candidate in "$root"/versions/"$wanted"/bin/python "$root"/versions/"$wanted".*/bin/python; do
            if [ -n "$root" ] && good "$candidate"; then echo "$candidate"; return; fi
        done
    done
    for candidate in "python$wanted" python3.13 python3.14 python3.12 python3 python; do
        if good "$candidate"; then command -v "$candidate"; return; fi
    done
    return 1
}

give_up() {
    cat >&2 <<'END'
error: No Python 3.12 or newer was found that can make a virtual environment. Any one of these gives you one:
  Debian, Ubuntu   sudo apt install python3 python3-venv     (Debian 13, Ubuntu 24.04 or newer)
  Fedora           sudo dnf install python3
  macOS            brew install python@3.13
  pyenv            pyenv install 3.13
  uv               curl -LsSf https://astral.sh/uv/install.sh | sh
Then run the same command again.
END
    exit 1
}

failed() {
    echo "error: $1 failed. The end of $log:" >&2
    tail -n 25 "$log" >&2
    exit 1
}

fingerprint() {
    # shellcheck disable=SC2086  # the files are separate words
    echo "$1 $(cat $2 | cksum) $("$venv_python" -c 'import sys; print(sys.version)' | tr '\n' ' ')"
}

installed() {
    [ -f "$stamp" ] && [ ! -f "$making" ] || return 1
    if [ "$mode" = run ] && [ "$(cat "$stamp")" = "$(fingerprint run requirements.txt)" ]; then return 0; fi
    [ "$(cat "$stamp")" = "$(fingerprint dev 'requirements.txt requirements-dev.txt')" ]
}

make_environment() {
    if python=$(find_python); then
        say "making .venv with $("$python" -V 2>&1) ($python)"
        rm -rf .venv
        "$python" -m venv .venv >>"$log" 2>&1 || failed "Making .venv with $python"
    elif command -v uv >/dev/null 2>&1; then
        say "making .venv with uv and Python $(cat .python-version)"
        rm -rf .venv
        uv venv --seed --python "$(cat .python-version)" .venv >>"$log" 2>&1 || failed "Making .venv with uv"
    else
        give_up
    fi
}

usable() { good "$venv_python" && "$venv_python" -m pip --version >/dev/null 2>&1 && [ ! -f "$making" ]; }

if [ -x "$venv_python" ] && good "$venv_python" && installed; then exit 0; fi

mkdir -p "$(dirname "$log")"
: >"$log"
usable || make_environment
: >"$making"
say "installing the requirements (the first time takes a minute or two)"
"$venv_python" -m pip install --disable-pip-version-check --no-input -r "${files##* }" >>"$log" 2>&1 ||
    failed "Installing the requirements"
fingerprint "$mode" "$files" >"$stamp"
rm -f "$making"
say "done"
