internal import Foundation
internal import Logging
internal import Multiprocessing
internal import ServiceLifecycle
internal import UnixSignals

/// A server that works in a pool of processes, and shuts down gracefully:
///
///     graceful-service [MILLISECONDS OF ONE JOB [SECONDS OF GRACE]]
///
/// At SIGTERM or SIGINT it takes no more jobs, finishes those it has, and ends with status 0. If that takes longer than
/// the grace, the rest is stopped with its workers, and the status is 1.
@main
enum GracefulService {
  static func main() async throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let logger = Logger(label: "graceful-service", factory: { StreamLogHandler.standardError(label: $0) })
    let pool = try ProcessPool(workers: 2)
    var configuration = ServiceGroupConfiguration(
      // The last is shut down first: when the pool drains, nobody gives it more.
      services: [
        PoolService(pool: pool, logger: logger),
        Intake(pool: pool, logger: logger, millisecondsOfJob: numbers.first ?? 100),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(numbers.dropFirst().first ?? 10)
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch {
      logger.error("not finished in time", metadata: ["error": "\(error)"])
      exit(1)
    }
  }
}
