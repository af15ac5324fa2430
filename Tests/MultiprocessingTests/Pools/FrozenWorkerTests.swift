import Foundation
import Testing

@testable import Multiprocessing

/// A control group whose processes do not run, and do not end when they are killed: as in uninterruptible sleep.
private final class Freezer: Sendable {
  private let path = "/sys/fs/cgroup/freezer/mp-test-\(UUID().uuidString)"

  init?() { guard mkdir(path, 0o755) == 0 else { return nil } }

  /// Processes leave it when they end, which they may not have done yet.
  deinit { for _ in 0..<1000 where rmdir(path) != 0 && errno == EBUSY { usleep(1000) } }

  private func write(_ text: String, to file: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: "\(path)/\(file)"))
    try handle.write(contentsOf: Data(text.utf8))
  }

  func freeze(_ process: ProcessID) throws {
    try write("\(process)", to: "cgroup.procs")
    try write("FROZEN", to: "freezer.state")
  }

  func thaw() throws { try write("THAWED", to: "freezer.state") }

  static let isThere = Freezer() != nil
}

@Suite(.isolated) struct FrozenWorkerTests {
  @Test(.enabled(if: Freezer.isThere, "needs the freezer of control groups"))
  func `a killed worker that does not end counts as lost: its keys are another's, and the pool ends`() async throws {
    let freezer = try #require(Freezer())
    let pool = try ProcessPool(workers: 2, configuration: configured(hasty))
    let file = TemporaryFile()
    let key = TaskOptions(affinityKey: "key")
    let stuck = try pool.submit(file.path, options: key) { path in
      TemporaryFile.append("\(getpid())", to: path)
      while true { usleep(1000) }
    }
    #expect(await eventually { file.lines.count == 1 })
    let frozen = try #require(file.lines.first.flatMap { ProcessID($0) })
    try freezer.freeze(frozen)
    stuck.cancel()
    await #expect(throws: CancellationError.self) { try await stuck.value }
    let next = try pool.submit(options: key) { getpid() }
    #expect(try await next.value != frozen)
    pool.close()
    try await pool.join()
    #expect(!ProcessInspection.isGone(frozen))
    try freezer.thaw()
    #expect(await eventually { ProcessInspection.isGone(frozen) })
  }
}
