extension Scenario {
  /// Every scenario, in the order in which they run.
  static let all: [Scenario] =
    [processStart, processStartInBigParent, poolStart, idleWorker]
    + [poolMapSingle, poolMapSixteen, poolMapAutomatic, poolMapStruct] + poolStreams
    + [taskRoundTrip, taskRoundTripAsleep]
    + [queueAlone] + queues + queuesToFour + [queueRoundTrip, connectionRoundTrip, connectionLarge]
    + [lockUncontended, valueIncrement, valueIncrementByTwo] + primitiveTrips
    + [bigArray, bigArrayInPlace, primes, primesByTwo]
}
