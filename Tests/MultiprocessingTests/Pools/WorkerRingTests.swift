import Foundation
import Logging
import MultiprocessingSystem
import Synchronization
import Testing

@testable import Multiprocessing

/// Dies before so many accesses to shared words from now: of its answer, or of the tasks after it.
private struct DieLater: ProcessTask {
  var step: Int

  func run() async throws { Steps.die(before: step) }
}

private struct Measure: ProcessTask {
  var bytes: [UInt8]
  var answer: Int

  func run() async throws -> [UInt8] { [UInt8](repeating: UInt8(bytes.count % 251), count: answer) }
}

/// What is special where tasks and answers go through memory.
@Suite(.isolated) struct WorkerRingTests {
  @Test(arguments: StartMethod.forTasks)
  func `large and small tasks and answers keep their order`(method: StartMethod) async throws {
    try await withWorkers(1, method) { pool in
      let order = Mutex<[Int]>([])
      let sizes = [10, 50_000, 10, 16_000, 17_000, 300_000, 0, 40_000, 5]
      let tasks = try (0..<90).map { number in
        let task = try pool.submit(
          Measure(bytes: [UInt8](repeating: 1, count: sizes[number % 9]), answer: sizes[(number + 4) % 9]))
        task.completion.observe { _ in order.withLock { $0.append(number) } }
        return task
      }
      for (number, task) in tasks.enumerated() {
        let answer = try await task.value
        #expect(answer.count == sizes[(number + 4) % 9])
        #expect(answer.allSatisfy { $0 == UInt8(sizes[number % 9] % 251) })
      }
      #expect(order.withLock { $0 } == Array(0..<90))
    }
  }

