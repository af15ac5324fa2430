internal import Multiprocessing

extension Program {
  static let whereTimeGoes = Program("where-time-goes", rows: [], .pools, "the insights of a pool") {
    try await withProcessPool(workers: 2) { pool in
      try await pool.map([5, 10, 80, 5]) { try await Task.sleep(for: .milliseconds($0)) }
      print(pool.insights)
    }
  }
}
