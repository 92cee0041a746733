#!/bin/sh
# Asks the database that load.py filled. URL names the server, by default redis://127.0.0.1:6379.
set -eu

usage() {
  cat <<'END'
usage: lookup.sh COMMAND

  show NAME          the whole control record
  version NAME...    versions, one a line
  size NAME          the size of the package in bytes
  names PATTERN      names that match a glob pattern
  counts PATTERN     how many packages the matching sections and tags have, most first
  find SET...        names of the packages that are in every SET; a SET is section:S or tag:T
END
}

cli() { redis-cli -u "${URL:-redis://127.0.0.1:6379}" "$@"; }

# values PREFIX SUFFIX: reads names, prints the name and the value of the key around it.
values() {
  names=$(cat)
  [ -n "$names" ] || return 0
  printf '%s\n' "$names" | sed "s|.*|GET \"$1&$2\"|" | cli | paste - /dev/fd/3 3<<END
$names
END
}

find_in_all() {
  result=found:$$
  bytes=$(cli BITOP AND "$result" "$@")
  # The bitmap as one number a byte; each bit that is set becomes a request for a name.
  cli GET "$result" | head -c "$bytes" | od -An -v -w1 -tu1 | awk '{
    for (bit = 0; bit < 8; bit++)
      if (int($1 / 2 ^ (7 - bit)) % 2) print "GET id:" (NR - 1) * 8 + bit
  }' | cli
  cli DEL "$result" >/dev/null
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
  show) cli GET "package:$1" ;;
  version) for name in "$@"; do printf '%s\n' "$name"; done | values package: :version ;;
  size) cli GET "package:$1:size" ;;
  names) cli --scan --pattern "package:$1:id" | sed 's/^package://; s/:id$//' | sort ;;
  counts) cli --scan --pattern "count:$1" | sed 's/^count://' | values count: '' | sort -rn ;;
  find) find_in_all "$@" ;;
  *) usage >&2; exit 2 ;;
esac
