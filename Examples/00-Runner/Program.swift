/// One program of the examples.
struct Program: Sendable {
  let name: String
  /// The numbers of the original programs and claims it stands for.
  let rows: [Int]
  let chapter: Chapter
  let summary: String
  let run: @Sendable () async throws -> Void

  init(
    _ name: String, rows: [Int], _ chapter: Chapter, _ summary: String,
    run: @escaping @Sendable () async throws -> Void
  ) {
    self.name = name
    self.rows = rows
    self.chapter = chapter
    self.summary = summary
    self.run = run
  }
}

/// A chapter is a folder of `Examples`.
enum Chapter: String, Sendable {
  case background, starting, names, daemons, ending, isolation, output, parallelism, sharing, queues, channels, pools
}
