"""Commands and replies as people read them: redis-cli's quoting, a rendering with types."""

_ESCAPES = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8}
_NAMED = {10: "\\n", 13: "\\r", 9: "\\t", 7: "\\a", 8: "\\b", 34: '\\"', 92: "\\\\"}


def split_args(line):
    """Splits a command line as redis-cli does, with "escapes\\n" and 'single quotes'."""
    data = line.encode("utf-8") if isinstance(line, str) else line
    args, i = [], 0
    while True:
        while i < len(data) and data[i : i + 1].isspace():
            i += 1
        if i == len(data):
            return args
        arg = bytearray()
        while i < len(data) and not data[i : i + 1].isspace():
            quote = data[i : i + 1]
            if quote == b'"':
                i = _double_quoted(data, i + 1, arg)
            elif quote == b"'":
                i = _single_quoted(data, i + 1, arg)
            else:
                arg += quote
                i += 1
        args.append(bytes(arg))


def _double_quoted(data, i, out):
    while data[i : i + 1] != b'"':
        if i >= len(data):
            raise ValueError(f"unbalanced quotes: {data!r}")
        if data[i : i + 2] == b"\\x":
            out.append(int(data[i + 2 : i + 4], 16))
            i += 4
        elif data[i : i + 1] == b"\\":
            name = chr(data[i + 1])
            out.append(_ESCAPES.get(name, data[i + 1]))
            i += 2
        else:
            out.append(data[i])
            i += 1
    return i + 1


def _single_quoted(data, i, out):
    while data[i : i + 1] != b"'":
        if i >= len(data):
            raise ValueError(f"unbalanced quotes: {data!r}")
        if data[i : i + 2] == b"\\'":
            i += 1
        out.append(data[i])
        i += 1
    return i + 1


def quote(data):
    """A bulk string in double quotes, every byte that is not printable ASCII escaped."""
    return (
        '"'
        + "".join(
            _NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
            for byte in data
        )
        + '"'
    )


def quote_command(args, limit=200):
    """A command line that split_args reads back; arguments longer than `limit` are shortened."""
    words = []
    for arg in args:
        if not isinstance(arg, bytes):
            arg = str(arg).encode()
        safe = arg and all(33 <= byte < 127 and byte not in b"\"'\\" for byte in arg)
        shown = arg if len(arg) <= limit else arg[: limit // 2]
        word = shown.decode() if safe else quote(shown)
        words.append(word if len(arg) <= limit else f"{word}...({len(arg)} bytes)")
    return " ".join(words)


def _line(data):
    """A simple string or error, escaped unless printable; a last space shows as \\x20."""
    text = data.decode("ascii") if all(32 <= b < 127 for b in data) else quote(data)[1:-1]
    return text[:-1] + "\\x20" if text.endswith(" ") else text


def render(reply):
    """The lines of a reply, close to redis-cli's, but no two different replies look the same."""
    kind, value = reply
    if kind == "+":
        return [_line(value)]
    if kind == "-":
        return ["(error) " + _line(value)]
    if kind == ":":
        return [f"(integer) {value}"]
    if kind == "$":
        return ["(nil)" if value is None else quote(value)]
    if kind == "_":
        return ["(null)"]
    if kind == ",":
        return [f"(double) {_line(value)}"]
    if kind == "(":
        return [f"(big number) {_line(value)}"]
    if kind == "#":
        return ["(true)" if value else "(false)"]
    if kind == "=":
        return [f"(verbatim {_line(value[:3])}) {quote(value[4:])}"]
    if kind in "%|":
        return _render_pairs(kind, value)
    return _render_list(kind, value)


def _render_list(kind, items):
    name, mark = {"*": ("array", ")"), "~": ("set", "~"), ">": ("push", ">")}[kind]
    if items is None:
        return [f"(nil {name})"]
    if not items:
        return [f"(empty {name})"]
    lines = []
    for index, item in enumerate(items, 1):
        lines += _indent(f"{index}{mark} ", render(item))
    return lines


def _render_pairs(kind, pairs):
    if not pairs:
        return ["(empty map)" if kind == "%" else "(empty attribute)"]
    lines = []
    for index, (key, item) in enumerate(pairs, 1):
        prefix = f"{index}{'#' if kind == '%' else '|'} {' '.join(render(key))} => "
        value = render(item)
        if item.kind not in "*~%>" or not item.value:
            lines.append(prefix + value[0])
        else:
            lines.append(prefix.rstrip())
            lines += ["   " + line for line in value]
    return lines


def _indent(prefix, lines):
    return [prefix + lines[0]] + [" " * len(prefix) + line for line in lines[1:]]
