internal import Multiprocessing

extension Program {
  static let poolOfSquares = Program("pool-of-squares", rows: [69], .pools, "five squares from four workers") {
    let squares = try await withProcessPool(workers: 4) { pool in
      try await pool.map(0..<5) { $0 * $0 }
    }
    print("Pool : \(squares)")
  }
}
