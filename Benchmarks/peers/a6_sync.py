"""Lock, event, semaphore and barrier: alone, and there and back between two processes."""
import multiprocessing as mp
from common import *
ctx = mp.get_context("fork")
N = 200000
def lock_unc():
    l = ctx.Lock(); a, r = l.acquire, l.release
    t = now()
    for _ in range(N): a(); r()
    return (now()-t)/N*1e9
def rlock_unc():
    l = ctx.RLock(); a, r = l.acquire, l.release
    t = now()
    for _ in range(N): a(); r()
    return (now()-t)/N*1e9
def w_ev(a, b, n):
    for _ in range(n): a.wait(); a.clear(); b.set()
def ev_rt():
    a, b = ctx.Event(), ctx.Event(); n = 2000
    p = ctx.Process(target=w_ev, args=(a, b, n)); p.start(); time.sleep(0.05); t = now()
    for _ in range(n): a.set(); b.wait(); b.clear()
    dt = now()-t; p.join(); return dt/n*1e6
def w_sem(a, b, n):
    for _ in range(n): a.acquire(); b.release()
def sem_rt():
    a, b = ctx.Semaphore(0), ctx.Semaphore(0); n = 5000
    p = ctx.Process(target=w_sem, args=(a, b, n)); p.start(); time.sleep(0.05); t = now()
    for _ in range(n): a.release(); b.acquire()
    dt = now()-t; p.join(); return dt/n*1e6
def w_bar(b, n):
    for _ in range(n): b.wait()
def bar_rt():
    b = ctx.Barrier(2); n = 2000
    p = ctx.Process(target=w_bar, args=(b, n)); p.start(); t = now()
    for _ in range(n): b.wait()
    dt = now()-t; p.join(); return dt/n*1e6
if __name__ == "__main__":
    interleave("lock_uncontended_acq_rel", "ns", {"mp.Lock": lock_unc, "mp.RLock": rlock_unc})
    interleave("event_roundtrip", "us", {"mp.Event": ev_rt})
    interleave("semaphore_roundtrip", "us", {"mp.Semaphore": sem_rt})
    interleave("barrier2_roundtrip", "us", {"mp.Barrier": bar_rt})
