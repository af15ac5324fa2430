package import MultiprocessingSystem

/// All that is known of a process that ended.
package struct ProcessExit: Sendable {
  package var id: ProcessID
  package var name: String
  package var status: TerminationStatus
  package var cpuTime: Duration
  package var page: ChildPage.Contents?
  package var standardErrorTail: String
  /// This library sent the signal that ended it.
  package var wasKilledByUs: Bool
  /// Why it was killed, where that says more than the signal.
  package var complaint: String?
  /// The system killed some process for memory while this one ran.
  package var sawMemoryKill: Bool
  package var limits: ResourceLimits
}

extension ProcessExit {
  /// Why a task that this process had in hand has no result.
  package func error(task: String?) -> MultiprocessingError {
    switch status {
    case .exited where page?.failedStep != nil: setupError
    case .exited where complaint != nil:
      MultiprocessingError(
        .childExited, "\(name) (pid \(id)) ended before its task did: \(complaint ?? "")", status: status)
    case .exited(let code):
      MultiprocessingError(
        .childExited,
        "\(name) (pid \(id)) called exit(\(code)) before its task produced a value: return from the task instead",
        status: status)
    case .signaled(let signal):
      crashError(signal: signal, report: report(task: task))
    case .unknown:
      MultiprocessingError(
        .childExited,
        """
        \(name) (pid \(id)) ended, and its exit status was collected elsewhere: do not wait for any child (wait, \
        waitpid(-1)) in a program that uses this library
        """, status: status)
    }
  }

  private var setupError: MultiprocessingError {
    let reason = SystemError.text(of: page?.failure ?? 0)
    let lack =
      switch page?.failedStep {
      case .descriptors: "its descriptors could not be put in their places"
      case .page, .copy: "the memory that it shares with its parent could not be mapped"
      case .lifeline, nil: "nothing would have ended it with its parent"
      }
    return MultiprocessingError(
      .startFailed, "\(name) (pid \(id)) could not set itself up: \(lack) (\(reason)); nothing of its task has run",
      status: status)
  }

  private func crashError(signal: Int32, report: CrashReport) -> MultiprocessingError {
    if let limit = exceededLimit(signal: signal) {
      return MultiprocessingError(
        .limitExceeded, "\(name) (pid \(id)) went above its limit of \(limit)", status: status, crash: report)
    }
    let reason = (report.message ?? complaint).map { ": \($0)" } ?? ""
    let hint = report.likelyOutOfMemory ? "; the system was likely out of memory" : ""
    return MultiprocessingError(
      .childCrashed, "\(name) (pid \(id)) was ended by \(status)\(reason)\(hint)", status: status, crash: report)
  }

  private func exceededLimit(signal: Int32) -> String? {
    if let cpu = limits.cpuTime {
      let isOver = signal == ProcessControl.killSignal && !wasKilledByUs && cpuTime >= cpu
      if signal == ProcessControl.cpuTimeSignal || isOver { return "\(cpu) of processor time" }
    }
    if let memory = limits.memory, isNearMemoryLimit(memory) { return "\(memory) bytes of memory" }
    return nil
  }

  /// A trap with the data size within a tenth of the limit, or with the runtime's word that an allocation failed: one
  /// large allocation fails far below the limit.
  private func isNearMemoryLimit(_ limit: Int) -> Bool {
    guard let crash = page?.crash, ProcessControl.trapSignals.contains(crash.signal) else { return false }
    return crash.dataBytes >= UInt64(limit) / 10 * 9 || message?.contains("failed to allocate") == true
  }

  package func report(task: String?) -> CrashReport {
    let wasShortOfMemory =
      status == .signaled(ProcessControl.killSignal) && !wasKilledByUs && sawMemoryKill
    return CrashReport(
      processID: id, processName: name, taskDescription: task, status: status, message: message,
      standardErrorTail: standardErrorTail,
      likelyOutOfMemory: wasShortOfMemory || limits.memory.map(isNearMemoryLimit) ?? false,
      addresses: page?.crash?.frames ?? [])
  }

  /// The runtime's last words, without the place in the source before them.
  private var message: String? {
    let beginnings = [
      "Fatal error", "Precondition failed", "Assertion failed", "Could not cast value", "Simultaneous accesses",
    ]
    for line in standardErrorTail.split(separator: "\n").reversed() {
      for beginning in beginnings {
        if let start = line.firstRange(of: beginning)?.lowerBound { return String(line[start...]) }
      }
    }
    return nil
  }
}
