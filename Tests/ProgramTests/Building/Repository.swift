internal import Foundation

/// Where the sources and the products of the present build are.
enum Repository {
  static let root = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL
  static let programs = root.appending(path: "Tests/Programs")
  static let compileFailures = root.appending(path: "Tests/CompileFail")

  /// The folder that holds the bundle of the tests: `.build/<triple>/<configuration>`.
  static let products: URL = {
    let bundle = Bundle.allBundles.first { $0.bundleURL.pathExtension == "xctest" }
    let folder = bundle?.bundleURL.deletingLastPathComponent() ?? Bundle.main.bundleURL
    return folder.resolvingSymlinksInPath()
  }()

  /// The Swift files of a folder, in the order of their names.
  static func swiftFiles(in folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }.sorted { $0.path < $1.path }
  }

  /// What a file's first line says after `// <word>: `; nil when it does not begin so.
  static func note(_ word: String, in file: URL) throws -> String? {
    let first = try String(contentsOf: file, encoding: .utf8).prefix { !$0.isNewline }
    let beginning = "// \(word): "
    return first.hasPrefix(beginning) ? String(first.dropFirst(beginning.count)) : nil
  }
}
