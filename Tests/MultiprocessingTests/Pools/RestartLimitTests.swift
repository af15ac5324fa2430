import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct RestartLimitTests {
  @Test(arguments: [1, 3])
  func `tasks that crash at every try among others that do not are no crash loop`(workers: Int) async throws {
    try await withWorkers(workers) { pool in
      let options = TaskOptions.retries(2)
      let tasks = try (0..<90).map { number in
        try pool.submit(number, options: options) { number in
          if number % 3 == 0 { exit(3) }
          return number
        }
      }
      for (number, task) in tasks.enumerated() {
        if number % 3 == 0 {
          #expect(await code { _ = try await task.value } == .childExited)
        } else {
          try await expectEqual(task.value, number)
        }
      }
      #expect(pool.statistics.retried == 60)
    }
  }

  @Test func `tasks that all crash are a crash loop, tried again or not`() async throws {
    for retries in [0, 2] {
      try await withWorkers(1, .forkServer, configured { $0.restartLimit = .init(count: 5) }) { pool in
        let tasks = try (0..<6).map { _ in try pool.submit(EndWorker(way: .exit), options: .retries(retries)) }
        var codes: [MultiprocessingError.Code?] = []
        for task in tasks { codes.append(await code { _ = try await task.value }) }
        #expect(codes.allSatisfy { $0 == .childExited || $0 == .crashLoop })
        // The sixth loss is the first above the limit.
        #expect(codes.contains(.crashLoop) == (retries > 0))
        #expect(await code { _ = try await pool.run { 1 } } == .crashLoop)
      }
    }
  }

  @Test func `a pool whose workers are stopped before they greet is a crash loop`() async throws {
    let script = TemporaryFile()
    TemporaryFile.append("#!/bin/sh\nkill -STOP $$", to: script.path)
    chmod(script.path, 0o700)
    let configuration = configured {
      $0.context = ProcessContext(executable: script.path)
      $0.restartLimit = .init(count: 3)
      $0.greetingLimit = .milliseconds(100)
    }
    let pool = try ProcessPool(workers: 2, configuration: configuration)
    #expect(await code { _ = try await pool.run(Nap()) } == .crashLoop)
    pool.close()
    try await pool.join()
  }
}
