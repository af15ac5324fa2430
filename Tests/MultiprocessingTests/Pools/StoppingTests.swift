import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// Spins for ever, deaf to cancellation.
struct Spin: ProcessTask {
  var path: String?

  func run() async throws -> Int {
    if let path { TemporaryFile.append("\(CurrentProcess.id)", to: path) }
    var count = 0
    while count >= 0 { count = (count + 1) % 1000 }
    return count
  }
}

@Suite(.isolated) struct StoppingTests {
  @Test(arguments: StartMethod.forTasks)
  func `a timeout kills a worker that spins, and the next task starts`(method: StartMethod) async throws {
    try await withWorkers(1, method, configured(hasty)) { pool in
      let file = TemporaryFile()
      var (runs, limit) = (0, Duration.milliseconds(150))
      // Again, with more time, after one that was killed before it had begun.
      while file.lines.count < 3 {
        let options = TaskOptions.timeout(limit)
        #expect(await code { _ = try await pool.run(Spin(path: file.path), options: options) } == .timedOut)
        try await expectEqual(pool.run { 1 }, 1)
        runs += 1
        if file.lines.count < runs { limit *= 2 }
      }
      let spinning = file.lines.compactMap { ProcessID($0) }
      #expect(spinning.count <= runs && Set(spinning).count == spinning.count)
      #expect(await eventually { spinning.allSatisfy(ProcessInspection.isGone) })
      #expect(pool.statistics.crashed == 0 && pool.statistics.failed == runs)
    }
  }

  @Test func `the time of a task begins when a worker has it`() async throws {
    try await withWorkers(1) { pool in
      let gate = try Event()
      let first = try pool.submit(Gated(answer: 1, gate: gate))
      let second = try pool.submit(Nap(milliseconds: 0, answer: 2), options: .timeout(.seconds(30)))
      #expect(await eventually { first.isRunning })
      let hasTimer = pool.core.driver.state.withLock { state in state.entries[2].map { $0.timer != nil } }
      #expect(hasTimer == false)
      gate.set()
      try await expectEqual(first.value, 1)
      try await expectEqual(second.value, 2)
    }
  }

  @Test func `a map whose tasks have a time throws when one has passed it`() async throws {
    try await withWorkers(2, .forkServer, configured(hasty)) { pool in
      let options = MapOptions(task: .timeout(.milliseconds(200)))
      let thrown = await code {
        _ = try await pool.map([0, 1, 0], options: options) { number in
          while number == 1 { usleep(1000) }
          return number
        }
      }
      #expect(thrown == .timedOut)
      try await expectEqual(pool.map([1, 2]) { $0 }, [1, 2])
    }
  }

  @Test func `cancellation kills a worker that does not listen, and only that one`() async throws {
    try await withWorkers(2, .forkServer, configured(hasty)) { pool in
      let (file, gate) = (TemporaryFile(), try Event())
      let other = try pool.submit(Gated(answer: 7, gate: gate))
      #expect(await eventually { other.isRunning })
      let caller = Task { try await pool.run(Spin(path: file.path)) }
      #expect(await eventually { !file.lines.isEmpty })
      caller.cancel()
      await #expect(throws: CancellationError.self) { _ = try await caller.value }
      let spinning = try #require(file.lines.first.flatMap { ProcessID($0) })
      #expect(await eventually { ProcessInspection.isGone(spinning) })
      gate.set()
      try await expectEqual(other.value, 7)
    }
  }

  @Test func `a task that listens to its cancellation costs no worker`() async throws {
    try await withWorkers(1, .forkServer, configured(patient)) { pool in
      for _ in 0..<5 {
        let task = try pool.submit(Nap())
        #expect(await eventually { task.isRunning })
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        // Nothing of that cancellation meets the next task.
        try await expectEqual(pool.run(Nap(milliseconds: 50, answer: 3)), 3)
      }
      #expect(pool.statistics.crashed == 0)
    }
  }

  @Test func `a task may handle the soft stop by its signal`() async throws {
    let file = TemporaryFile()
    try await withWorkers(1, .forkServer, configured(patient)) { pool in
      let task = try pool.submit(file.path) { path in
        signal(SIGTERM) { _ in _exit(0) }
        TemporaryFile.append("\(CurrentProcess.id)", to: path)
        while true {}
      }
      #expect(await eventually { !file.lines.isEmpty })
      task.cancel()
      let worker = try #require(file.lines.first.flatMap { ProcessID($0) })
      #expect(await eventually { ProcessInspection.isGone(worker) })
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test func `a soft stop from outside cancels what runs, and the worker rests afterwards`() async throws {
    try await withWorkers(1) { pool in
      let file = TemporaryFile()
      let task = try pool.submit(Nap(path: file.path))
      #expect(await eventually { !file.lines.isEmpty })
      let worker = try #require(pool.workers.first?.processID)
      kill(worker, SIGTERM)
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      try await expectEqual(pool.run(Nap(milliseconds: 50, answer: 3)), 3)
      try await expectEqual(pool.run { CurrentProcess.id }, worker)
      #expect(await eventually { ProcessInspection.state(of: worker) == "S" })
    }
  }

  @Test func `cancelling a task that waits in a worker's hand does not disturb the one that runs`() async throws {
    let file = TemporaryFile()
    try await withWorkers(1) { pool in
      let gate = try Event()
      let running = Task { try await pool.run(Gated(answer: 1, path: file.path, gate: gate)) }
      #expect(await eventually { file.lines == ["1"] })
      // Four in hand of the one worker, behind the one that runs.
      let caller = Task { try await pool.map(0..<4, options: .chunkSize(8)) { $0 } }
      try await Task.sleep(for: .milliseconds(50))
      caller.cancel()
      await #expect(throws: CancellationError.self) { _ = try await caller.value }
      #expect(await eventually { pool.itemsInHand.count == 1 })
      gate.set()
      try await expectEqual(running.value, 1)
      try await expectEqual(pool.run { 2 }, 2)
    }
  }

  @Test func `a stopped worker is killed at the deadline and replaced`() async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let worker = try await pool.run { CurrentProcess.id }
      let task = try pool.submit(options: .timeout(.milliseconds(300))) { while true { raise(SIGSTOP) } }
      #expect(await code { _ = try await task.value } == .timedOut)
      try await expectEqual(pool.run { 1 }, 1)
      #expect(await eventually { ProcessInspection.isGone(worker) })
    }
  }

  @Test func `a pool closed while a worker resists its end still ends`() async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let file = TemporaryFile()
      let task = try pool.submit(Spin(path: file.path))
      #expect(await eventually { !file.lines.isEmpty })
      task.cancel()
      pool.close()
      try await pool.join()
    }
  }

  @Test func `ten thousand tasks that never end are terminated at once`() async throws {
    try await withWorkers(2) { pool in
      let tasks = try (0..<10_000).map { _ in try pool.submit { while true {} } }
      await pool.terminate()
      let cancelled = tasks.count { $0.isCancelled }
      #expect(cancelled == 10_000)
      #expect(pool.statistics.failed == 10_000)
    }
  }

  @Test func `terminate ends stopped and spinning workers`() async throws {
    try await withWorkers(2) { pool in
      let file = TemporaryFile()
      _ = try (0..<2).map { _ in try pool.submit(Spin(path: file.path)) }
      #expect(await eventually { file.lines.count == 2 })
      kill(try #require(pool.workers.first?.processID), SIGSTOP)
      await pool.terminate()
      #expect(pool.workers.isEmpty)
    }
  }
}
