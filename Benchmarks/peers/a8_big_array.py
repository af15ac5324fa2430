"""100 MB of float64 to a pool worker, which adds one to each, and back: pickled, copied into shared memory and out, in place."""
import multiprocessing as mp, numpy as np
from multiprocessing import shared_memory
from common import *
ctx = mp.get_context("fork"); NEL = 12_500_000
def addone(a): return a + 1
def shm_add(name):
    s = shared_memory.SharedMemory(name=name); v = np.ndarray((NEL,), np.float64, buffer=s.buf); v += 1; del v; s.close()
if __name__ == "__main__":
    a = np.random.rand(NEL)
    pool = ctx.Pool(1); pool.apply(abs, (1,))
    s = shared_memory.SharedMemory(create=True, size=NEL*8); v = np.ndarray((NEL,), np.float64, buffer=s.buf); v[:] = a
    def t_pick():
        t = now(); r = pool.apply(addone, (a,)); dt = now()-t; assert r[5] == a[5]+1; return dt
    def t_shm():
        t = now(); s2 = shared_memory.SharedMemory(create=True, size=NEL*8); v2 = np.ndarray((NEL,), np.float64, buffer=s2.buf); v2[:] = a
        pool.apply(shm_add, (s2.name,)); r = v2.copy(); del v2; s2.close(); s2.unlink(); dt = now()-t; assert r[5] == a[5]+1; return dt
    def t_zero():
        t = now(); pool.apply(shm_add, (s.name,)); return now()-t
    interleave("big_array_100MB_add1_roundtrip", "s", {"mp.Pool.apply_pickle": t_pick, "shared_memory_copy_in_out": t_shm})
    interleave("big_array_100MB_in_shm_add1", "s", {"shared_memory_zero_copy": t_zero})
    del v; s.close(); s.unlink(); pool.terminate()
