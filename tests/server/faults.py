"""Lets calls of a running server fail: the other side of tests/crash/shim/calls.h."""

import errno
import mmap
import os
import pathlib
import struct
import tempfile

from wenyuan_server import BIN_DIR

LIBRARY = pathlib.Path(os.environ.get("WENYUAN_FAULTS_LIBRARY", BIN_DIR / "libwenyuan_faults.so"))

# Kinds of calls.
OPEN_TO_READ, OPEN_TO_WRITE, CREATE, READ, WRITE, SYNC = 1, 2, 4, 8, 16, 32
TRUNCATE, RENAME, REMOVE, MAKE_FOLDER, LIST, MAP = 64, 128, 256, 512, 1024, 2048
NEW_NAMES = CREATE | RENAME | MAKE_FOLDER


class Faults:
    """`with Faults(data) as faults: Server(..., environment=faults.environment)`."""

    SIZE = 56 + 4000 + 8

    def __init__(self, root):
        handle, self.path = tempfile.mkstemp(prefix="wenyuan_faults")
        os.ftruncate(handle, self.SIZE)
        self.memory = mmap.mmap(handle, self.SIZE)
        os.close(handle)
        name = os.path.realpath(root).encode()
        self.memory[56:56 + len(name)] = name
        self.set_disk_free(None)
        self.environment = {"LD_PRELOAD": str(LIBRARY.resolve()), "WENYUAN_FAULTS": self.path}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.memory.close()
        os.unlink(self.path)

    def fail(self, error, calls, at=1, lasting=True):
        """From the at-th call of these kinds on (or only that one)."""
        self.memory[4:8] = struct.pack("<I", calls)
        self.memory[8:16] = struct.pack("<q", at)
        self.memory[16:24] = struct.pack("<ii", int(lasting), int(error == errno.EINTR))
        self.memory[24:40] = bytes(16)
        self.memory[0:4] = struct.pack("<i", error)

    def heal(self):
        self.memory[0:4] = bytes(4)

    def failed(self):
        return struct.unpack("<q", self.memory[32:40])[0]

    def set_clock(self, seconds):
        """The server's time of day, relative to ours."""
        self.memory[40:48] = struct.pack("<q", int(seconds * 1000))

    def set_disk_free(self, size):
        """None: as it is."""
        self.memory[48:56] = struct.pack("<q", -1 if size is None else size)
