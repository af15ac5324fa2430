internal import CMultiprocessing
internal import Glibc

/// Starting a program with exactly the descriptors named.
package struct Spawn {
  package var path: String
  package var arguments: [String]
  /// `NAME=VALUE` strings.
  package var environment: [String]
  package var workingDirectory: String?
  /// What the child has as 0, 1 and 2.
  package var standard: [Int32]
  /// What it has from 3 on.
  package var descriptors: [Int32]

  package init(
    path: String, arguments: [String], environment: [String], workingDirectory: String?, standard: [Int32],
    descriptors: [Int32]
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.standard = standard
    self.descriptors = descriptors
  }

  /// Starts it (`mp_spawn`): a group of its own, default signal dispositions, an empty mask.
  package func start() throws -> Int32 {
    let all = standard + descriptors
    return try withStrings(arguments) { argv in
      try withStrings(environment) { envp in
        var id: Int32 = 0
        let number = mp_spawn(&id, path, argv, envp, workingDirectory, all, Int32(all.count))
        if number != 0 { throw SystemError(call: "posix_spawn(\(path))", number: number) }
        return id
      }
    }
  }

  // SAFETY: the pointer and its strings are valid inside the body only; `mp_spawn` is done with them when it returns.
  private func withStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> R
  ) throws -> R {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    // SAFETY: the copies live until the body returns.
    return try copies.withUnsafeBufferPointer { try body($0.baseAddress!) }
  }
}
