/// A task as it crosses: which, in what form, and its arguments.
package struct TaskEnvelope: Sendable {
  /// Version of the layout of `frame`.
  package static let version: UInt8 = 2

  package var reference: TaskReference
  package var format: TransferFormat
  package var payload: TransferPayload
  /// Of the logger of whoever submitted the task.
  package var logMetadata: [String: String] = [:]

  package init(reference: TaskReference, format: TransferFormat, payload: TransferPayload) {
    self.reference = reference
    self.format = format
    self.payload = payload
  }

  /// The frame of the task: version, form, reference and metadata as fields, then the arguments to the end.
  package func frame(task: UInt64) -> Frame {
    var head = FieldWriter()
    head.put(Self.version)
    head.put(format == .portable)
    reference.write(to: &head)
    head.put(logMetadata.isEmpty ? nil : logMetadata.flatMap { [$0.key, $0.value] })
    let bytes = head.bytes + payload.bytes
    return Frame(.task, task: task, payload: TransferPayload(bytes: bytes, descriptors: payload.descriptors))
  }

  /// Reads a task's frame.
  ///
  /// - Throws: `startFailed` for another version or, when the task needs the same build, another build.
  package init(_ frame: Frame) throws {
    var head = FieldReader(frame.payload.bytes)
    do {
      let version = try head.byte()
      guard version == Self.version else { throw Self.mismatch("version \(version) of the task format") }
      format = try head.flag() ? .portable : .sameBuild
      reference = try TaskReference(from: &head)
      if let texts = try head.optionalTexts() {
        for index in stride(from: 0, to: texts.count - 1, by: 2) { logMetadata[texts[index]] = texts[index + 1] }
      }
    } catch is FieldReader.Malformed {
      throw Self.mismatch("a task that is cut short")
    }
    payload = TransferPayload(bytes: head.rest, descriptors: frame.payload.descriptors)
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
