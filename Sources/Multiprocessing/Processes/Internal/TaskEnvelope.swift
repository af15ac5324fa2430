/// A task as it crosses: which, in what form, and its arguments.
package struct TaskEnvelope: Sendable {
  /// Version of the layout of `frame`.
  package static let version: UInt8 = 3

  /// What the payload is.
  package enum Manner: UInt8, Sendable {
    /// The arguments of one task.
    case single
    /// Inputs that are answered together (`Chunk`).
    case chunk
    /// Inputs that are answered one by one (`Series`).
    case series
  }

  package var reference: TaskReference
  package var format: TransferFormat
  package var payload: TransferPayload
  package var manner: Manner
  /// Of the logger of whoever submitted the task.
  package var logMetadata: [String: String] = [:]

  package init(reference: TaskReference, format: TransferFormat, payload: TransferPayload, manner: Manner = .single) {
    self.reference = reference
    self.format = format
    self.payload = payload
    self.manner = manner
  }

  /// The frame of the task: version, form, reference and metadata as fields, then the arguments to the end.
  package func frame(task: UInt64) -> Frame {
    // Enough for most, so that the bytes are not moved while they grow.
    var head = FieldWriter(capacity: 256 + payload.bytes.count)
    head.put(Self.version)
    head.put(format == .portable)
    head.put(manner.rawValue)
    reference.write(to: &head)
    head.put(logMetadata.isEmpty ? nil : logMetadata.flatMap { [$0.key, $0.value] })
    head.append(payload.bytes)
    var payload = payload
    payload.bytes = head.bytes
    return Frame(.task, task: task, payload: payload)
  }

  /// Reads a task's frame.
  ///
  /// - Throws: `startFailed` for another version or, when the task needs the same build, another build.
  package init(_ frame: Frame) throws {
    var content = frame.payload
    // Of large arguments that are no arrays of numbers, all is in the file, also what stands here.
    if content.bytes.isEmpty {
      content = TransferPayload(bytes: try content.withContent(Array.init), descriptors: content.descriptors)
    }
    var head = FieldReader(content.bytes)
    do {
      let version = try head.byte()
      guard version == Self.version else { throw Self.mismatch("version \(version) of the task format") }
      format = try head.flag() ? .portable : .sameBuild
      guard let manner = Manner(rawValue: try head.byte()) else { throw FieldReader.Malformed() }
      self.manner = manner
      reference = try TaskReference(from: &head)
      if let texts = try head.optionalTexts() {
        for index in stride(from: 0, to: texts.count - 1, by: 2) { logMetadata[texts[index]] = texts[index + 1] }
      }
    } catch is FieldReader.Malformed {
      throw Self.mismatch("a task that is cut short")
    }
    payload = content
    payload.bytes = head.rest
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
  /// Runs the task here; `series` tells the results of one.
  package func run(_ series: Series? = nil) async -> TaskOutcome {
    do {
      let entry = try reference.entry()
      if manner == .single { return .value(try await entry.run(payload, format)) }
      let answer = try await entry.runChunk(payload, format, series)
      return .value(answer.payload, count: answer.count)
    } catch {
      return .thrown(error)
    }
  }
}
