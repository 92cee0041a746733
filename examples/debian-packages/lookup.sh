#!/bin/sh
# Asks the database that load.py filled. URL names the server, by default redis://127.0.0.1:6379.
set -eu

usage() {
  cat <<'END'
usage: lookup.sh COMMAND

  show NAME          the control record
  version NAME...    versions, one a line
  names PATTERN      names that match a glob pattern
  largest [N]        the N (10) largest packages, with their installed sizes in KiB
  needs NAME         what the package depends on
  common NAME...     what all of the packages depend on
  users NAME [KIB]   what depends on the package and takes at least KIB (0), largest first
  counts PATTERN     how many packages the matching sections and tags have, most first
  find SET...        names of the packages that are in every SET; a SET is section:S or tag:T
END
}

cli() { redis-cli -u "${URL:-redis://127.0.0.1:6379}" "$@"; }

# redis-cli prints an empty list as an empty line.
nonempty() { sed '/^$/d'; }

# Turns lines of names, each followed by a line with its number, into "number<TAB>name".
numbers_first() { nonempty | paste - - | awk -F '\t' -v OFS='\t' '{ print $2, $1 }'; }

versions() {
  for name in "$@"; do
    printf 'HGET "pkg:%s" Version\n' "$name"
  done | cli | paste - /dev/fd/3 3<<END
$(printf '%s\n' "$@")
END
}

# The sorted set of sizes, reduced to the members of a set: a set counts as scores of 1 there, and
# the weights take its part out of the sums.
users() {
  result=users:$$
  cli ZINTERSTORE "$result" 2 "rdeps:$1" sizes WEIGHTS 0 1 >/dev/null
  cli ZRANGE "$result" +inf "${2:-0}" BYSCORE REV WITHSCORES | numbers_first
  cli UNLINK "$result" >/dev/null
}

counts() {
  cli ZRANGE counts 0 -1 REV WITHSCORES | numbers_first | while read -r count group; do
    # shellcheck disable=SC2254  # the pattern is one
    case $group in $1) printf '%s\t%s\n' "$count" "$group" ;; esac
  done
}

find_in_all() {
  result=found:$$
  bytes=$(cli BITOP AND "$result" "$@")
  # The bitmap as one number a byte; the numbers of the set bits make one request for names.
  cli GET "$result" | head -c "$bytes" | od -An -v -w1 -tu1 | awk '{
    for (bit = 0; bit < 8; bit++)
      if (int($1 / 2 ^ (7 - bit)) % 2) numbers = numbers " " (NR - 1) * 8 + bit
  } END { if (numbers != "") print "HMGET names" numbers }' | cli
  cli UNLINK "$result" >/dev/null
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
  show) cli HGETALL "pkg:$1" | paste -d : - - | sed 's/:/: /' ;;
  version) versions "$@" ;;
  names) cli --scan --pattern "pkg:$1" | sed 's/^pkg://' | sort ;;
  largest) cli ZRANGE sizes 0 $((${1:-10} - 1)) REV WITHSCORES | numbers_first ;;
  needs) cli SMEMBERS "deps:$1" | nonempty | sort ;;
  common)
    keys=$(printf 'deps:%s ' "$@")
    # shellcheck disable=SC2086  # package names have no spaces
    cli SINTER $keys | nonempty | sort
    ;;
  users) users "$@" ;;
  counts) counts "$1" ;;
  find) find_in_all "$@" ;;
  *) usage >&2; exit 2 ;;
esac
