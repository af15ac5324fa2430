internal import Foundation

/// Builds each program of `Tests/Programs` once. With `MP_PROGRAMS` in the environment, takes it from that folder: built
/// there by `Scripts/prove-programs.sh` in another way.
actor ProgramBuilder {
  static let shared = ProgramBuilder()

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private var builds: [String: Task<URL, any Error>] = [:]
  private let turns = Turns(count: ProcessInfo.processInfo.activeProcessorCount)

  func executable(_ name: String) async throws -> URL {
    if let folder = ProcessInfo.processInfo.environment["MP_PROGRAMS"] {
      return URL(filePath: folder).appending(path: name)
    }
    let build = builds[name] ?? Task { try await self.turns.take { try await Self.build(name) } }
    builds[name] = build
    return try await build.value
  }

  private static func build(_ name: String) async throws -> URL {
    let sources = try Repository.swiftFiles(in: Repository.programs.appending(path: name))
    let folder = Repository.products.appending(path: "ProgramTests.programs")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (file, list) = (folder.appending(path: name), folder.appending(path: "\(name).objects"))
    try Toolchain.objects().joined(separator: "\n").write(to: list, atomically: true, encoding: .utf8)
    var arguments = Toolchain.searchPaths + ["-Onone", "-module-name", name, "-o", file.path, "@\(list.path)"]
    for source in sources {
      arguments += try Repository.note("flags", in: source)?.split(separator: " ").map(String.init) ?? []
    }
    if !sources.contains(where: { $0.lastPathComponent == "main.swift" }) { arguments.append("-parse-as-library") }
    let ending = try await Toolchain.compile(arguments + sources.map(\.path))
    guard ending.status == 0 else {
      throw Failure(description: (ending.lines + ending.errorLines).joined(separator: "\n"))
    }
    return file
  }
}
