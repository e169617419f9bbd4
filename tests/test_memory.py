"""How many heaps the threads of a server use."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Threads that allocate at the same time, and how many heaps the C library made for them.
PROGRAM = """
import ctypes, os, tempfile, threading
from ragkb.cores import usable_cores
from ragkb.memory import share_arenas
share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
gate = threading.Barrier(24)
def work():
    gate.wait()
    for _ in range(200):
        libc.malloc(2000)
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    libc.fopen.restype = ctypes.c_void_p
    stream = libc.fopen(file.name.encode(), b"w")
    libc.malloc_info(0, ctypes.c_void_p(stream))
    libc.fclose(ctypes.c_void_p(stream))
    print(file.read().count(b"<heap "), max(2, usable_cores()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own")
def test_threads_share_a_few_heaps() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    heaps, most = map(int, done.stdout.split())
    assert heaps <= most, done.stderr
