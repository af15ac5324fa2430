import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// A control group of version 1 with little memory, below the own one; to be removed when its processes have ended.
///
/// Root can make one where the hierarchy is mounted for writing. Version 2 refuses a group with processes and groups in
/// it at once, so there the limits are tested by files of our own.
final class SmallMemoryGroup: Sendable {
  let directory: String

  init?(byteCount: Int) {
    let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8))?.split(separator: "\n")
      .first { $0.split(separator: ":", omittingEmptySubsequences: false).dropFirst().first == "memory" }
      .flatMap { $0.split(separator: ":").last }
    guard let own else { return nil }
    directory = "/sys/fs/cgroup/memory\(own == "/" ? "" : own)/mp-test-\(UUID().uuidString)"
    guard mkdir(directory, 0o700) == 0 else { return nil }
    guard Self.write("\(byteCount)", to: "\(directory)/memory.limit_in_bytes") else {
      rmdir(directory)
      return nil
    }
  }

  /// The kernel needs a moment to see that a group is empty.
  func remove() {
    let deadline = ContinuousClock.now + .seconds(5)
    while rmdir(directory) != 0, ContinuousClock.now < deadline { usleep(2000) }
  }

  static let canBeMade: Bool = {
    let group = SmallMemoryGroup(byteCount: 64 << 20)
    group?.remove()
    return group != nil
  }()

  /// Moves the calling process into the group.
  static func enter(_ directory: String) -> Bool { write("\(getpid())", to: "\(directory)/cgroup.procs") }

  private static func write(_ text: String, to path: String) -> Bool {
    (try? text.write(toFile: path, atomically: false, encoding: .utf8)) != nil
  }
}

/// How far a child came.
struct FillOutcome: Codable, Sendable {
  var first: MultiprocessingError.Code?
  var kept = 0
  var last: MultiprocessingError.Code?
}

@Suite(.isolated) struct `In a small memory group` {
  /// Makes memory until there is an error, and writes all of it.
  private static func fill(_ make: () throws -> SharedMemory) -> FillOutcome {
    var outcome = FillOutcome()
    var kept: [SharedMemory] = []
    do {
      while kept.count < 1000 { kept.append(try make()) }
    } catch { outcome.last = (error as? MultiprocessingError)?.code }
    for memory in kept { memory.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 1) } }
    outcome.kept = kept.count
    return outcome
  }

  @Test(.enabled(if: SmallMemoryGroup.canBeMade), arguments: [1 << 20, 300_000])
  func `what does not fit is an error, and what fitted can be written`(byteCount: Int) async throws {
    let group = try #require(SmallMemoryGroup(byteCount: 64 << 20))
    defer { group.remove() }
    let child = try ChildProcess.start(group.directory, byteCount) { directory, byteCount in
      guard SmallMemoryGroup.enter(directory) else { return FillOutcome() }
      var outcome = FillOutcome()
      do { _ = try SharedMemory(byteCount: 200 << 20) } catch { outcome.first = (error as? MultiprocessingError)?.code }
      let first = outcome.first
      outcome = Self.fill { try SharedMemory(byteCount: byteCount) }
      outcome.first = first
      return outcome
    }
    let outcome = try await child.value
    #expect(outcome.first == .outOfMemory)
    #expect(outcome.last == .outOfMemory)
    #expect(outcome.kept * byteCount > 16 << 20)
    #expect(outcome.kept * byteCount < 64 << 20)
  }

  @Test(.enabled(if: SmallMemoryGroup.canBeMade))
  func `small blocks end in an error, too`() async throws {
    let group = try #require(SmallMemoryGroup(byteCount: 32 << 20))
    defer { group.remove() }
    let child = try ChildProcess.start(group.directory) { directory in
      guard SmallMemoryGroup.enter(directory) else { return FillOutcome() }
      var blocks: [SharedBlock] = []
      var outcome = FillOutcome()
      do {
        while blocks.count < 20_000 { blocks.append(try SharedBlock(byteCount: 4000)) }
      } catch { outcome.last = (error as? MultiprocessingError)?.code }
      for block in blocks { block.address.storeBytes(of: 1, as: UInt8.self) }
      outcome.kept = blocks.count
      return outcome
    }
    let outcome = try await child.value
    #expect(outcome.last == .outOfMemory)
    #expect(outcome.kept > 1000)
  }
}

@Suite struct `In a memory group of version 2` {
  @Test(arguments: ["/sys/fs/cgroup", "/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b"])
  func `the limit of any group above counts`(directory: String) throws {
    let root = NSTemporaryDirectory() + "/mp-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    func write(_ text: String, to path: String) throws {
      let url = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: false, encoding: .utf8)
    }
    try write("0::/a/b\n", to: "/proc/self/cgroup")
    try write("35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n", to: "/proc/self/mountinfo")
    try write("MemAvailable: 8000000 kB\n", to: "/proc/meminfo")
    for group in ["/sys/fs/cgroup", "/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b"] {
      try write(group == directory ? "67108864\n" : "max\n", to: "\(group)/memory.max")
      try write("33554432\n", to: "\(group)/memory.current")
    }
    let reservation = MemoryReservation { MemoryFacts.now(root: root).usable }
    try reservation.reserve(0..<(16 << 20)) { _ in }
    let error = try #require(throws: MultiprocessingError.self) { try reservation.reserve(0..<(40 << 20)) { _ in } }
    #expect(error.code == .outOfMemory)
    // What others take is seen at the next look.
    try write("66060288\n", to: "\(directory)/memory.current")
    #expect(throws: MultiprocessingError.self) { try reservation.reserve(0..<(4 << 20)) { _ in } }
  }
}
