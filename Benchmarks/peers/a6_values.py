"""Shared numbers: one count more, by one process and by two at once."""
import multiprocessing as mp
from common import *
ctx = mp.get_context("fork")
N = 200000
def value_unc():
    v = ctx.Value("q", 0)
    t = now()
    for _ in range(N):
        with v.get_lock(): v.value += 1
    return (now()-t)/N*1e9
def w_val(v, ev, n):
    ev.wait()
    for _ in range(n):
        with v.get_lock(): v.value += 1
def contended():
    v, ev, n = ctx.Value("q", 0), ctx.Event(), 50000
    ps = [ctx.Process(target=w_val, args=(v, ev, n)) for _ in range(2)]
    for p in ps: p.start()
    time.sleep(0.05); t = now(); ev.set()
    for p in ps: p.join()
    dt = now()-t
    assert v.value == 2*n
    return dt/(2*n)*1e9
if __name__ == "__main__":
    interleave("value_incr_uncontended", "ns", {"mp.Value": value_unc})
    interleave("value_incr_contended2", "ns/op", {"mp.Value": contended})
