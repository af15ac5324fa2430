internal import Foundation
internal import Multiprocessing
internal import Synchronization

extension Program {
  // In Python a callback that does not return at once holds up every other result. Here it runs in a task of its own.
  static let slowCallback = Program("slow-callback", rows: [70], .pools, "a slow callback delays nothing") {
    try await withProcessPool(workers: 2) { pool in
      print("blocking: \(try await pool.run(5) { $0 * $0 })")

      let (told, tell) = AsyncStream.makeStream(of: Int.self)
      let isMapped = DispatchSemaphore(value: 0)
      let hasEnded = Mutex(false)
      try pool.submit(6) { $0 * $0 }.onCompletion { result in
        isMapped.wait()
        hasEnded.withLock { $0 = true }
        tell.yield((try? result.get()) ?? 0)
        tell.finish()
      }

      let squares = try await pool.map(0..<5) { $0 * $0 }
      print("mapped: \(squares), before the callback ended: \(!hasEnded.withLock { $0 })")
      isMapped.signal()
      for await square in told { print("told: \(square)") }
    }
  }
}
