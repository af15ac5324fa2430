"""A number, and 100 MB of doubles, there and back through a pipe between two processes."""
import multiprocessing as mp
from common import *
ctx = mp.get_context("fork")
N = 5000
def echo(c):
    while (m := c.recv()) is not None: c.send(m)
def echo_bytes(c):
    while m := c.recv_bytes(): c.send_bytes(m)
def pipe():
    a, b = ctx.Pipe(True)
    p = ctx.Process(target=echo, args=(b,)); p.start()
    a.send(1); a.recv()
    t = now()
    for _ in range(N): a.send(1); a.recv()
    dt = now()-t
    a.send(None); p.join()
    return dt/N*1e6
def large_pickled():
    import numpy
    numbers = numpy.ones(12_500_000)
    a, b = ctx.Pipe(True)
    p = ctx.Process(target=echo, args=(b,)); p.start()
    a.send(1); a.recv()
    t = now()
    a.send(numbers); a.recv()
    dt = now()-t
    a.send(None); p.join()
    return dt
def large_bytes():
    data = bytes(100_000_000)
    a, b = ctx.Pipe(True)
    p = ctx.Process(target=echo_bytes, args=(b,)); p.start()
    a.send_bytes(b"1"); a.recv_bytes()
    t = now()
    a.send_bytes(data); a.recv_bytes()
    dt = now()-t
    a.send_bytes(b""); p.join()
    return dt
if __name__ == "__main__":
    interleave("connection_roundtrip", "us", {"mp.Pipe": pipe})
    interleave("connection_100MB_roundtrip", "s", {"mp.Pipe_numpy": large_pickled, "mp.Pipe_bytes": large_bytes})
