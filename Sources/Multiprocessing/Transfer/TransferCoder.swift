package import MultiprocessingSystem

/// How a value of one type crosses a process boundary.
///
/// Built in: `Codable` values, and `Void`. Values whose type is trivially copyable, and arrays of them, are copied as
/// bytes between processes of one build, without a call of their own `encode(to:)`.
public struct TransferCoder<Value: Sendable>: Sendable {
  // Not closures, which would each be memory of its own for every task.
  private let form: any TransferForm<Value>

  /// Encodes a value.
  ///
  /// - Parameter spills: a large array may go to a file of the payload: for messages that carry descriptors.
  /// - Throws: `notTransferable`, with the type, the place in it and the reason; `outOfMemory`.
  package func encode(_ value: Value, _ format: TransferFormat, spills: Bool = false) throws -> TransferPayload {
    try encode(value, format, spillLimit: spills ? PayloadFileWriter.limit : nil)
  }

  /// The same with an own limit: arrays of so many bytes may go to a file.
  func encode(_ value: Value, _ format: TransferFormat, spillLimit: Int?) throws -> TransferPayload {
    var writer = TransferWriter(format, spillLimit: spillLimit)
    try form.write(value, to: &writer)
    return try writer.payload()
  }

  /// Decodes the one value of a message.
  ///
  /// - Throws: `notTransferable`, with the type, the place in it and the reason.
  package func decode(_ payload: TransferPayload, _ format: TransferFormat) throws -> Value {
    try payload.read(format) { try decode(&$0) }
  }

  // SAFETY: the caller keeps the bytes valid for the call; the reader that borrows them ends with it.
  /// Decodes the one value of a message that lies in memory of the caller's, without copying it first; `end` follows it.
  package func decode(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Descriptor] = [], _ format: TransferFormat, _ end: PayloadFile? = nil
  ) throws -> Value {
    var reader = TransferReader(bytes, descriptors, format, end)
    return try decode(&reader)
  }

  private func decode(_ reader: inout TransferReader) throws -> Value {
    let value = try form.read(from: &reader)
    try reader.finish(Value.self)
    return value
  }
}

extension TransferCoder {
  /// Writes several values in one go: trivially copyable ones as one stretch of bytes.
  func write(all values: [Value], to writer: inout TransferWriter) throws { try form.write(all: values, to: &writer) }

  /// Reads several; of values that take no bytes, not more than `most`.
  func readAll(from reader: inout TransferReader, most: Int) throws -> [Value] {
    try form.readAll(from: &reader, most: most)
  }
}

extension TransferCoder where Value: Codable {
  /// The built-in coder of Codable values.
  package init() { form = CodableForm() }
}

extension TransferCoder where Value == Void {
  /// The built-in coder of nothing: a message without bytes.
  package init() { form = VoidForm() }
}

/// How values of one type are written and read.
private protocol TransferForm<Value>: Sendable {
  associatedtype Value: Sendable

  func write(_ value: Value, to writer: inout TransferWriter) throws
  func read(from reader: inout TransferReader) throws -> Value
  func write(all values: [Value], to writer: inout TransferWriter) throws
  func readAll(from reader: inout TransferReader, most: Int) throws -> [Value]
}

private struct CodableForm<Value: Codable & Sendable>: TransferForm {
  func write(_ value: Value, to writer: inout TransferWriter) throws { try writer.write(value) }

  func read(from reader: inout TransferReader) throws -> Value { try reader.read(Value.self) }

  func write(all values: [Value], to writer: inout TransferWriter) throws { try writer.write(values) }

  func readAll(from reader: inout TransferReader, most: Int) throws -> [Value] { try reader.read([Value].self) }
}

private struct VoidForm: TransferForm {
  func write(_ value: Void, to writer: inout TransferWriter) {}

  func read(from reader: inout TransferReader) {}

  func write(all values: [Void], to writer: inout TransferWriter) throws { try writer.write(values.count) }

  func readAll(from reader: inout TransferReader, most: Int) throws -> [Void] {
    let count = try reader.read(Int.self)
    guard (0...most).contains(count) else {
      throw MultiprocessingError(.notTransferable, "\(count) results of at most \(most): the answer is refused")
    }
    return Array(repeating: (), count: count)
  }
}
