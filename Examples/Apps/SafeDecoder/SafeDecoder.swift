internal import Foundation
internal import Multiprocessing

/// Decodes documents of unknown origin in a pool whose workers may crash, hang and eat memory.
///
///     safe-decoder [FILE ...]
///
/// Without files it decodes some of its own, most of them hostile. Each line says what became of a document; the
/// program itself survives them all.
@main
enum SafeDecoder {
  static func main() async throws {
    let files = CommandLine.arguments.dropFirst()
    let documents =
      files.isEmpty ? samples : files.map { ($0, (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "") }
    var configuration = ProcessPool.Configuration()
    // What a document may cost. The limit of memory is that of a worker with everything in it.
    configuration.context.limits.memory = 512 << 20
    configuration.gracePeriod = .milliseconds(100)
    // Hostile documents one after another are no reason to give up.
    configuration.restartLimit = .init(count: max(10, 2 * documents.count))
    try await withProcessPool(workers: 2, configuration: configuration) { pool in
      let options = MapOptions(task: .timeout(.seconds(10)))
      let outcomes = pool.stream(documents.map(\.1), options: options) { try NestedList(decoding: $0).sum }.results
      var names = documents.map(\.0).makeIterator()
      for await outcome in outcomes { print("\(names.next() ?? ""): \(describe(outcome))") }
      FileHandle.standardError.write(Data("\(pool.statistics)\n".utf8))
    }
  }

  private static func describe(_ outcome: Result<Int, any Error>) -> String {
    switch outcome {
    case .success(let sum): return "sum \(sum)"
    case .failure(let error as NestedList.Malformed): return "malformed at \(error.position)"
    case .failure(let error as MultiprocessingError):
      switch error.code {
      case .childCrashed: return "refused: it crashed the decoder"
      case .limitExceeded: return "refused: it wants too much memory"
      case .timedOut: return "refused: it takes too long"
      default: return "refused: \(error)"
      }
    case .failure(let error): return "refused: \(error)"
    }
  }

  private static let samples: [(String, String)] = [
    ("plain", "(1 2 (3 4))"),
    ("repeated", "10*(1 2)"),
    ("cut short", "(1 2"),
    ("too deep", String(repeating: "(", count: 3_000_000)),
    ("too large a number", "99999999999999999999"),
    ("large", "999999*9"),
    ("a bomb", "999999999*9"),
    ("slow", "9999*9999*9999*9"),
    ("plain again", "(20 22)"),
  ]
}
