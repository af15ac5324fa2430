internal import Synchronization

let guarded = Mutex(0)

func addUnderLock() {
  guarded.withLock { x in
    for _ in 0..<1_000_000 { x += 1 }
  }
}

func subtractUnderLock() {
  guarded.withLock { x in
    for _ in 0..<1_000_000 { x -= 1 }
  }
}

extension Program {
  // Fixed: the original mixes tabs and spaces. It holds the lock for the whole loop, and so does this.
  static let raceAvoidedByMutex = Program(
    "race-avoided-by-mutex", rows: [8], .background, "two threads change one number under a lock"
  ) {
    async let add: Void = addUnderLock()
    async let subtract: Void = subtractUnderLock()
    _ = await (add, subtract)
    print(guarded.withLock { $0 })
  }
}
