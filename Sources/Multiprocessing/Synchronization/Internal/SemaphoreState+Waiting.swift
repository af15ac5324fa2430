internal import MultiprocessingSystem

extension SemaphoreState {
  func acquire(timeout: Duration?) async throws -> Void? {
    if takeFree() { return () }
    return try await AsyncWait.run(on: word, timeout: timeout) { try self.look($0) }
  }

  func acquireBlocking(timeout: Duration?) throws -> Void? {
    if takeFree() { return () }
    _ = try ProcessRegistry.ownID()
    let deadline = timeout.map(SharedWait.deadline(after:))
    return try BlockingWait.run(in: memory.table, until: deadline, spinning: budget) { try look($0) }
  }

  func tryAcquire() -> Bool {
    if takeFree() { return true }
    sweepNow()
    return takeFree()
  }

  func permit() async throws -> Int {
    try await AsyncWait.run(on: word, timeout: nil) { try self.lookForPermit($0) }!
  }

  func permitBlocking() throws -> Int {
    try BlockingWait.run(in: memory.table, until: nil, spinning: budget) { try lookForPermit($0) }!
  }

  private func takeFree() -> Bool {
    var found = word.load()
    while found & Self.countMask > 0 { if word.exchange(&found, for: found - 1) { return true } }
    return false
  }
}
