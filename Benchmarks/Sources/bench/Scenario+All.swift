extension Scenario {
  /// Every scenario, in the order in which they run.
  static let all = [
    processStart, processStartInBigParent, poolStart, lockUncontended, eventRoundTrip, semaphoreRoundTrip,
    barrierRoundTrip, connectionRoundTrip, connectionLarge, idleWorker, valueIncrement, valueIncrementByTwo,
    poolMapSingle, poolMapAutomatic, poolMapStruct,
    bigArray, bigArrayInPlace, primes,
  ]
}
