extension MultiprocessingError {
  /// A value that could not be encoded or decoded, with the reason in the coder's words.
  ///
  /// `notTransferable`, unless a handle says that it could cross, and what it lacks here.
  init(notTransferable type: Any.Type, _ action: String, _ error: any Error) {
    let code = (error as? MultiprocessingError)?.code
    self.init(
      code.flatMap { Self.codesOfHandles.contains($0) ? $0 : nil } ?? .notTransferable,
      "\(type) cannot be \(action): \(Self.reason(error))", cause: error)
  }

  private static let codesOfHandles: Set<Code> = [.unsupported, .outOfMemory, .system]

  private static func reason(_ error: any Error) -> String {
    switch error {
    case EncodingError.invalidValue(_, let context): reason(context.codingPath, context.debugDescription)
    case DecodingError.dataCorrupted(let context): reason(context.codingPath, context.debugDescription)
    case DecodingError.keyNotFound(_, let context): reason(context.codingPath, context.debugDescription)
    case DecodingError.typeMismatch(_, let context): reason(context.codingPath, context.debugDescription)
    case DecodingError.valueNotFound(_, let context): reason(context.codingPath, context.debugDescription)
    case let error as MultiprocessingError: error.message
    default: "its own coding threw \(error)"
    }
  }

  private static func reason(_ path: [any CodingKey], _ text: String) -> String {
    if path.isEmpty { return text }
    // A path can be hundreds of keys long: both ends say enough.
    let keys = path.map(\.stringValue)
    let shown = keys.count <= 16 ? keys : keys.prefix(8) + ["..."] + keys.suffix(7)
    return "\(text) (at \(shown.joined(separator: ".")))"
  }
}
