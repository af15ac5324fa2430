import Foundation
import Testing

@testable import Multiprocessing

/// Messages whose content is in a file, in processes that may have few descriptors.
@Suite(.isolated) struct ScarceDescriptorTests {
  private static func context(_ openFiles: Int) -> ProcessContext {
    ProcessContext(.spawn, limits: ResourceLimits(openFiles: openFiles))
  }

  @Test(arguments: [6000, 40_000])
  func `results that nobody has read yet do not use up the descriptors`(count: Int) async throws {
    let child = try ChildProcess.start(count, context: Self.context(200)) { count in
      try await withProcessPool(workers: 2) { pool in
        let tasks = try (0..<300).map { number in
          try pool.submit(number, count) { number, count in [Double](repeating: Double(number), count: count) }
        }
        var right = 0
        for (number, task) in tasks.enumerated() {
          let value = try await task.value
          if value.count == count, value.last == Double(number) { right += 1 }
        }
        return [right, pool.statistics.failed, pool.statistics.crashed]
      }
    }
    #expect(try await child.value == [300, 0, 0])
  }

  @Test func `large arguments of tasks that wait do not use up the descriptors`() async throws {
    let child = try ChildProcess.start(context: Self.context(200)) {
      try await withProcessPool(workers: 2) { pool in
        let tasks = try (0..<300).map { number in
          try pool.submit([UInt8](repeating: UInt8(number & 255), count: 300_000)) { $0.count + Int($0[299_999]) }
        }
        var right = 0
        for (number, task) in tasks.enumerated() where try await task.value == 300_000 + number & 255 { right += 1 }
        return right
      }
    }
    #expect(try await child.value == 300)
  }

  @Test func `a result that cannot be received is its task's error, and no other's`() async throws {
    let child = try ChildProcess.start(context: Self.context(200)) {
      try await withProcessPool(workers: 1) { pool in
        try await pool.run {}
        let task = try pool.submit { () -> [UInt8] in
          usleep(300_000)
          return [UInt8](repeating: 1, count: 100_000)
        }
        try await Task.sleep(for: .milliseconds(100))
        var taken: [Int32] = []
        while let number = Optional(dup(0)), number >= 0 { taken.append(number) }
        var codes: [String] = []
        do { codes.append("\(try await task.value.count)") } catch let error as MultiprocessingError {
          codes.append("\(error.code)")
        }
        codes.append("\(try await pool.run { 5 })")
        for number in taken { close(number) }
        codes.append("\(try await pool.run { [UInt8](repeating: 1, count: 100_000) }.count)")
        return codes + ["\(pool.statistics.crashed)"]
      }
    }
    #expect(try await child.value == ["system", "5", "100000", "0"])
  }

  @Test func `a task that no worker can receive fails alone`() async throws {
    let context = ProcessContext(.forkServer, limits: ResourceLimits(openFiles: 64))
    let pool = try ProcessPool(workers: 2, configuration: configured { $0.context = context })
    let handles = try (0..<100).map { _ in try DescriptorHandle(duplicating: 2) }
    let error = await #expect(throws: MultiprocessingError.self) { _ = try await pool.run(handles) { $0.count } }
    #expect(error?.code == .childExited && error?.message.contains("limit of open files") == true)
    try await expectEqual(pool.run { 1 }, 1)
    pool.close()
    try await pool.join()
  }

  @Test func `what a worker without descriptors cannot receive goes to another`() async throws {
    let configuration = configured { $0.context = ProcessContext(.forkServer, limits: ResourceLimits(openFiles: 64)) }
    let pool = try ProcessPool(workers: 1, configuration: configuration)
    let first = try await pool.run { () -> Int32 in
      while dup(0) >= 0 {}
      return getpid()
    }
    let (count, second) = try await pool.run([UInt8](repeating: 1, count: 100_000)) { bytes in
      [Int32(bytes.count), getpid()]
    }.pair
    #expect(count == 100_000 && second != first)
    pool.close()
    try await pool.join()
  }
}

extension [Int32] {
  fileprivate var pair: (Int32, Int32) { (self[0], self[1]) }
}
