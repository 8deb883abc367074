"""Makes packs (docs/formats/kbpack.md) of generated text with vectors, for tests of large stores."""

import base64
import hashlib
import io
import json
import math
import os
import pathlib
import struct
import subprocess
import tarfile
import tempfile

WORDS_PER_CHUNK = 150
CHUNKS_PER_DOCUMENT = 500


def unit_vector(size):
    values = [byte - 127.5 for byte in os.urandom(size)]
    length = math.sqrt(sum(value * value for value in values))
    return struct.pack(f"<I{size}e", size, *(value / length for value in values))


def chunk(start, end, vector):
    return (struct.pack("<qqi", start, end, 0)
            + struct.pack("<I", 1) + struct.pack("<I", 4) + b"Bulk"
            + struct.pack("<II", 0, 0) + vector)


def document(number, chunk_count, vector_size):
    words = [f"word{(number * 7919 + i * 31) % 20000}" for i in range(WORDS_PER_CHUNK)]
    texts, chunks, at = [], [], 0
    for k in range(chunk_count):
        text = " ".join(words[k % 50:]) + f" place{number}x{k}."
        texts.append(text)
        chunks.append(chunk(at, at + len(text), unit_vector(vector_size)))
        at += len(text) + 1
    return "\n".join(texts).encode(), b"".join(chunks)


def sign(text):
    with tempfile.TemporaryDirectory() as folder:
        key, message = pathlib.Path(folder, "key"), pathlib.Path(folder, "text")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout[-32:]
        message.write_bytes(text.replace(b"KEY", base64.b64encode(public)))
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin",
                                    "-in", message], check=True, capture_output=True).stdout
        return message.read_bytes() + b"signature " + base64.b64encode(signature) + b"\n"


def make_pack(chunk_count, model, vector_size):
    """A pack of documents with `chunk_count` chunks in all; gives (bytes, documents)."""
    output, lines, number = io.BytesIO(), [], 0
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        def add(name, content):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            header = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
            header[148:156] = b" " * 8
            # The one form: no owner's name, no device numbers.
            header[265:345] = bytes(80)
            header[148:156] = f"{sum(header):06o}\0 ".encode()
            output.write(header + content + bytes(-len(content) % 512))
            if name != "manifest":
                lines.append(f"file {name} {hashlib.sha256(content).hexdigest()} {len(content)}")

        left = chunk_count
        while left > 0:
            count = min(left, CHUNKS_PER_DOCUMENT)
            left -= count
            text, chunks = document(number, count, vector_size)
            number += 1
            folder = f"documents/{number:07d}/"
            add(folder + "document.json", json.dumps(
                {"external_id": "", "file_name": "", "media_types": ["text/plain"],
                 "page_count": 0, "title": f"Bulk {number}"},
                separators=(",", ":"), sort_keys=True).encode())
            add(folder + "attributes.json", b"{}")
            add(folder + "original-1", text)
            add(folder + "text.txt", text)
            add(folder + "chunks.bin", chunks)
        head = ["wenyuan kbpack 1", "origin generated", "time 2026-01-01T00:00:00.000Z",
                "name " + base64.b64encode(b"Bulk").decode(),
                "model " + base64.b64encode(model.encode()).decode(),
                f"vector_size {vector_size}", "model_sha256 ", f"documents {number}", "key KEY"]
        add("manifest", sign(("\n".join(head + lines) + "\n").encode()))
        output.write(bytes(1024))
        content = output.getvalue()
        archive.fileobj = io.BytesIO()  # it would add an end of its own
    return content, number
