extension Scenario {
  /// Every scenario, in the order in which they run.
  static let all: [Scenario] =
    [
      processStart, processStartInBigParent, poolStart, lockUncontended, eventRoundTrip, semaphoreRoundTrip,
      barrierRoundTrip, connectionRoundTrip, connectionLarge, idleWorker, valueIncrement, valueIncrementByTwo,
      poolMapSingle, poolMapAutomatic, poolMapStruct, bigArray, bigArrayInPlace, primes, queueAlone, queueRoundTrip,
    ] + queues
}
