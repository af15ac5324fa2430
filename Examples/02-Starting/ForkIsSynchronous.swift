internal import Multiprocessing
internal import Synchronization

let parentsLock = Mutex(0)

func tryParentsLock() -> String {
  parentsLock.withLockIfAvailable { _ in "free" } ?? "held, and nobody is left to release it"
}

extension Program {
  // A fork copies the memory but only the calling thread. A lock that another thread held stays held in the copy,
  // and the threads that run Swift tasks are gone: an `await` there would never return. Therefore the body of `fork`
  // cannot be async, and should take no locks. Children of `spawn` and `forkServer` start fresh and may do anything.
  static let forkIsSynchronous = Program(
    "fork-is-synchronous", rows: [41], .starting, "a fork copies locks, a fresh child does not"
  ) {
    let (copy, fresh) = try parentsLock.withLock { _ in
      (try ChildProcess.fork { tryParentsLock() }, try ChildProcess.start { tryParentsLock() })
    }
    print("forked child: the lock is \(try await copy.value)")
    print("fresh child: the lock is \(try await fresh.value)")
    print("parent: the lock is \(tryParentsLock())")
  }
}
