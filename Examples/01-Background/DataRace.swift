internal import Synchronization

let torn = Atomic(0)
let exact = Atomic(0)

/// The original's `x += 1` is a load and a store, and another thread may come in between.
func change(by amount: Int) {
  for _ in 0..<100_000 {
    let x = torn.load(ordering: .relaxed)
    torn.store(x + amount, ordering: .relaxed)
    exact.wrappingAdd(amount, ordering: .relaxed)
  }
}

extension Program {
  // A plain `var` changed by two threads, as in the original, does not compile in Swift 6.
  static let dataRace = Program("data-race", rows: [3], .background, "two threads add and subtract without a lock") {
    async let add: Void = change(by: 1)
    async let subtract: Void = change(by: -1)
    _ = await (add, subtract)
    print("load, then store: \(torn.load(ordering: .relaxed)), and another number next time")
    print("one atomic step: \(exact.load(ordering: .relaxed))")
  }
}
