func add(to start: Int) -> Int {
  var x = start
  for _ in 0..<1_000_000 { x += 1 }
  return x
}

func subtract(from start: Int) -> Int {
  var x = start
  for _ in 0..<1_000_000 { x -= 1 }
  return x
}

extension Program {
  // Fixed: the original makes a Lock it neither imports nor uses.
  static let raceAvoidedByOrder = Program(
    "race-avoided-by-order", rows: [7], .background, "the second thread starts when the first has ended"
  ) {
    let sum = await Task { add(to: 0) }.value
    let x = await Task { subtract(from: sum) }.value
    print(x)
  }
}
