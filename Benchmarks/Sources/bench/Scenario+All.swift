extension Scenario {
  /// Every scenario, in the order in which they run.
  static let all = [
    processStart, processStartInBigParent, poolStart, idleWorker, valueIncrement, valueIncrementByTwo, bigArray,
    bigArrayInPlace, primes,
  ]
}
