/// A task as it crosses: which, in what form, and its arguments.
package struct TaskEnvelope: Sendable {
  struct Head: Codable {
    /// Version of this layout.
    var version: Int
    var reference: TaskReference
    var isPortable: Bool
  }

  package static let version = 1

  package var reference: TaskReference
  package var format: TransferFormat
  package var payload: TransferPayload

  package init(reference: TaskReference, format: TransferFormat, payload: TransferPayload) {
    self.reference = reference
    self.format = format
    self.payload = payload
  }

  /// The frame of the task: length of the head (4 bytes, little-endian), head, arguments.
  package func frame(task: UInt64) throws -> Frame {
    let head = Head(version: Self.version, reference: reference, isPortable: format == .portable)
    let headBytes = try TransferCoder<Head>().encode(head, .portable).bytes
    // SAFETY: the bytes of a local integer, copied inside the call.
    var bytes = withUnsafeBytes(of: UInt32(headBytes.count).littleEndian) { Array($0) }
    bytes.reserveCapacity(4 + headBytes.count + payload.bytes.count)
    bytes += headBytes
    bytes += payload.bytes
    return Frame(.task, task: task, payload: TransferPayload(bytes: bytes, descriptors: payload.descriptors))
  }

  /// Reads a task's frame.
  ///
  /// - Throws: `startFailed` for another version or, when the task needs the same build, another build.
  package init(_ frame: Frame) throws {
    let bytes = frame.payload.bytes
    let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= 4 + length else { throw Self.mismatch("a task that is cut short") }
    let headPayload = TransferPayload(bytes: Array(bytes[4..<4 + length]), descriptors: [])
    let head = try TransferCoder<Head>().decode(headPayload, .portable)
    guard head.version == Self.version else { throw Self.mismatch("version \(head.version) of the task format") }
    reference = head.reference
    format = head.isPortable ? .portable : .sameBuild
    payload = TransferPayload(bytes: Array(bytes.dropFirst(4 + length)), descriptors: frame.payload.descriptors)
    if format == .sameBuild || reference.needsSameBuild, frame.build != BuildIdentity.own.hash {
      throw Self.mismatch("a task of another build")
    }
  }

  private static func mismatch(_ what: String) -> MultiprocessingError {
    MultiprocessingError(
      .startFailed, "the child was sent \(what): parent and child must run the same build, or use `executable:`")
  }
}

extension TaskEnvelope {
  /// Runs the task here.
  package func run() async -> TaskOutcome {
    do {
      return .value(try await reference.entry().run(payload, format))
    } catch {
      return .thrown(error)
    }
  }
}
