/// How a task ended in the process that ran it.
package enum TaskOutcome: Sendable {
  /// `count`: of how many inputs, when it is a chunk's.
  case value(TransferPayload, count: Int = 1)
  case thrown(any Error)

  /// The frame that carries it. An error crosses as its own type when it is Codable, else as a description.
  package func frame(task: UInt64) -> Frame {
    switch self {
    case .value(let payload, let count):
      var frame = Frame(.value, task: task, payload: payload)
      frame.count = count
      return frame
    case .thrown(let error): return Frame(.thrown, task: task, payload: ThrownError(error).payload())
    }
  }

  init(_ result: Result<TransferPayload, any Error>) {
    switch result {
    case .success(let payload): self = .value(payload)
    case .failure(let error): self = .thrown(error)
    }
  }

  /// The frame that carries it as what one input of a series came to.
  func part(_ index: Int, of task: UInt64) -> Frame {
    var frame = frame(task: task)
    frame.kind = frame.kind == .value ? .part : .failedPart
    frame.number = Int32(clamping: index)
    return frame
  }
}

/// An error on its way to another process.
struct ThrownError: Codable {
  enum Kind: String, Codable { case own, cancellation, codable, described }

  var kind: Kind
  /// Mangled name of a Codable error's type.
  var typeName: String?
  var content: [UInt8]
  /// In words, which are code of the user's and may be many: only of an error that does not cross as itself.
  var failure: RemoteFailure
  /// It is Codable, and cannot cross as itself all the same.
  var isCodable: Bool?

  init(_ error: any Error) {
    content = []
    let own = (error as? MultiprocessingError).flatMap(Self.bytes)
    let codable = own == nil ? error as? any Codable & Error : nil
    if let own {
      (kind, content) = (.own, own)
    } else if error is CancellationError {
      kind = .cancellation
    } else if let codable, let name = RuntimeNames.mangledName(of: type(of: codable)),
      !RuntimeNames.isAnonymous(name), let bytes = Self.bytes(of: codable)
    {
      (kind, typeName, content) = (.codable, name, bytes)
    } else {
      kind = .described
      isCodable = codable != nil
    }
    failure = kind == .described ? RemoteFailure(describing: error) : RemoteFailure(undescribed: error)
  }

  private static func bytes<E: Codable & Error>(of error: E) -> [UInt8]? {
    try? TransferCoder<E>().encode(error, .portable).bytes
  }

  func payload() -> TransferPayload {
    // Only a failure of the encoder itself could end here; then the receiver still learns that the task threw.
    (try? TransferCoder<ThrownError>().encode(self, .portable)) ?? TransferPayload(bytes: [], descriptors: [])
  }

  /// The error as the parent throws it.
  static func error(in payload: TransferPayload) -> any Error { received(in: payload).decoded }

  /// The error as it came: one whose own code has to decode it is an `UndecodedError`.
  static func received(in payload: TransferPayload) -> any Error {
    guard let thrown = try? TransferCoder<ThrownError>().decode(payload, .portable) else {
      return MultiprocessingError(.notTransferable, "the error that the task threw could not be decoded")
    }
    return thrown.kind == .codable ? UndecodedError(thrown: thrown) : thrown.error
  }

  fileprivate var error: any Error { restored() ?? wrapped }

  private func restored() -> (any Error)? {
    switch kind {
    case .cancellation: CancellationError()
    case .own: Self.decode(MultiprocessingError.self, from: content)
    case .codable:
      (typeName.flatMap(RuntimeNames.type(named:)) as? any (Codable & Error).Type).flatMap {
        Self.decode($0, from: content)
      }
    case .described: nil
    }
  }

  private static func decode<E: Codable & Error>(_ type: E.Type, from bytes: [UInt8]) -> (any Error)? {
    try? TransferCoder<E>().decode(TransferPayload(bytes: bytes, descriptors: []), .portable)
  }

  private var wrapped: MultiprocessingError {
    let remedy =
      kind != .described
      ? "it could not be read here: look at the type's init(from:), and whether this executable has the type"
      : isCodable == true
        ? "its type is Codable, but it could not cross: make the type internal, at file scope, and look at its coding"
        : "make the error type Codable for it to arrive as itself"
    return MultiprocessingError(
      .childThrew,
      """
      the task in \(failure.processName) (pid \(failure.processID)) threw \(failure.typeName): \
      \(failure.description); \(remedy)
      """, remoteFailure: failure)
  }
}

/// An error of the user's that was received and not decoded. Its decoding is the user's code, and runs where the error is
/// thrown: not on the reactor's thread, which serves all.
private struct UndecodedError: Error {
  let thrown: ThrownError
}

extension Error {
  /// What users get of this error.
  var decoded: any Error { (self as? UndecodedError)?.thrown.error ?? self }
}