  @Test func `threads that block side by side each get their own answers`() async throws {
    try await withWorkers(2) { pool in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for caller in 0..<6 {
          group.addTask {
            try await onThread {
              for number in 0..<300 {
                let answer = try pool.blocking.run(caller, number) { $0 * 1000 + $1 }
                #expect(answer == caller * 1000 + number)
              }
            }
          }
        }
        for caller in 6..<9 {
          group.addTask {
            for number in 0..<300 {
              let answer = try await pool.run(caller, number) { $0 * 1000 + $1 }
              #expect(answer == caller * 1000 + number)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(pool.statistics.completed == 2700)
    }
  }

  @Test func `a thread that sleeps on an answer hears of its worker's death, of a timeout and of a cancellation`()
    async throws
  {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let file = TemporaryFile()
      let doomed = try pool.submit(Nap(path: file.path))
      #expect(await eventually { !file.lines.isEmpty })
      let worker = try #require(pool.workers.first?.processID)
      let waiting = Task { try await onThread { _ = try doomed.blocking.value() } }
      try await Task.sleep(for: .milliseconds(50))
      kill(worker, SIGKILL)
      await #expect(throws: MultiprocessingError.self) { try await waiting.value }
      try await onThread {
        #expect(throws: MultiprocessingError.self) {
          _ = try pool.blocking.run(Nap(), options: TaskOptions(timeout: .milliseconds(50)))
        }
        let slow = try pool.submit(Nap())
        #expect(throws: MultiprocessingError.self) { try slow.blocking.value(timeout: .milliseconds(30)) }
        Thread.detachNewThread {
          usleep(30_000)
          slow.cancel()
        }
        #expect(throws: CancellationError.self) { try slow.blocking.value() }
        let answer = try pool.blocking.run(3) { $0 + 1 }
        #expect(answer == 4)
      }
    }
  }

  @Test func `a retry in another worker reaches the thread that sleeps on the first`() async throws {
    try await withWorkers(2) { pool in
      let file = TemporaryFile()
      // It ends when it has begun twice.
      let task = try pool.submit(file.path, options: TaskOptions(retries: 3)) { path in
        TemporaryFile.append("8", to: path)
        while TemporaryFile.lines(of: path).count < 2 { usleep(1000) }
        return 8
      }
      #expect(await eventually { !file.lines.isEmpty })
      let waiting = Task {
        try await onThread {
          let answer = try task.blocking.value()
          #expect(answer == 8)
        }
      }
      try await Task.sleep(for: .milliseconds(20))
      for worker in pool.workers where worker.isBusy { kill(worker.processID, SIGKILL) }
      try await waiting.value
      #expect(file.lines == ["8", "8"])
    }
  }

  @Test func `a worker that may open nothing more works without rings`() async throws {
    func maps(_ worker: ProcessID) throws -> Bool {
      // By a handle: what has no size is read a page long elsewhere.
      let file = try #require(FileHandle(forReadingAtPath: "/proc/\(worker)/maps"))
      return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self).contains("mp-rings")
    }
    try await withWorkers(1) { pool in
      for number in 0..<50 { _ = try await pool.run(number) { $0 * 2 } }
      let usual = try maps(try #require(pool.workers.first?.processID))
      #expect(usual)
    }
    var without = 0
    for limit in 5...12 {
      // The limit is the server's while it makes the worker.
      let context = ProcessContext(.forkServer, limits: ResourceLimits(openFiles: limit))
      let limited = try ProcessPool(workers: 1, configuration: configured { $0.context = context })
      // With the fewest it cannot be made at all.
      if (try? await limited.run {}) != nil {
        for number in 0..<50 { #expect(try await limited.run(number) { $0 * 2 } == number * 2) }
        if try !maps(try #require(limited.workers.first?.processID)) { without += 1 }
        let large = try await limited.run([UInt8](repeating: 3, count: 20_000)) { $0.count }
        #expect(large == 20_000)
      }
      await limited.terminate()
    }
    #expect(without > 0)
  }

  @Test func `a copy that a task forks cannot write into the worker's ring`() async throws {
    try await withWorkers(1, .forkServer, configured { $0.forwardedLogLevel = .info }) { pool in
      for number in 0..<20 {
        let answer = try await pool.run(number) { number in
          let copy = try ChildProcess<Int>.fork {
            Logger(label: "copy").info("written by a copy")
            return 3
          }
          return try await copy.value + number
        }
        #expect(answer == number + 3)
      }
      #expect(pool.statistics.failed == 0)
    }
  }

  @Test func `waits that end before their task do not hold the next`() async throws {
    try await withWorkers(1) { pool in
      let task = try pool.submit(Nap(milliseconds: 300, answer: 5))
      try await onThread {
        for _ in 0..<100 {
          do { _ = try task.blocking.value(timeout: .milliseconds(1)) } catch {
            #expect((error as? MultiprocessingError)?.code == .timedOut)
          }
        }
        let answer = try task.blocking.value()
        #expect(answer == 5)
        // The line to the worker is free again.
        for number in 0..<100 {
          let next = try pool.blocking.run(number) { $0 + 1 }
          #expect(next == number + 1)
        }
      }
    }
  }

  @Test func `a stopped worker takes no caller with it, however much it is sent`() async throws {
    try await withWorkers(1) { pool in
      try await pool.run {}
      let worker = try #require(pool.workers.first?.processID)
      kill(worker, SIGSTOP)
      // Its threads stop one after another.
      #expect(await eventually { ProcessControl.isStopped(worker) })
      // More than ring and socket hold.
      let tasks = try (0..<400).map { try pool.submit(Measure(bytes: [UInt8](repeating: 7, count: 9_000), answer: $0)) }
      let _: Void = try await onThread {
        #expect(throws: MultiprocessingError.self) { try tasks[0].blocking.value(timeout: .milliseconds(50)) }
      }
      kill(worker, SIGCONT)
      for (number, task) in tasks.enumerated() { #expect(try await task.value.count == number) }
    }
  }

  @Test(.steps) func `a death at any access to the rings costs the task that ran at most, once`() async throws {
    try await StepDeath.tryAll("tasks and answers") { step in
      var lived = false
      try await withWorkers(1) { pool in
        let before = try #require(pool.workers.first?.processID)
        _ = try? await pool.run(DieLater(step: step))
        let tasks = try (0..<6).map { number in
          try pool.submit(Measure(bytes: [1], answer: number), options: TaskOptions(retries: 2))
        }
        for (number, task) in tasks.enumerated() {
          #expect(try await task.value.count == number, "killed before step \(step)")
        }
        lived = pool.workers.first?.processID == before
      }
      return lived
    }
  }
}
