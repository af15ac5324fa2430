internal import Glibc
internal import Multiprocessing

/// Memory that a pool's worker has for itself: four workers, each idle after a task.
extension Scenario {
  static let idleWorker = Scenario("idle_worker_USS", unit: "kB") { report in
    let pool = try ProcessPool(workers: 4)
    // More tasks than workers, each longer than a start: every worker gets one.
    _ = try await pool.map(Array(0..<16), options: .chunkSize(1)) { (_: Int) in usleep(50_000) }
    report.figure("ours") { Timing.median(pool.workers.map { privateKilobytes(of: $0.processID) }) }
    await pool.terminate()
  }

  /// Private_Clean and Private_Dirty of all mappings.
  private static func privateKilobytes(of process: ProcessID) -> Double {
    let lines = contents(of: "/proc/\(process)/smaps_rollup").split(separator: "\n")
    let counts = lines.filter { $0.hasPrefix("Private_Clean:") || $0.hasPrefix("Private_Dirty:") }
    return counts.compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Double($0) } }.reduce(0, +)
  }

  private static func contents(of path: String) -> String {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, count in
      // SAFETY: the kernel writes at most the capacity.
      count = max(0, read(descriptor, buffer.baseAddress!, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
