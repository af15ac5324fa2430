internal import MultiprocessingSystem

/// How messages lie in a socket. Nothing here waits.
protocol Link: Sendable {
  /// How values are written.
  var format: TransferFormat { get }

  /// Prepares a value. See the form for bytes.
  func sending<Value: Codable & Sendable>(
    _ value: Value, _ coder: TransferCoder<Value>
  ) throws -> (Descriptor) throws -> Bool

  /// Prepares a message.
  ///
  /// - Returns: what to call with the descriptor, again whenever there is room, until it returns true.
  /// - Throws: where the message cannot be sent at all.
  func sending(_ kind: LinkMessage.Kind, _ payload: TransferPayload) throws -> (Descriptor) throws -> Bool

  /// The next message; nil when it is not there yet.
  ///
  /// - Parameter limit: a longer message is an error, and stays.
  func receive(from descriptor: Descriptor, limit: Int?) throws -> LinkMessage?

  /// What a process needs to know to use the socket as this one does. Marks it as shared with that process.
  func passport(for format: TransferFormat) throws -> LinkPassport
}

/// A message as it came.
struct LinkMessage: Sendable {
  enum Kind: UInt8, Sendable {
    case value = 1
    case bytes = 2
  }

  /// Where the body is.
  enum Body: Sendable {
    /// In an array, behind a head.
    case array([UInt8], head: Int)
    /// In a memory file.
    case mapping(SharedMapping)
  }

  var kind: Kind
  var format: TransferFormat
  var body: Body
  /// What follows that.
  var end: PayloadFile?
  var descriptors: [Descriptor] = []

  /// Runs `action` with the body where it is, without its end.
  // SAFETY: see each case.
  func withBytes<Result>(_ action: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch body {
    case .array(let bytes, let head):
      // SAFETY: the array outlives the call; a head is never longer than its array.
      try bytes.withUnsafeBytes { try action(UnsafeRawBufferPointer(rebasing: $0[head...])) }
    case .mapping(let mapping):
      // SAFETY: the mapping outlives the call.
      try withExtendedLifetime(mapping) {
        try action(UnsafeRawBufferPointer(start: mapping.address, count: mapping.byteCount))
      }
    }
  }

  /// The whole body as an array of its own.
  func bytes() throws -> [UInt8] {
    // SAFETY: copied inside the call.
    let start = if case .array(let bytes, 0) = body { bytes } else { withBytes { Array($0) } }
    return if let end { try start + end.bytes(from: 0) } else { start }
  }
}

extension MultiprocessingError {
  static func longMessage(_ length: UInt64, limit: Int) -> MultiprocessingError {
    MultiprocessingError(
      .limitExceeded, "the next message has \(length) bytes, and \(limit) were allowed: it is still there to receive")
  }

  /// A call on a socket that failed.
  static func ofSocket(_ action: String, _ error: SystemError) -> MultiprocessingError {
    if error.isDisconnected {
      return MultiprocessingError(.closed, "\(action): every copy of the other end is closed", cause: error)
    }
    if error.isUnreachable {
      return MultiprocessingError(.disconnected, "\(action): the other side cannot be reached any more", cause: error)
    }
    let advice = error.isOutOfDescriptors ? " (close descriptors, or raise the limit of open files)" : ""
    return MultiprocessingError(.system, "\(action): \(error)\(advice)", cause: error)
  }
}
