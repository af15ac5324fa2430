internal import MultiprocessingSystem
internal import Synchronization

/// How children are started. A value: changing a copy changes nothing else.
public struct ProcessContext: Sendable {
  /// The start method.
  public var startMethod: StartMethod
  /// The child's environment; nil: the parent's.
  public var environment: [String: String]?
  /// Where the child starts; nil: where the parent is.
  public var workingDirectory: String?
  /// What the child may use.
  public var limits: ResourceLimits
  /// Path of another build of the program, always started by `spawn`. It runs tasks by type, with values as CBOR:
  /// closures throw `notTransferable`, and a type it lacks throws `startFailed`.
  public var executable: String?
  /// The child writes to the parent's standard error directly. Otherwise a pipe of the parent's takes its output, in
  /// whole lines, and keeps the last 8 KiB for crash reports; standard error is then not a terminal in the child.
  public var inheritsStandardError = false

  /// A context.
  ///
  /// - Parameters:
  ///   - startMethod: how the child comes to be.
  ///   - environment: the child's whole environment; nil: the parent's.
  ///   - workingDirectory: where the child starts; nil: where the parent is.
  ///   - limits: what it may use.
  ///   - executable: another build of the program.
  public init(
    _ startMethod: StartMethod = .default, environment: [String: String]? = nil, workingDirectory: String? = nil,
    limits: ResourceLimits = ResourceLimits(), executable: String? = nil
  ) {
    self.startMethod = startMethod
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.limits = limits
    self.executable = executable
  }

  /// What calls use that are given no context. Children begin with a plain one of their parent's start method.
  public static var `default`: ProcessContext {
    get { published.value ?? ProcessContext(OwnStart.method.map { $0 == .fork ? .default : $0 } ?? .default) }
    set {
      // SAFETY: first, so that a copy forked between the two lines forgets too much and never too little.
      wasSet.store(true, ordering: .sequentiallyConsistent)
      published.value = newValue
    }
  }

  /// In a child that may be a copy: it begins with a plain one. Where none was set, as in nearly all, that costs nothing.
  static func forgetDefault() {
    // SAFETY: as above.
    if wasSet.load(ordering: .sequentiallyConsistent) { published.value = nil }
  }

  private static let published = Published<ProcessContext?>(nil)
  private static let wasSet = Atomic<Bool>(false)

  /// - Throws: `unsupported` for `fork`, `invalidArgument` for text with a NUL or a limit out of range.
  func checkForTasks() throws {
    guard StartMethod.forTasks.contains(startMethod) else {
      throw MultiprocessingError(
        .unsupported, "start method \(startMethod) runs closures only: use ChildProcess.fork, or spawn or forkServer")
    }
    try limits.check()
    let texts = [workingDirectory, executable].compactMap { $0 } + (environment ?? [:]).flatMap { [$0.key, $0.value] }
    if texts.contains(where: { $0.utf8.contains(0) }) {
      throw MultiprocessingError(.invalidArgument, "a path or environment string of the context contains a NUL")
    }
    if (environment ?? [:]).keys.contains(where: { $0.isEmpty || $0.contains("=") }) {
      throw MultiprocessingError(.invalidArgument, "an environment name of the context is empty or contains '='")
    }
  }
}
