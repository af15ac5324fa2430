extension Program {
  /// Every program, in reading order.
  static let all: [Program] =
    background + starting + names + daemons + ending + rest + sharing + queues + channels + pools

  private static let background: [Program] = [
    typedAndBoxed, dataRace, referenceCounts, countdown, waitingOverlaps, raceAvoidedByOrder, raceAvoidedByMutex,
  ]

  private static let starting: [Program] = [
    hello, helloSpawned, helloContext, startMethods, mainRunsOnce, forkOnce, forkIdentifiers, threeInOrder,
    forkServer, forkIsSynchronous,
  ]

  private static let names: [Program] = [
    fiveNames, workerType, ownIdentifier, twoIdentifiers, namesFromTypes, pingPongGood,
  ]

  private static let daemons: [Program] = [
    daemonEndsWithParent, daemonJoined, daemonNotJoined, daemonCutShort, daemonOfChild, daemonWithChildren,
    daemonBesideOther,
  ]

  private static let ending: [Program] = [doStuff, fiveSleepers, implicitJoin, noZombie, terminate]

  private static let rest: [Program] = [
    nothingShared, crashStaysInChild, logging, wholeLines, primesInThreads, primesInProcesses, availableParallelism,
    otherCommand, threadsOrProcesses,
  ]

  private static let sharing: [Program] = [lockForOutput, valueAndArray, locksAreAMust]

  private static let channels: [Program] = [pipeToParent, twoWayPipe, clientAndServer]

  private static let queues: [Program] = [mixedValues, ordinaryQueue, pingPongCounter, pingPongQueue, getWithTimeout]

  private static let pools: [Program] = [
    poolTour, waysToCall, unequalTasks, poolOfSquares, slowCallback, whereTimeGoes,
  ]
}
