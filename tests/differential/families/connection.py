"""What a client library says about its own connection: PING, HELLO, AUTH, CLIENT; and nonsense."""

from grammar import (
    Family, as_integer, either, group, key, maybe, noise, one_of, options, repeat, row, text, value,
    word,
)  # fmt: skip

_UNKNOWN = [
    b"foo", b"GETT", b"", b"\x00", b"a b", b"x" * 200, b"s\xc3\xa9t", b"set\r\n", b"'", b'"',
    b"config|get", b"%s", b"HGETT", b"flushdbb",
]  # fmt: skip


def _unknown_name(rng, out):
    out[:] = [_UNKNOWN[int(rng.random() * len(_UNKNOWN))]]


any_args = repeat(0, 4, one_of(value, key, text))
unknown_subcommand = word("FOO", "", "GETT", "help me", "x" * 150)

_bad_name = word("with space", "new\nline", "caf\u00e9", "a!~b")
_name = one_of(word("alice", "bob", ""), _bad_name)
_good_version = word("2", "3")
_bad_version = word("4", "0", "-1", "abc", "", "9223372036854775808", "2.0")
_hello_auth = group(word("AUTH"), word("default", "nobody"), word("secret", ""))
_hello_options = options(group(word("SETNAME"), _name), _hello_auth, word("FOO"))

_list_type = group(word("TYPE"), word("foo", "master", "replica", ""))
_list_id = group(word("ID"), word("0", "abc", "-1", "99999999"))
_kill_filter = one_of(
    group(word("ID"), word("99999999", "abc", "-1", "0")),
    group(word("TYPE"), word("foo", "master")),
    group(word("USER"), word("nobody")),
    group(word("ADDR"), word("1.2.3.4:5")),
    group(word("SKIPME"), word("foo")),
    word("FOO"),
)
_kill = either(0.3, word("1.2.3.4:5", "foo", ""), repeat(1, 2, _kill_filter))
_bad_pause = word("abc", "-1", "", "1.5")

ROWS = [
    row(2, "PING", maybe(0.5, value)),
    row(2, "ECHO", value),
    row(
        1.5,
        "HELLO",
        maybe(0.9, either(0.7, _good_version, _bad_version), maybe(0.3, _hello_options)),
    ),
    row(1, "AUTH", word("secret", "default", ""), maybe(0.5, word("pass", ""))),
    row(0.2, "RESET"),
    row(0.1, "READONLY"),
    row(1, "CLIENT", word("SETNAME"), _name),
    row(1, "CLIENT", word("GETNAME")),
    row(0.6, "CLIENT", word("ID", "INFO")),
    row(0.3, "CLIENT", word("REPLY"), word("ON", "OFF", "SKIP", "FOO")),
    row(0.3, "CLIENT", word("NO-EVICT"), word("ON", "OFF", "FOO")),
    row(0.3, "CLIENT", word("GETREDIR", "TRACKINGINFO", "UNPAUSE", "HELP")),
    row(0.3, "CLIENT", word("LIST"), either(0.6, _list_type, _list_id), maybe(0.1, noise)),
    row(0.3, "CLIENT", word("KILL"), _kill),
    row(0.2, "CLIENT", word("PAUSE"), _bad_pause, maybe(0.4, word("WRITE", "ALL", "FOO"))),
    row(0.2, "CLIENT", word("UNBLOCK"), word("99999999", "abc"), maybe(0.5, word("ERROR", "FOO"))),
    row(0.3, "CLIENT", unknown_subcommand, any_args),
    row(2, "(unknown)", _unknown_name, any_args),
]


def _forbidden(args):
    if args[0] != b"CLIENT" or len(args) < 3 or args[1].upper() != b"PAUSE":
        return False
    return (as_integer(args[2]) or 0) > 0


FAMILY = Family("connection", ROWS, _forbidden, requires=("PING",))
