internal import MultiprocessingSystem

/// Waiting on the calling thread.
enum BlockingWait {
  /// Looks until it is done; nil when `deadline` (`SharedWait.now`) passes first.
  ///
  /// A signal that interrupts a sleep leads to another look and to a sleep for the rest of the time.
  static func run<Result>(
    in table: RegistryTable, until deadline: UInt64?, spinning budget: SpinBudget?,
    _ look: (LookMode) throws -> WaitLook<Result>
  ) rethrows -> Result? {
    var mode = LookMode(announces: false, hasSlept: false)
    if let budget {
      for _ in 0..<4 {
        switch try look(mode) {
        case .done(let result): return result
        case .sleep(let word, let value): if budget.spin(on: word, while: value) { continue }
        }
        break
      }
    }
    mode.announces = true
    while true {
      // Before the look: a death noticed after it ends the sleep.
      let deaths = table.deaths.load()
      switch try look(mode) {
      case .done(let result): return result
      case .sleep(let word, let value):
        // After the look: whoever was woken has looked again before it leaves.
        if let deadline, SharedWait.now >= deadline { return nil }
        _ = SharedWait.sleep(on: [.init(word, value), .init(table.deaths, deaths)], until: deadline)
        mode.hasSlept = true
      }
    }
  }
}
