internal import MultiprocessingSystem

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
  /// A short name, quickly.
  package var description: String {
    switch self {
    case .type(let name): RuntimeNames.type(named: name).map { String(reflecting: $0) } ?? name
    case .typePlace(let image, let offset): Self.type(at: image, offset).map { String(reflecting: $0) } ?? "task"
    case .closure(_, let offset, _): "closure at 0x\(String(offset, radix: 16))"
    }
  }

  /// What reports call the task: a closure by its function, file and line. Reads the executable's symbols.
  package var symbolicDescription: String {
    guard case .closure(let key, let offset, _) = self, key.isEmpty, let image = Image.with(key: key),
      let record = image.address(at: offset)
    else { return description }
    // SAFETY: an async function value points at a record in the image whose first word is the code's relative place.
    let code = record + Int(record.loadUnaligned(as: Int32.self))
    let place = ImageAddress(image: "", offset: UInt64(image.offset(of: code)), isReturnAddress: false)
    return Symbolizer.describe([place]).first ?? description
  }

  static func type(at image: String, _ offset: UInt) -> Any.Type? {
    Image.with(key: image)?.address(at: offset).flatMap(TypePlace.type(at:))
  }
}
