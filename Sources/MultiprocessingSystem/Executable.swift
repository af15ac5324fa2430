internal import CMultiprocessing
internal import Glibc

/// The file this program was started from.
package enum Executable {
  /// A path that starts this very file again, also after it was replaced or deleted. Throws ENOEXEC when that would
  /// start something else: a program run through an explicit loader shows the loader here.
  package static func path() throws -> String { try resolved.get() }

  private static let resolved: Result<String, SystemError> = {
    let own = "/proc/self/exe"
    guard let number = try? systemCall("open", { open(own, O_RDONLY | O_CLOEXEC) }) else {
      return .failure(SystemError(call: "open(\(own))", number: errno))
    }
    let descriptor = Descriptor(owning: number)
    if mp_is_own_executable(descriptor.number) == 1 { return .success(own) }
    // Started as `ld.so ./program`: the loader passes the program's path on.
    guard let path = mp_executed_path() else {
      return .failure(SystemError(call: "getauxval", number: ENOEXEC))
    }
    return .success(String(cString: path))
  }()

  /// Environment of this process as `NAME=VALUE` strings.
  package static func environment() -> [String] {
    var entries: [String] = []
    // SAFETY: a null pointer ends the array, and each entry is copied at once. `setenv` on another thread would race,
    // as with every reader of the environment.
    var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
    while let entry = pointer.pointee {
      entries.append(String(cString: entry))
      pointer += 1
    }
    return entries
  }

  /// Equal while the environment is.
  package static var environmentHash: UInt64 { mp_environment_hash() }

  /// The working directory.
  package static func workingDirectory() -> String? {
    // SAFETY: `getcwd` writes at most the size it is given, with the final zero; the text is copied inside the closure.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      getcwd(buffer.baseAddress!, buffer.count).map { String(cString: $0) }
    }
  }

  /// A path by which another process of this user's gets to this one's directory when that has been deleted.
  package static var pathToDeletedDirectory: String { "/proc/\(getpid())/cwd" }

  /// True when cores go to a program through a pipe: a limit of 0 does not keep the kernel from starting it, 1 does.
  package static let corePatternIsPipe = mp_core_pattern_is_pipe() == 1
}
