internal import MultiprocessingSystem

/// Every failure of this library.
///
/// Crosses processes with its code, its crash report and its remote failure intact; `cause` crosses as a
/// `RemoteFailure`. An error that a task itself throws is not wrapped: it arrives as its own type when it is Codable.
public struct MultiprocessingError: Error, Sendable {
  /// What kind of failure it is.
  public var code: Code { storage.code }
  /// What failed, and what to do.
  public var message: String { storage.message }
  /// The error underneath, for example a system call with its error number.
  public var cause: (any Error)? { storage.cause }
  /// How the process ended, where one did.
  public var terminationStatus: TerminationStatus? { storage.status ?? storage.crash?.status }
  /// What is known of the process that died, for `childCrashed` and `limitExceeded`.
  public var crash: CrashReport? { storage.crash }
  /// The error thrown in the other process, for `childThrew`.
  public var remoteFailure: RemoteFailure? { storage.remoteFailure }

  /// Which of the inputs of a `map` it was, from 0, where its task had no end of its own: it crashed, exited, went above a
  /// limit or took too long.
  public var inputIndex: Int? { storage.inputIndex }

  private let storage: Storage

  package init(
    _ code: Code, _ message: String, cause: (any Error)? = nil, status: TerminationStatus? = nil,
    crash: CrashReport? = nil, remoteFailure: RemoteFailure? = nil, inputIndex: Int? = nil
  ) {
    storage = Storage(
      code: code, message: message, cause: cause, status: status, crash: crash, remoteFailure: remoteFailure,
      inputIndex: inputIndex)
  }

  /// The same error, about one of several inputs.
  func about(inputAt index: Int?) -> MultiprocessingError {
    MultiprocessingError(
      code, message, cause: cause, status: storage.status, crash: crash, remoteFailure: remoteFailure, inputIndex: index
    )
  }

  /// A failed system call, with what was being done.
  package init(_ code: Code = .system, doing action: String, _ cause: any Error) {
    self.init(code, "\(action): \(cause)", cause: cause)
  }

  /// One reference, so that the error is one word wherever it is thrown.
  private final class Storage: Sendable {
    let code: Code
    let message: String
    let cause: (any Error)?
    let status: TerminationStatus?
    let crash: CrashReport?
    let remoteFailure: RemoteFailure?
    let inputIndex: Int?

    init(
      code: Code, message: String, cause: (any Error)?, status: TerminationStatus?, crash: CrashReport?,
      remoteFailure: RemoteFailure?, inputIndex: Int?
    ) {
      self.inputIndex = inputIndex
      self.code = code
      self.message = message
      self.cause = cause
      self.status = status
      self.crash = crash
      self.remoteFailure = remoteFailure
    }
  }
}

extension MultiprocessingError: CustomStringConvertible {
  /// The code, the message, which input it was and, where a process crashed, its report.
  public var description: String {
    var text = "\(code.name): \(message)"
    if let inputIndex { text += " (the input at \(inputIndex))" }
    if let crash { text += "\n\(crash)" }
    return text
  }
}

extension MultiprocessingError: Codable {
  private enum Key: String, CodingKey { case code, message, cause, status, crash, remoteFailure, inputIndex }

  /// Reads an error that another process wrote.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    self.init(
      try container.decode(Code.self, forKey: .code), try container.decode(String.self, forKey: .message),
      cause: try container.decodeIfPresent(RemoteFailure.self, forKey: .cause),
      status: try container.decodeIfPresent(TerminationStatus.self, forKey: .status),
      crash: try container.decodeIfPresent(CrashReport.self, forKey: .crash),
      remoteFailure: try container.decodeIfPresent(RemoteFailure.self, forKey: .remoteFailure),
      inputIndex: try container.decodeIfPresent(Int.self, forKey: .inputIndex))
  }

  /// Writes the error; a cause that is not a `RemoteFailure` is written as one.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(code, forKey: .code)
    try container.encode(message, forKey: .message)
    try container.encodeIfPresent(cause.map(RemoteFailure.init(describing:)), forKey: .cause)
    try container.encodeIfPresent(storage.status, forKey: .status)
    try container.encodeIfPresent(crash, forKey: .crash)
    try container.encodeIfPresent(remoteFailure, forKey: .remoteFailure)
    try container.encodeIfPresent(inputIndex, forKey: .inputIndex)
  }
}
