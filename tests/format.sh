#!/bin/sh
# Fails when clang-format would change a source; `tests/format.sh --fix` changes them.  It
# depends on the version (14, as on Debian 12), which setup.sh installs.
tool=$(command -v clang-format-14 || command -v clang-format) || {
    echo "skipped: no clang-format"
    [ -z "$CI" ] && exit 77
    exit 1
}
files=$(find src include kernel tests -name '*.[ch]' 2>/dev/null | sort)
if [ "$1" = --fix ]; then
    exec "$tool" -i $files
fi
bad=$(for file in $files; do "$tool" --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"; done)
[ -z "$bad" ] || { printf '%s\n' "$bad" "not formatted: tests/format.sh --fix"; exit 1; }
