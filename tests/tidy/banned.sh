#!/bin/sh
# Fails on calls that cut texts, lose errors or are not for threads, and on words that have no place in
# the project's texts.
calls='strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|strtok|rand|srand|gets|alloca|scanf|system|tmpnam|gmtime|localtime|setjmp|longjmp'
bad=0
found=$(grep -nEw "($calls) *\(" -r src kernel --include='*.[ch]' 2>/dev/null | grep -vE ':[0-9]+: *(\*|/\*|//)') && {
    printf '%s\n' "$found" "banned call: use the bounded or re-entrant one"
    bad=1
}
found=$(grep -nE '(/work/|/home/|/tmp/h/|issue #?[0-9])' -r src include kernel docs tests README.md CONTRIBUTING.md \
    --include='*.[ch]' --include='*.md' --include='*.py' --include='*.cf' --include='*.txt' 2>/dev/null) && {
    printf '%s\n' "$found" "a path or number of one workplace"
    bad=1
}
exit $bad
