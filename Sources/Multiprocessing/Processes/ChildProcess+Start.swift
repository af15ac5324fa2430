extension ChildProcess {
  /// Starts a child that runs a task.
  ///
  /// - Parameters:
  ///   - task: the task; its stored properties cross as arguments.
  ///   - name: the child's name; nil: the task type's name and a number.
  ///   - isDaemon: kill the child when this process ends, rather than join it.
  ///   - context: how to start it.
  /// - Throws: `notTransferable` for a task that cannot be named or encoded, `unsupported` for start method `fork`,
  ///   `invalidArgument` for a context or name out of range, `startFailed` or `outOfMemory` when the system has no
  ///   process, descriptors or memory left. Nothing has started then.
  @discardableResult
  public static func start<T: ProcessTask>(
    _ task: T, name: String? = nil, isDaemon: Bool = false, context: ProcessContext = .default
  ) throws -> ChildProcess<Output> where T.Output == Output {
    let request = try StartRequest(task: task, context: context)
    return try start(request, T.outputCoder, named: name, or: T.processName, isDaemon, context)
  }

  /// Starts a child that runs a closure literal with its arguments: `start("Ping", 3) { word, count in … }`.
  ///
  /// The arguments are encoded; the closure is named by its place in the executable, so it must capture nothing: one
  /// that captures is refused before anything starts. In debug builds a function reference counts as capturing: write
  /// `{ f($0) }`.
  ///
  /// - Parameters:
  ///   - argument: the values the closure gets.
  ///   - name: the child's name; nil: `Process-1`, `Process-2` and so on.
  ///   - isDaemon: kill the child when this process ends, rather than join it.
  ///   - context: how to start it.
  ///   - body: what runs in the child.
  /// - Throws: as `start(_:name:isDaemon:context:)` of a task.
  @discardableResult
  public static func start<each Argument: Codable & Sendable>(
    _ argument: repeat each Argument, name: String? = nil, isDaemon: Bool = false,
    context: ProcessContext = .default,
    body: @escaping @Sendable @concurrent (repeat each Argument) async throws -> Output
  ) throws -> ChildProcess<Output> where Output: Codable {
    let reference = try ClosureReference.of(PackBox<Output, repeat each Argument>(body: body))
    let request = try StartRequest(reference, context: context) {
      try encodeArguments(repeat each argument, format: $0)
    }
    return try start(request, TransferCoder<Output>(), named: name, or: "Process", isDaemon, context)
  }

  /// Starts a child that runs a closure literal for its effects. See the form that returns a value.
  @discardableResult
  public static func start<each Argument: Codable & Sendable>(
    _ argument: repeat each Argument, name: String? = nil, isDaemon: Bool = false,
    context: ProcessContext = .default,
    body: @escaping @Sendable @concurrent (repeat each Argument) async throws -> Void
  ) throws -> ChildProcess<Void> where Output == Void {
    let reference = try ClosureReference.of(PackVoidBox<repeat each Argument>(body: body))
    let request = try StartRequest(reference, context: context) {
      try encodeArguments(repeat each argument, format: $0)
    }
    return try start(request, TransferCoder<Void>(), named: name, or: "Process", isDaemon, context)
  }

  /// The way all starts of tasks take. `isQuiet` keeps an error of the task off standard error: somebody awaits it.
  static func start(
    _ request: StartRequest, _ coder: TransferCoder<Output>, named name: String?, or prefix: String,
    _ isDaemon: Bool, _ context: ProcessContext, printsErrors: Bool = true
  ) throws -> ChildProcess<Output> {
    let family = ProcessFamily.current
    family.keepExitStatuses()
    let (defaultName, path) = family.nextName(prefix)
    let (format, reference) = (request.envelope.format, request.envelope.reference)
    let launch = LaunchRequest(
      role: .task, name: try name.map(checkedName) ?? defaultName, path: path, isDaemon: isDaemon, context: context,
      printsErrors: printsErrors, firstFrame: request.envelope.frame(task: 1))
    let process = try RunningProcess.launch(launch)
    let child = ChildProcess(
      process, task: { reference.symbolicDescription }, isSameBuildNeeded: format == .sameBuild,
      decode: { try coder.decode($0, format) })
    try child.begin()
    return child
  }

  static func checkedName(_ name: String) throws -> String {
    guard !name.utf8.contains(0) else {
      throw MultiprocessingError(.invalidArgument, "the name of a process contains a NUL")
    }
    return name
  }
}

/// A task with its arguments, checked and encoded before anything starts.
struct StartRequest {
  let envelope: TaskEnvelope

  init<T: ProcessTask>(task: T, context: ProcessContext) throws {
    try self.init(TaskReference.of(T.self), context: context) { try TransferCoder<T>.encode(task, $0, spills: true) }
  }

  init(
    _ reference: TaskReference, context: ProcessContext,
    encode: (TransferFormat) throws -> TransferPayload
  ) throws {
    try context.checkForTasks()
    if context.executable != nil, reference.needsSameBuild {
      throw MultiprocessingError(
        .notTransferable,
        "another executable finds tasks by type name only: use an internal type that conforms to ProcessTask")
    }
    let format: TransferFormat = context.executable == nil ? .sameBuild : .portable
    envelope = TaskEnvelope(reference: reference, format: format, payload: try encode(format))
  }
}

extension ProcessTask {
  /// The type's own name, without module and outer types, for names of processes.
  static var processName: String { String(describing: Self.self) }
}
