#!/bin/sh
# Fails when a source is in no library, a folder of src/ says nothing about itself, a built header is included
# by nobody, or a file is much too large to be one thought.
bad=0
for folder in src/*/; do
    name=$(basename "$folder")
    [ -n "$(ls "$folder"*.c 2>/dev/null)" ] || continue
    [ -f "$folder/README.md" ] || { echo "$folder has no README.md"; bad=1; }
    [ "$name" = cli ] || [ "$name" = mkevents ] || [ "$name" = executor ] || grep -q "cf_module($name\b" CMakeLists.txt || { echo "$folder is in no library"; bad=1; }
done
for header in $(find src kernel include -name '*.h' -o -name '*.def' 2>/dev/null); do
    base=$(basename "$header")
    grep -rqE "#include \"([a-z_]+/)?$base\"" src include kernel tests --include='*.[chf]' --include='*.def' ||
        { echo "$header is included by no file"; bad=1; }
done
find src kernel include -name '*.[ch]' -size +64k 2>/dev/null | while read -r file; do
    echo "$file is larger than 64 kB: it is more than one thought"
    exit 1
done || bad=1
exit $bad
