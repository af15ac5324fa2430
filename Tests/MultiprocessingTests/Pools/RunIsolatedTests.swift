import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct RunIsolatedTests {
  @Test(arguments: StartMethod.forTasks)
  func `a task in a process of its own gives its value or its error`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    try await expectEqual(runIsolated(Power(base: 2, exponent: 5), context: context), 32)
    try await expectEqual(runIsolated(2, 3, context: context) { (left: Int, right: Int) in left + right }, 5)
    try await runIsolated(context: context) {}
    await #expect(throws: CodableFailure.self) { _ = try await runIsolated(Failing(), context: context) }
  }

  @Test(arguments: StartMethod.forTasks, EndWorker.Way.allCases)
  func `its death is an error`(method: StartMethod, way: EndWorker.Way) async throws {
    let task = EndWorker(way: way)
    #expect(await code { _ = try await runIsolated(task, context: ProcessContext(method)) } == task.code)
  }

  @Test func `a timeout and a cancellation kill it`() async throws {
    let file = TemporaryFile()
    #expect(await code { _ = try await runIsolated(Spin(path: file.path), timeout: .seconds(1)) } == .timedOut)
    let begun = file.lines.count
    let caller = Task { try await runIsolated(Spin(path: file.path)) }
    #expect(await eventually { file.lines.count > begun })
    caller.cancel()
    await #expect(throws: CancellationError.self) { _ = try await caller.value }
    #expect(file.lines.allSatisfy { ProcessInspection.isGone(ProcessID($0) ?? 0) })
  }

  @Test func `a process that does not end after its value is killed in time, or with its caller`() async throws {
    let file = TemporaryFile()
    let stubborn: @Sendable (Duration?) async throws -> Int = { [path = file.path] timeout in
      try await runIsolated(path, timeout: timeout) { path in
        _ = ExitHandler { while true { usleep(1000) } }
        TemporaryFile.append("\(getpid())", to: path)
        return 7
      }
    }
    try await expectEqual(stubborn(.seconds(1)), 7)
    let caller = Task { try await stubborn(nil) }
    #expect(await eventually { file.lines.count == 2 })
    try await Task.sleep(for: .milliseconds(100))
    caller.cancel()
    _ = try? await caller.value
    #expect(file.lines.allSatisfy { ProcessInspection.isGone(ProcessID($0) ?? 0) })
  }

  @Test func `it is refused in a cancelled task, and starts nothing`() async throws {
    let file = TemporaryFile()
    let caller = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      _ = try await runIsolated(Nap(milliseconds: 0, path: file.path))
    }
    await #expect(throws: CancellationError.self) { try await caller.value }
    #expect(file.lines.isEmpty)
  }

  @Test func `a limit on its memory or its processor time ends it`() async throws {
    let memory = ProcessContext(limits: ResourceLimits(memory: 100_000_000))
    let grown = await code {
      _ = try await runIsolated(300_000_000, context: memory) { [UInt8](repeating: 1, count: $0).count }
    }
    #expect(grown == .limitExceeded)
    let time = ProcessContext(limits: ResourceLimits(cpuTime: .seconds(1)))
    #expect(await code { _ = try await runIsolated(Spin(), context: time) } == .limitExceeded)
  }
}
