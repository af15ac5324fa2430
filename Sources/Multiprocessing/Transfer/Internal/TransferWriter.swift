internal import MultiprocessingSystem

/// Writes the values of one message behind each other, with one context for their descriptors.
struct TransferWriter {
  private(set) var bytes: [UInt8]
  private let format: TransferFormat
  /// The message's context, once a value has asked for it.
  private var context: TransferContext?
  /// Large arrays of trivially copyable elements are written to a file, copied once: those of so many bytes.
  private let spillLimit: Int?
  private var file: PayloadFileWriter?
  private var held: HeldFile?
  /// What stands before the file.
  private var head: [UInt8] = []

  /// The most bytes of a message with a file that do not go to the file.
  private static let headLimit = 16_384

  init(_ format: TransferFormat, into bytes: [UInt8] = [], spillLimit: Int? = nil) {
    self.format = format
    self.bytes = bytes
    self.spillLimit = format == .sameBuild ? spillLimit : nil
  }

  init(_ format: TransferFormat, spills: Bool) { self.init(format, spillLimit: spills ? PayloadFileWriter.limit : nil) }

  /// The message.
  ///
  /// - Throws: `outOfMemory`, only for one that has spilled.
  func payload() throws -> TransferPayload {
    guard var file else { return TransferPayload(bytes: bytes, descriptors: context?.descriptors ?? []) }
    do {
      // SAFETY: read inside the call only.
      try bytes.withUnsafeBytes { try file.write($0) }
      return TransferPayload(
        bytes: head, descriptors: context?.descriptors ?? [], file: file.finish(), held: held)
    } catch {
      throw Self.spillFailure(error)
    }
  }

  /// Writes a large array to the file, behind what was written before; false for any other value, and where no file can be
  /// had.
  private mutating func spill<T>(_ value: T, atLeast limit: Int) throws -> Bool {
    do {
      return try CopiedValue.withElements(of: value, atLeast: limit) { count, elements in
        guard var writer = try file ?? newFile(expecting: bytes.count + elements.count) else { return false }
        CopiedValue.append(arrayOf: count, to: &bytes)
        if file == nil, bytes.count <= Self.headLimit {
          head = bytes
        } else {
          // SAFETY: read inside the call only.
          try bytes.withUnsafeBytes { try writer.write($0) }
        }
        try writer.write(elements)
        (bytes, file) = ([], writer)
        return true
      } ?? false
    } catch {
      throw Self.spillFailure(error)
    }
  }

  /// Nil where too many wait already, or this process can open no more.
  private mutating func newFile(expecting byteCount: Int) throws -> PayloadFileWriter? {
    guard let place = HeldFile.take() else { return nil }
    do {
      let writer = try PayloadFileWriter(expecting: byteCount)
      held = place
      return writer
    } catch let error as SystemError where error.isOutOfDescriptors {
      return nil
    }
  }

  private static func spillFailure(_ error: any Error) -> MultiprocessingError {
    let isLack = (error as? SystemError)?.isOutOfMemory ?? false
    let isTold = (error as? MultiprocessingError)?.code == .outOfMemory
    let code: MultiprocessingError.Code = isLack || isTold ? .outOfMemory : .system
    return MultiprocessingError(code, doing: "a large message could not be written", error)
  }

  mutating func write<T: Encodable>(_ value: T) throws {
    if let spillLimit, try spill(value, atLeast: spillLimit) { return }
    if format == .sameBuild, CopiedValue.write(value, to: &bytes) { return }
    try EncodingMemory.with { memory in
      try memory.encode(value, format, &context)
      // SAFETY: copied inside the call.
      bytes.append(contentsOf: memory.output.content)
    }
  }
}

extension EncodingMemory {
  /// Writes a value of a message that cannot be copied as bytes, after its form where both ends run the same build.
  @inline(__always)
  func encode<T: Encodable>(_ value: T, _ format: TransferFormat, _ context: inout TransferContext?) throws {
    begin(format, context)
    if format == .sameBuild { output.append(CopiedValue.Form.cbor.rawValue) }
    do {
      try encode(value)
    } catch {
      throw MultiprocessingError(notTransferable: T.self, "encoded", error)
    }
    if let made = output.state.pointee.context { context = made }
  }

  private func begin(_ format: TransferFormat, _ context: TransferContext?) {
    let state = output.state
    state.pointee.isMessage = true
    state.pointee.format = format
    state.pointee.copiesTrivialArrays = format == .sameBuild
    state.pointee.context = context
  }
}
