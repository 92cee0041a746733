#!/usr/bin/env python3
"""Passwords for memcached's clients: the set-style login of the text protocol, SASL of the binary.

`--oracle` asks memcached: -Y for the one, -S for the other.
"""

import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import ORACLE, Skipped, check, equal, expect, main  # noqa: E402
from support.memcached import memcached_server  # noqa: E402

USER = "default"
PASSWORD = "a-secret"
LOGIN = f"{USER} {PASSWORD}".encode()
UNAUTHENTICATED = b"CLIENT_ERROR unauthenticated\r\n"
FAILURE = b"CLIENT_ERROR authentication failure\r\n"
BAD_TOKEN = b"CLIENT_ERROR bad authentication token format\r\n"
GET, SET, VERSION, LIST_MECHANISMS, AUTHENTICATE = 0x00, 0x01, 0x0B, 0x20, 0x21
OK, AUTHENTICATION_ERROR = 0x00, 0x20


def text_server():
    if not ORACLE:
        return memcached_server("tarn", ["--requirepass", PASSWORD])
    server = memcached_server("memcached")
    server.args += ["-Y", server.write_file("users", f"{USER}:{PASSWORD}\n")]
    return server


def binary_server():
    if not ORACLE:
        return memcached_server("tarn", ["--requirepass", PASSWORD])
    if not shutil.which("saslpasswd2"):
        raise Skipped("there is no saslpasswd2 (Debian's sasl2-bin has it)")
    server = memcached_server("memcached", ["-S"])
    database = os.path.join(server.directory, "sasldb")
    subprocess.run(
        ["saslpasswd2", "-p", "-a", "memcached", "-c", "-f", database, USER],
        input=PASSWORD.encode(),
        check=True,
    )
    settings = {
        "mech_list": "plain",
        "pwcheck_method": "auxprop",
        "auxprop_plugin": "sasldb",
        "sasldb_path": database,
    }
    server.write_file("memcached.conf", "".join(f"{k}: {v}\n" for k, v in settings.items()))
    server.env["SASL_CONF_PATH"] = server.directory
    return server


def login(client, token):
    return client.ask(b"set any 0 0 %d\r\n%b\r\n" % (len(token), token))


@check("text: nothing is done before the login, and everything after it")
def text_login():
    with text_server() as server, server.memcached() as client:
        for request in (b"get k\r\n", b"version\r\n", b"mn\r\n", b"delete k\r\n", b"foo\r\n"):
            equal(client.ask(request), UNAUTHENTICATED, str(request))
        equal(login(client, LOGIN), b"STORED\r\n")
        equal(client.get(b"any"), None, "the login's key")
        equal(client.set(b"k", b"v"), b"STORED\r\n")
        equal(client.get(b"k"), b"v")
        equal(login(client, LOGIN), b"STORED\r\n")  # By now it is a set like others.
        equal(client.get(b"any"), LOGIN)
        with server.memcached() as other:
            equal(other.ask(b"get k\r\n"), UNAUTHENTICATED)


@check("text: what is no right login does not help, and the right one does afterwards")
def text_wrong():
    with text_server() as server, server.memcached() as client:
        wrong = {
            f"{USER} wrong".encode(): FAILURE,
            LOGIN + b"x": FAILURE,
            LOGIN[:-1]: FAILURE,
            b"nobody " + PASSWORD.encode(): FAILURE,
            b"nospace": BAD_TOKEN,
            b"v": BAD_TOKEN,
            USER.encode() + b" ": BAD_TOKEN,
            b" " + PASSWORD.encode(): BAD_TOKEN,
            b"": BAD_TOKEN,
        }
        for token, answer in wrong.items():
            equal(login(client, token), answer, str(token))
            equal(client.ask(b"get k\r\n"), UNAUTHENTICATED)
        for line in (b"set k 0 0\r\n", b"set k 0 0 x\r\n", b"set k 0 0 -1\r\n"):
            equal(client.ask(line), UNAUTHENTICATED, str(line))
        equal(login(client, LOGIN), b"STORED\r\n")
        equal(client.ask(b"mn\r\n"), b"MN\r\n")


