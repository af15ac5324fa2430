internal import Foundation
internal import Multiprocessing

/// Counts the words of all text files below a directory: one file a task, the largest first.
///
///     word-count DIRECTORY [NUMBER]
///
/// prints the words that come most often; progress goes to standard error, and at the end where the time went.
@main
enum WordCount {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard let directory = arguments.first, arguments.count <= 2 else {
      fail("usage: word-count DIRECTORY [NUMBER]", status: 64)
    }
    do {
      let files = try textFiles(below: directory)
      let (counts, insights) = try await count(files)
      report(counts, of: files.count, top: arguments.dropFirst().first.flatMap { Int($0) } ?? 10)
      FileHandle.standardError.write(Data("\(insights)\n".utf8))
    } catch {
      fail("\(error)", status: 1)
    }
  }

  private static func count(_ files: [String]) async throws -> ([String: Int], PoolInsights) {
    try await withProcessPool { pool in
      // A file that cannot be read fails its task alone; this program rather counts the others.
      let options = MapOptions(task: .retries(1), progress: .bar("Counting"))
      var total: [String: Int] = [:]
      for counts in try await pool.map(files, options: options, { words(in: $0) }) {
        total.merge(counts, uniquingKeysWith: +)
      }
      return (total, pool.insights)
    }
  }

  /// Runs in a worker. Bytes instead of characters: only the words that are counted become strings.
  static func words(in file: String) -> [String: Int] {
    guard let bytes = try? Data(contentsOf: URL(filePath: file)) else { return [:] }
    var counts: [String: Int] = [:]
    for word in bytes.split(whereSeparator: { !isLetter($0) }) where word.count > 2 {
      counts[String(decoding: word, as: UTF8.self).lowercased(), default: 0] += 1
    }
    return counts
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte >= 128
  }

  /// The largest first: a large one that comes last is waited for by everybody.
  private static func textFiles(below directory: String) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: directory)
    let paths = names.filter { $0.hasSuffix(".txt") || $0.hasSuffix(".md") }.map { directory + "/" + $0 }
    let sizes = paths.map { (try? FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int) ?? 0 }
    return zip(paths, sizes).sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
  }

  private static func report(_ counts: [String: Int], of files: Int, top: Int) {
    print("\(counts.values.reduce(0, +)) words, \(counts.count) different, in \(files) files")
    for (word, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(top) {
      print("\(count)\t\(word)")
    }
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
  }
}
