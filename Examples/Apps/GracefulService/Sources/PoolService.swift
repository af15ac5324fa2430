internal import Logging
internal import Multiprocessing
internal import ServiceLifecycle

/// Keeps a pool until the group shuts down, and then lets it finish what was submitted.
struct PoolService: Service {
  let pool: ProcessPool
  let logger: Logger

  func run() async throws {
    do {
      try await gracefulShutdown()
      pool.close()
      // Throws when the group's patience is at its end: it cancels its services then.
      try await pool.join()
    } catch {
      await pool.terminate()
      report("stopped")
      throw error
    }
    report("drained")
  }

  private func report(_ word: String) {
    logger.notice("\(word)", metadata: ["completed": "\(pool.statistics.completed)"])
  }
}
