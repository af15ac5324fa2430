"""The peers' pools of NW workers, made when they are first used: a script that needs two of them starts no others."""
import concurrent.futures as cf, functools, multiprocessing as mp
from common import *

ctx = mp.get_context("fork")
running = []

def f(x): return x + 1

def made(pool, end):
    running.append(end)
    return pool

@functools.cache
def stdlib():
    p = ctx.Pool(NW); p.map(f, range(100)); return made(p, p.terminate)
@functools.cache
def executor():
    p = cf.ProcessPoolExecutor(NW, mp_context=ctx); list(p.map(f, range(100))); return made(p, p.shutdown)
@functools.cache
def loky():
    import loky
    p = loky.get_reusable_executor(max_workers=NW); list(p.map(f, range(10))); return made(p, p.shutdown)
@functools.cache
def billiard():
    import billiard
    p = billiard.Pool(NW); p.map(f, range(100)); return made(p, p.terminate)
@functools.cache
def mpire():
    from mpire import WorkerPool
    p = WorkerPool(n_jobs=NW, keep_alive=True, start_method="fork"); p.map(f, range(100)); return made(p, p.terminate)
@functools.cache
def mpire_unordered():
    # Of its own: after a map that keeps the order, imap_unordered fails (mpire 2.10.2).
    from mpire import WorkerPool
    p = WorkerPool(n_jobs=NW, keep_alive=True, start_method="fork")
    list(p.imap_unordered(f, range(100))); return made(p, p.terminate)
@functools.cache
def joblib():
    from joblib import Parallel, delayed
    p = Parallel(n_jobs=NW); p(delayed(f)(i) for i in range(10)); return p

def end_all():
    for end in running: end()
