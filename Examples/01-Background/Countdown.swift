/// Counts down; the mixed sum keeps the optimiser from removing the loop.
func countDown(from start: Int) -> Int {
  var n = start
  var mixed = 0
  while n > 0 {
    n -= 1
    mixed = mixed &* 31 &+ n
  }
  return mixed
}

extension Program {
  // Python's two threads take turns and are slower than one. Swift has no such lock: they run on two cores.
  static let countdown = Program("countdown", rows: [5], .background, "counting in one thread and in two") {
    let n = 10_000_000
    let clock = ContinuousClock()
    var single = Duration.seconds(1_000)
    var double = single
    var sum = 0
    for _ in 1...3 {
      single = min(single, clock.measure { sum ^= countDown(from: n) })
      let halves = await clock.measure {
        async let first = countDown(from: n / 2)
        async let second = countDown(from: n / 2)
        let results = await [first, second]
        sum ^= results[0] &+ results[1]
      }
      double = min(double, halves)
    }
    print("one thread: \(single)")
    print("two threads: \(double)")
    print("check: \(sum)")
  }
}
