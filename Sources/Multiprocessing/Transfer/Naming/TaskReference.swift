/// What a task is called, so that another process of the same program finds it.
package enum TaskReference: Codable, Sendable, Hashable {
  /// A `ProcessTask` by the mangled name of its type.
  case type(String)
  /// A `ProcessTask` whose type has no name outside its file: the place of its descriptor in an image.
  case typePlace(image: String, offset: UInt)
  /// A closure literal that captures nothing: the place of its code, and the box that fixes how it is called.
  case closure(image: String, offset: UInt, box: String)

  /// A reference means the same only in a process that runs the same build: closures and places do.
  package var needsSameBuild: Bool {
    if case .type = self { return false }
    return true
  }
}

/// A task as the child calls it: arguments in, result out, both in transfer form.
package struct TaskEntry: Sendable {
  package let run: @Sendable (TransferPayload, TransferFormat) async throws -> TransferPayload
}

extension TaskReference: CustomStringConvertible {
  /// What reports call the task.
  package var description: String {
    switch self {
    case .type(let name): RuntimeNames.type(named: name).map { String(reflecting: $0) } ?? name
    case .typePlace(_, let offset): "task type at \(String(offset, radix: 16))"
    case .closure(_, let offset, _): "closure at \(String(offset, radix: 16))"
    }
  }
}
