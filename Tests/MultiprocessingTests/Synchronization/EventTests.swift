import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

struct EventTask: ProcessTask {
  enum Kind: Codable {
    case wait, waitAsync, set, clear
    case dyingSet(Int)
    case dyingWait(Int)
  }

  var event: Event
  var tally: SharedTally
  var kind: Kind

  func run() async throws {
    guard case .waitAsync = kind else { return try runBlocking() }
    try await event.wait()
    tally.count(0)
  }

  func runBlocking() throws {
    switch kind {
    case .set: event.set()
    case .clear: event.clear()
    case .dyingSet(let step): StepDeath.run(step) { event.set() }
    case .dyingWait(let step): try StepDeath.run(step) { try event.blocking.wait() }
    default:
      try event.blocking.wait()
      tally.count(0)
    }
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct EventTests {
  @Test(arguments: StartMethod.available)
  func `an event lets waiters through when it is set, in any process`(method: StartMethod) async throws {
    let (event, tally) = (try Event(), try SharedTally())
    #expect(!event.isSet)
    #expect("\(event)" == "Event(unset)")
    #expect(try await !event.wait(timeout: .zero))
    let start = ContinuousClock.now
    #expect(try await !event.wait(timeout: .milliseconds(50)))
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    let child = try EventTask(event: event, tally: tally, kind: .set).start(method)
    try await event.wait()
    #expect(try await event.wait(timeout: .zero))
    #expect("\(event)" == "Event(set)")
    try await child.value
    try await EventTask(event: event, tally: tally, kind: .clear).start(method).value
    #expect(!event.isSet)
  }

  @Test func `all waiters of all kinds are woken`() async throws {
    let (event, tally) = (try Event(), try SharedTally())
    var children = try StartMethod.available.map { try EventTask(event: event, tally: tally, kind: .wait).start($0) }
    children.append(try EventTask(event: event, tally: tally, kind: .waitAsync).start())
    try await withThrowingTaskGroup { group in
      for _ in 0..<10 {
        group.addTask { @concurrent in
          try await event.wait()
          tally.count(0)
        }
      }
      try await Task.sleep(for: .milliseconds(50))
      #expect(tally[0] == 0)
      event.set()
      try await group.waitForAll()
    }
    for child in children { try await child.value }
    #expect(tally[0] == UInt32(10 + children.count))
  }

  @Test func `a clear right after a set turns nobody away`() async throws {
    let event = try Event()
    for _ in 0..<50 {
      let waits = (0..<3).map { _ in Task { try await event.wait() } }
      try await Task.sleep(for: .milliseconds(2))
      event.set()
      event.clear()
      // A task that had not come to its wait is late.
      _ = await eventuallyShort { false }
      event.set()
      for wait in waits { try await wait.value }
      event.clear()
    }
  }

  @Test func `a cancelled wait ends`() async throws {
    let event = try Event()
    let wait = Task { try await event.wait() }
    try await Task.sleep(for: .milliseconds(10))
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
  }

  @Test(.steps) func `a death at any step of a set leaves no waiter asleep before a set event`() async throws {
    let tally = try SharedTally()
    try await StepDeath.tryAll("a set") { step in
      let event = try Event()
      let waiters = try (0..<2).map { _ in try EventTask(event: event, tally: tally, kind: .wait).start() }
      _ = await eventuallyShort { waiters.allSatisfy { isAsleep($0.id) } }
      let status = try await EventTask(event: event, tally: tally, kind: .dyingSet(step)).start().join()
      // One that died before it set the event is made up for.
      if !event.isSet { event.set() }
      for waiter in waiters { try await waiter.value }
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of a wait takes nothing from the others`() async throws {
    let tally = try SharedTally()
    try await StepDeath.tryAll("a wait for an event") { step in
      let event = try Event()
      let victim = try EventTask(event: event, tally: tally, kind: .dyingWait(step)).start()
      let waiter = try EventTask(event: event, tally: tally, kind: .wait).start()
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(waiter.id) }
      event.set()
      try await waiter.value
      return try await victim.join() == .exited(0)
    }
  }
}
