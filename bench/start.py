#!/usr/bin/env python3
"""How long a server takes to be ready after it was killed, by the number of its chunks.

start.py MAKE_STORE WENYUAN [CHUNKS]: the programs as they were built.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "server"))
from wenyuan_server import Server  # noqa: E402

CHUNKS_OF_ONE = 10
MODEL = ("multilingual-e5-small", "384")


def main():
    make_store, wenyuan = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    chunks = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-start-"))
    try:
        began = time.monotonic()
        subprocess.run([make_store, folder / "data", str(chunks // CHUNKS_OF_ONE),
                        str(CHUNKS_OF_ONE), *MODEL], check=False)
        print(f"{chunks} chunks made in {time.monotonic() - began:.0f} s")
        server = Server(data=folder / "data", program=wenyuan)
        for what in ("after the kill of a writer", "after a kill", "after a stop"):
            began = time.monotonic()
            server.start(seconds=600)
            print(f"ready {time.monotonic() - began:.2f} s {what}")
            if what == "after a kill":
                server.stop(120)
            else:
                server.kill()
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{size / 1e6:.0f} MB on the disk")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
