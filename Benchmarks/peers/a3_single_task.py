"""One task there and back through a pool that runs already: one after another, and with a pause before each."""
from common import *
from pools import *
def trips(make, call, n, pause=0):
    def g():
        p = make()
        for i in range(20): call(p, i)
        ts = []
        for i in range(n):
            if pause: time.sleep(pause)
            t = now(); r = call(p, i); ts.append(now()-t)
            assert r == i+1
        return statistics.median(ts)*1e6
    return g
def all_of(scenario, n, pause):
    interleave(scenario, "us", {
        "mp.Pool.apply": trips(stdlib, lambda p, i: p.apply(f, (i,)), n, pause),
        "ProcessPoolExecutor.submit": trips(executor, lambda p, i: p.submit(f, i).result(), n, pause),
        "loky.submit": trips(loky, lambda p, i: p.submit(f, i).result(), n, pause),
        "billiard.Pool.apply": trips(billiard, lambda p, i: p.apply(f, (i,)), n, pause),
        "mpire.apply": trips(mpire, lambda p, i: p.apply(f, (i,)), min(n, 50), pause)})
if __name__ == "__main__":
    all_of("task_roundtrip_busy", 1000, 0)
    all_of("task_roundtrip_asleep", 100, 0.005)
    end_all()
