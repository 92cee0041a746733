"""Has chosen system calls of a server fail; faults.c does it.

    faults = Faults(directory)
    with Server("tarn", args, env=faults.environment()) as server:
        faults.set("write", errno.ENOSPC, skip=3)
        ...
        faults.clear()
"""

import mmap
import os
import struct
import tempfile

CALLS = {
    "write": 1, "fsync": 2, "rename": 4, "open": 8, "truncate": 16, "allocate": 32, "link": 64,
    "unlink": 128,
}
ALL = sum(CALLS.values())
_LAYOUT = struct.Struct("=IIIiiII")
_ERROR, _SHORT, _KILL, _HANG = 1, 2, 3, 4


def available():
    library = os.environ.get("TARN_FAULTS", "")
    return bool(library) and os.path.exists(library)


class Faults:
    """Counts only files under `directory`, the server's own log left out."""

    def __init__(self, directory):
        self.directory = directory
        descriptor, self.path = tempfile.mkstemp(prefix="faults-")
        os.ftruncate(descriptor, mmap.PAGESIZE)
        self.memory = mmap.mmap(descriptor, mmap.PAGESIZE)
        os.close(descriptor)

    def close(self):
        self.memory.close()
        os.unlink(self.path)

    def environment(self):
        # The sanitizer's runtime wants to be first, and must be told that it need not.
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return {
            "LD_PRELOAD": os.environ["TARN_FAULTS"],
            "FAULTS_CONTROL": self.path,
            "FAULTS_UNDER": self.directory,
            "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0",
        }

    def _put(self, calls, mode, error, skip, times):
        self.memory[: _LAYOUT.size] = _LAYOUT.pack(calls, mode, error, skip, times, 0, 0)

    @staticmethod
    def _set_of(calls):
        names = [calls] if isinstance(calls, str) else calls
        return ALL if names == ["all"] else sum(CALLS[name] for name in names)

    def fail(self, calls, error, skip=0, times=-1):
        self._put(self._set_of(calls), _ERROR, error, skip, times)

    def shorten(self, calls, skip=0, times=-1):
        self._put(self._set_of(calls), _SHORT, 0, skip, times)

    def kill(self, calls, skip):
        """The server gets SIGKILL in place of making the call."""
        self._put(self._set_of(calls), _KILL, 0, skip, 1)

    def hang(self, calls):
        """The calls take until clear()."""
        self._put(self._set_of(calls), _HANG, 0, 0, -1)

    def count(self, calls="all"):
        """From now on calls are only counted."""
        self._put(self._set_of(calls), _ERROR, 0, 2**31 - 1, 0)

    def clear(self):
        self._put(0, 0, 0, 0, 0)

    @property
    def seen(self):
        return _LAYOUT.unpack(self.memory[: _LAYOUT.size])[5]

    @property
    def hit(self):
        return _LAYOUT.unpack(self.memory[: _LAYOUT.size])[6]
