package import MultiprocessingSystem

/// What is known of a child that died.
///
/// Collected after the death: the signal from the kernel, the program counters from the child's crash page, the
/// message and the tail from its standard error. Every part is best effort; a process ended by SIGKILL leaves none
/// but its status and its output.
public struct CrashReport: Sendable, Codable {
  /// The process that died.
  public var processID: ProcessID
  /// Its name.
  public var processName: String
  /// The task it was running, if any.
  public var taskDescription: String?
  /// How it ended.
  public var status: TerminationStatus
  /// What the runtime printed, for example "Fatal error: Index out of range". Release builds print nothing for
  /// a bad index, an overflow or a nil unwrap.
  public var message: String?
  /// The last 8 KiB, in bytes, of its standard error.
  public var standardErrorTail: String
  /// It was killed without our doing while the system was short of memory, or it trapped near its memory limit.
  public var likelyOutOfMemory: Bool
  /// The program counters, innermost first.
  package var addresses: [ImageAddress]

  package init(
    processID: ProcessID, processName: String, taskDescription: String?, status: TerminationStatus,
    message: String?, standardErrorTail: String, likelyOutOfMemory: Bool, addresses: [ImageAddress]
  ) {
    self.processID = processID
    self.processName = processName
    self.taskDescription = taskDescription
    self.status = status
    self.message = message
    self.standardErrorTail = standardErrorTail
    self.likelyOutOfMemory = likelyOutOfMemory
    self.addresses = addresses
  }

  /// The stack at the crash, innermost frame first: function, and file and line where debug information allows.
  ///
  /// Worked out on each access from the executable's symbol table, which takes milliseconds; nothing is read before.
  public var frames: [String] { Symbolizer.describe(addresses) }
}

extension CrashReport: CustomStringConvertible {
  /// The whole report as text of several lines.
  public var description: String {
    var lines = ["\(processName) (pid \(processID)) ended by \(status)"]
    if let taskDescription { lines.append("  task: \(taskDescription)") }
    if let message { lines.append("  message: \(message)") }
    if likelyOutOfMemory { lines.append("  likely out of memory") }
    lines += frames.map { "  at \($0)" }
    if !standardErrorTail.isEmpty {
      lines.append("  standard error:")
      lines += standardErrorLines.map { "    \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  /// Without the runtime's own list of frames, which are above with their names.
  private var standardErrorLines: [Substring] {
    var isInList = false
    return standardErrorTail.split(separator: "\n").filter { line in
      isInList = line == "Current stack trace:" || isInList && line.first?.isNumber == true && line.contains(" 0x")
      return !isInList
    }
  }
}
