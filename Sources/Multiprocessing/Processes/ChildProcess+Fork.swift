internal import MultiprocessingSystem

extension ChildProcess {
  /// Start method `fork`: the child is a copy of this process in which only the calling thread exists. The closure and
  /// all it captures are inherited.
  ///
  /// Synchronous, because no async code runs in a forked copy: once a program has used tasks, Dispatch or timers, their
  /// threads are missing in the copy and such work waits for ever. A lock that another thread of the parent held at
  /// that moment stays held, in libraries too (date formatting of a busy parent hung 19 copies of 100), and in Swift's
  /// runtime, which takes one when a generic type is used for the first time: encode a result of a type of yours once
  /// before, where other threads begin to use new types meanwhile. Keep to plain computation, or use `start`. A warning is
  /// logged when other threads exist. Threads of the library's own, and calls of `fork` and `value`, are waited for.
  ///
  /// - Parameters:
  ///   - name: the child's name; nil: `Process-1`, `Process-2` and so on.
  ///   - isDaemon: kill the child when this process ends, rather than join it.
  ///   - body: what runs in the child; an error it throws arrives through `value`.
  /// - Throws: `startFailed` when the system has no process, descriptors or memory left, `invalidArgument` for a name
  ///   with a NUL.
  @discardableResult
  public static func fork(
    name: String? = nil, isDaemon: Bool = false, _ body: () throws -> Output
  ) throws -> ChildProcess<Output> where Output: Codable {
    try fork(named: name, isDaemon, TransferCoder<Output>(), body)
  }

  /// Start method `fork` for a closure that returns nothing. See the form that returns a value.
  @discardableResult
  public static func fork(
    name: String? = nil, isDaemon: Bool = false, _ body: () throws -> Void
  ) throws -> ChildProcess<Void> where Output == Void {
    try fork(named: name, isDaemon, TransferCoder<Void>(), body)
  }

  private static func fork(
    named name: String?, _ isDaemon: Bool, _ coder: @autoclosure () -> TransferCoder<Output>,
    _ body: () throws -> Output
  ) throws -> ChildProcess<Output> {
    try ForkGate.visiting { try forkVisiting(name, isDaemon, coder(), body) }
  }

  private static func forkVisiting(
    _ name: String?, _ isDaemon: Bool, _ coder: TransferCoder<Output>, _ body: () throws -> Output
  ) throws -> ChildProcess<Output> {
    let family = ProcessFamily.current
    family.keepExitStatuses()
    let (defaultName, path) = family.nextName("Process")
    let name = try name.map(checkedName) ?? defaultName
    coder.rehearse()
    // A forked copy runs this very build.
    let outcome = { () -> TaskOutcome in
      do {
        return .value(try coder.encode(try body(), .sameBuild, spills: true))
      } catch {
        return .thrown(error)
      }
    }
    return try withoutActuallyEscaping(outcome) { outcome in
      let request = LaunchRequest(
        role: .task, name: name, path: path, isDaemon: isDaemon, context: ProcessContext(.fork),
        launcher: ForkLauncher(body: outcome), printsErrors: true)
      let process = try RunningProcess.launch(request)
      let child = ChildProcess(
        process, task: { "forked closure" }, isSameBuildNeeded: true, decode: { try coder.decode($0, .sameBuild) })
      try child.begin()
      return child
    }
  }
}
