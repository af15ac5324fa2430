/// Runs one task in one throw-away process: crash-proof, killable, limited.
///
/// - Parameters:
///   - task: the task.
///   - timeout: how long it may take, its start and the end of its process included; then the process is killed. A value
///     that it has returned by then is returned.
///   - context: how the process is started, and what it may use.
/// - Throws: the error that the task threw, as its own type when it is Codable; `childCrashed`, `childExited`,
///   `limitExceeded`, `timedOut`; `notTransferable`, `startFailed`; CancellationError when the awaiting task is
///   cancelled, and then the process is killed. No process is left in any case.
public func runIsolated<T: ProcessTask>(
  _ task: T, timeout: Duration? = nil, context: ProcessContext = .default
) async throws -> T.Output {
  let request = try StartRequest(task: task, context: context)
  return try await isolated(request, T.outputCoder, named: T.processName, timeout, context)
}

/// Runs a closure literal that captures nothing, with its arguments, in one throw-away process.
/// See `runIsolated(_:timeout:context:)` of a task.
public func runIsolated<each A: Codable & Sendable, R: Codable & Sendable>(
  _ argument: repeat each A, timeout: Duration? = nil, context: ProcessContext = .default,
  body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
) async throws -> R {
  let source = try closureSource(repeat each argument, body: body)
  let request = try StartRequest(source.reference, context: context, encode: source.encode)
  return try await isolated(request, source.coder, named: "Process", timeout, context)
}

/// Runs a closure literal for its effects in one throw-away process.
/// See `runIsolated(_:timeout:context:)` of a task.
public func runIsolated<each A: Codable & Sendable>(
  _ argument: repeat each A, timeout: Duration? = nil, context: ProcessContext = .default,
  body: @escaping @Sendable @concurrent (repeat each A) async throws -> Void
) async throws {
  let source = try voidClosureSource(repeat each argument, body: body)
  let request = try StartRequest(source.reference, context: context, encode: source.encode)
  try await isolated(request, source.coder, named: "Process", timeout, context)
}

private func isolated<Output: Sendable>(
  _ request: StartRequest, _ coder: TransferCoder<Output>, named name: String, _ timeout: Duration?,
  _ context: ProcessContext
) async throws -> Output {
  try Task.checkCancellation()
  let deadline = timeout.map { ContinuousClock.now + $0 }
  let child = try ChildProcess<Output>.start(
    request, coder, named: nil, or: name, true, context, printsErrors: false)
  do {
    let outcome: ChildProcess<Output>.Outcome
    if let timeout, let deadline {
      guard let early = try await child.outcome.wait(timeout: deadline.timeLeft) else {
        throw MultiprocessingError(.timedOut, "the task did not end within \(timeout): its process was killed")
      }
      outcome = early
    } else {
      outcome = try await child.outcome.wait()
    }
    let value = try child.result(of: outcome)
    await end(child, by: deadline)
    return value
  } catch {
    try? child.kill()
    await end(child, by: nil)
    throw error
  }
}

/// Waits until nothing is left of the child, also in a cancelled task; the process is killed then, and at the deadline: what it
/// does after its value, exit handlers or children of its own, may take for ever.
private func end<Output>(_ child: ChildProcess<Output>, by deadline: ContinuousClock.Instant?) async {
  await withTaskCancellationHandler {
    await Task.detached {
      if let deadline, (try? await child.join(timeout: deadline.timeLeft)) == nil { try? child.kill() }
      _ = try? await child.join()
    }.value
  } onCancel: {
    try? child.kill()
  }
}

extension ContinuousClock.Instant {
  fileprivate var timeLeft: Duration { max(.zero, ContinuousClock.now.duration(to: self)) }
}
