"""Payloads of DUMP, made by hand: type, value, version, and the CRC-64 of RDB files."""

import struct


def _crc_table():
    """Of the Jones polynomial, reflected."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x95AC9329AC4BC9B5 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def crc64(data):
    crc = 0
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def mended(payload):
    """The payload with the checksum that it should have."""
    return payload[:-8] + struct.pack("<Q", crc64(payload[:-8]))


def payload(kind, value, version=9):
    """Of the type's number and the bytes of the value."""
    return mended(bytes([kind]) + value + struct.pack("<H", version) + bytes(8))


def string(text):
    """As a file has it, for less than 64 bytes."""
    return bytes([len(text)]) + text


def ziplist(entries, count, last):
    """The packed list of servers before 7: its entries, their number, and where the last begins."""
    head = struct.pack("<IIH", len(entries) + 11, 10 + last, count)
    return string(head + entries + b"\xff")


def intset(width, *values):
    code = {2: "h", 4: "i", 8: "q"}[width]
    return string(struct.pack(f"<II{len(values)}{code}", width, len(values), *values))
