internal import MultiprocessingSystem

/// What a task is called, so that another process of the same program finds it.
///
/// One word, for it is copied with every task. An object and not an indirect enum: the pointer to the latter's contents
/// carries the case in spare bits, and a leak sanitizer, which does not follow such pointers, reports what they point to.
package struct TaskReference: Sendable {
  package enum Name: Sendable, Hashable {
    /// A `ProcessTask` by the mangled name of its type.
    case type(String)
    /// A `ProcessTask` whose type has no name outside its file: the place of its descriptor in an image.
    case typePlace(image: String, offset: UInt)
    /// A closure literal that captures nothing: the place of its code, and the box that fixes how it is called.
    case closure(image: String, offset: UInt, box: String)
  }

  private final class Contents: Sendable {
    let name: Name

    init(_ name: Name) { self.name = name }
  }

  private let contents: Contents

  package init(_ name: Name) { contents = Contents(name) }

  package var name: Name { contents.name }

  /// A reference means the same only in a process that runs the same build: closures and places do.
  package var needsSameBuild: Bool {
    if case .type = name { return false }
    return true
  }
}

extension TaskReference: Hashable {
  package static func == (one: Self, other: Self) -> Bool { one.contents === other.contents || one.name == other.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A reference as it crosses: its kind, then its parts.
extension TaskReference {
  private enum Kind: UInt8 { case type, typePlace, closure }

  package func write(to fields: inout FieldWriter) {
    switch name {
    case .type(let name):
      fields.put(Kind.type.rawValue)
      fields.put(name)
    case .typePlace(let image, let offset):
      fields.put(Kind.typePlace.rawValue)
      fields.put(image)
      fields.put(Int64(bitPattern: UInt64(offset)))
    case .closure(let image, let offset, let box):
      fields.put(Kind.closure.rawValue)
      fields.put(image)
      fields.put(Int64(bitPattern: UInt64(offset)))
      fields.put(box)
    }
  }

  package init(from fields: inout FieldReader) throws {
    guard let kind = Kind(rawValue: try fields.byte()) else { throw FieldReader.Malformed() }
    switch kind {
    case .type: self.init(.type(try fields.text()))
    case .typePlace: self.init(.typePlace(image: try fields.text(), offset: try Self.offset(in: &fields)))
    case .closure:
      self.init(.closure(image: try fields.text(), offset: try Self.offset(in: &fields), box: try fields.text()))
    }
  }

  private static func offset(in fields: inout FieldReader) throws -> UInt {
    UInt(UInt64(bitPattern: try fields.number()))
  }
}

/// A task as the child calls it: arguments in, result out, both in transfer form.
package struct TaskEntry: Sendable {
  package let run: @Sendable (TransferPayload, TransferFormat) async throws -> TransferPayload
  /// The same for several inputs: a chunk or, with its results told one by one, a series.
  package let runChunk: @Sendable (TransferPayload, TransferFormat, Series?) async throws -> ChunkAnswer
}

extension TaskReference: CustomStringConvertible {
  /// A short name, quickly.
  package var description: String {
    switch name {
    case .type(let name): RuntimeNames.type(named: name).map { String(reflecting: $0) } ?? name
    case .typePlace(let image, let offset): Self.type(at: image, offset).map { String(reflecting: $0) } ?? "task"
    case .closure(_, let offset, _): "closure at 0x\(String(offset, radix: 16))"
    }
  }

  /// What reports call the task: a closure by its function, file and line. Reads the executable's symbols.
  package var symbolicDescription: String {
    guard case .closure(let key, let offset, let box) = name, key.isEmpty, let image = Image.with(key: key),
      let record = image.address(at: offset), let box = RuntimeNames.type(named: box) as? any ClosureBox.Type
    else { return description }
    // SAFETY: an async function value points at a record in the image whose first word is the code's relative place.
    let code = box.isAsync ? record + Int(record.loadUnaligned(as: Int32.self)) : record
    let place = ImageAddress(image: "", offset: UInt64(image.offset(of: code)), isReturnAddress: false)
    return Symbolizer.describe([place]).first ?? description
  }

  static func type(at image: String, _ offset: UInt) -> Any.Type? {
    Image.with(key: image)?.address(at: offset).flatMap(TypePlace.type(at:))
  }
}
