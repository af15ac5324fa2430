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
def w_sem(a, b, n):
    for _ in range(n): a.acquire(); b.release()
def w_bar(b, n):
    for _ in range(n): b.wait()
def trips(n, pause, worker, args, trip):
    """What a trip takes, without the pauses: the mean without, the median with them. The first does not count: it finds
    the child started."""
    p = ctx.Process(target=worker, args=args); p.start(); trip()
    if pause:
        ts = []
        for _ in range(1, n): time.sleep(pause); t = now(); trip(); ts.append(now()-t)
        one = statistics.median(ts)
    else:
        t = now()
        for _ in range(1, n): trip()
        one = (now()-t)/(n-1)
    p.join(); return one*1e6
def ev_rt(n, pause=0):
    a, b = ctx.Event(), ctx.Event()
    def trip(): a.set(); b.wait(); b.clear()
    return trips(n, pause, w_ev, (a, b, n), trip)
def sem_rt(n, pause=0):
    a, b = ctx.Semaphore(0), ctx.Semaphore(0)
    def trip(): a.release(); b.acquire()
    return trips(n, pause, w_sem, (a, b, n), trip)
def bar_rt(n, pause=0):
    """Two waits are a trip where the other sleeps: the first wakes it, the second is over when it has come."""
    b = ctx.Barrier(2)
    def twice(): b.wait(); b.wait()
    return trips(n, pause, w_bar, (b, 2*n if pause else n), twice if pause else b.wait)
if __name__ == "__main__":
    interleave("lock_uncontended_acq_rel", "ns", {"mp.Lock": lock_unc, "mp.RLock": rlock_unc})
    for suffix, args in (("", (2000,)), ("_asleep", (300, 0.002))):
        interleave("event_roundtrip" + suffix, "us", {"mp.Event": lambda: ev_rt(*args)})
        interleave("semaphore_roundtrip" + suffix, "us", {"mp.Semaphore": lambda: sem_rt(*args)})
        interleave("barrier2_roundtrip" + suffix, "us", {"mp.Barrier": lambda: bar_rt(*args)})