@check("text: further spaces and words are passed over, and a wrong end is no login")
def text_words():
    with text_server() as server:
        for token in (b" " + LOGIN, LOGIN + b" ", LOGIN.replace(b" ", b"  "), LOGIN + b" more"):
            with server.memcached() as client:
                equal(login(client, token), b"STORED\r\n", str(token))
                equal(client.ask(b"mn\r\n"), b"MN\r\n", str(token))
        with server.memcached() as client:
            unended = b"set any 0 0 %d\r\n%bxx" % (len(LOGIN), LOGIN)
            equal(client.ask(unended), b"CLIENT_ERROR bad command line termination\r\n")
            equal(client.ask(b"get k\r\n"), UNAUTHENTICATED)


@check("text: a login and requests in one packet")
def text_pipelined():
    with text_server() as server, server.memcached() as client:
        login_and_more = b"set a 0 0 %d\r\n%b\r\nset k 0 0 1\r\nv\r\nget k\r\n" % (len(LOGIN), LOGIN)
        equal(
            client.ask(login_and_more, 5),
            b"STORED\r\nSTORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n",
        )


def call(client, opcode, key=b"", value=b"", extras=b""):
    """(status, value) of one packet's answer."""
    body = len(extras) + len(key) + len(value)
    header = struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, body, 7, 0)
    client.send(header + extras + key + value)
    magic, answered, key_size, extras_size, _, status, body, opaque, _ = struct.unpack(
        ">BBHBBHIIQ", client.take(24)
    )
    equal((magic, answered, opaque), (0x81, opcode, 7))
    return status, client.take(body)[extras_size + key_size :]


def plain(user, password):
    return f"\0{user}\0{password}".encode()


@check("binary: SASL PLAIN lets in who knows the password, and nobody else")
def sasl():
    with binary_server() as server, server.memcached() as client:
        status, mechanisms = call(client, LIST_MECHANISMS)
        equal(status, OK)
        expect(b"PLAIN" in mechanisms.split(), f"mechanisms: {mechanisms}")
        for request in ((GET, b"k"), (SET, b"k", b"v", bytes(8)), (0x0A,), (0x08,)):
            with server.memcached() as other:  # It may be closed afterwards.
                equal(call(other, *request)[0], AUTHENTICATION_ERROR, str(request))
        wrong = (plain(USER, "wrong"), plain("nobody", PASSWORD), plain(USER, ""), b"x", b"\0\0\0")
        for token in wrong:
            equal(call(client, AUTHENTICATE, b"PLAIN", token)[0], AUTHENTICATION_ERROR, str(token))
        equal(call(client, AUTHENTICATE, b"NONSENSE", plain(USER, PASSWORD))[0], AUTHENTICATION_ERROR)
        status, said = call(client, AUTHENTICATE, b"PLAIN", plain(USER, PASSWORD))
        equal((status, said), (OK, b"Authenticated"))
        equal(call(client, SET, b"k", b"v", bytes(8))[0], OK)
        equal(call(client, GET, b"k"), (OK, b"v"))


@check("binary: after a wrong login, an earlier right one is gone")
def sasl_again():
    with binary_server() as server, server.memcached() as client:
        equal(call(client, AUTHENTICATE, b"PLAIN", plain(USER, PASSWORD))[0], OK)
        equal(call(client, VERSION)[0], OK)
        equal(call(client, AUTHENTICATE, b"PLAIN", plain(USER, "x"))[0], AUTHENTICATION_ERROR)
        equal(call(client, VERSION)[0], OK)  # It is no secret.
        equal(call(client, GET, b"k")[0], AUTHENTICATION_ERROR)


if __name__ == "__main__":
    main()
