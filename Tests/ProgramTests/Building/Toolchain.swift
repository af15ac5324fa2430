internal import Foundation

/// The compiler, and what it needs to know to use the library of the present build.
///
/// A package that depends on this one would be the real thing, and `Scripts/prove-programs.sh` builds it in every way;
/// it takes a minute each. Here the compiler is called directly, against the modules and objects that are there.
enum Toolchain {
  struct NotFound: Error, CustomStringConvertible {
    let description: String
  }

  /// `swiftc` of the search path.
  static let compiler: URL? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { URL(filePath: String($0)).appending(path: "swiftc") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()

  /// Where the modules of this package and of its dependencies are.
  static let searchPaths: [String] = {
    let products = Repository.products
    let moduleMap = products.appending(path: "CMultiprocessing.build/module.modulemap").path
    return [
      "-I", products.appending(path: "Modules").path, "-Xcc", "-fmodule-map-file=\(moduleMap)",
      "-module-cache-path", products.appending(path: "ModuleCache").path, "-swift-version", "6",
    ]
  }()

  /// The objects that the product `Multiprocessing` is linked of, as the linker of the tests was given them.
  static func objects() throws -> [String] {
    let products = Repository.products
    let folders = try FileManager.default.contentsOfDirectory(at: products, includingPropertiesForKeys: nil)
    guard let product = folders.first(where: { $0.lastPathComponent.hasSuffix("PackageTests.product") }) else {
      throw NotFound(description: "no list of linked objects in \(products.path)")
    }
    let list = try String(contentsOf: product.appending(path: "Objects.LinkFileList"), encoding: .utf8)
    let targets = ["Multiprocessing", "MultiprocessingSystem", "CMultiprocessing", "Logging"]
    return list.split(separator: "\n").map { $0.trimmingCharacters(in: ["'", "\""]) }
      .filter { object in targets.contains { object.contains("/\($0).build/") } }
  }

  /// Runs the compiler to its end.
  static func compile(_ arguments: [String]) async throws -> ProgramEnding {
    guard let compiler else { throw NotFound(description: "no swiftc in the search path") }
    return try await RunningProgram(compiler, arguments).end()
  }
}
