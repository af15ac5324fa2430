internal import Logging
internal import Multiprocessing
internal import ServiceLifecycle

/// What a server would get from its clients: a job every few milliseconds, until it shuts down.
struct Intake: Service {
  let pool: ProcessPool
  let logger: Logger
  let millisecondsOfJob: Int

  func run() async throws {
    var accepted = 0
    while !Task.isShuttingDownGracefully {
      _ = try pool.submit(Job(milliseconds: millisecondsOfJob))
      accepted += 1
      if accepted == 10 { logger.notice("busy") }
      try await Task.sleep(for: .milliseconds(5))
    }
    logger.notice("closed", metadata: ["accepted": "\(accepted)"])
  }
}

/// Something that takes its time.
struct Job: ProcessTask {
  let milliseconds: Int

  func run() async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }
}
