internal import MultiprocessingSystem

/// One message between a parent and its child.
package struct Frame: Sendable {
  package enum Kind: UInt8, Sendable {
    // From the fork server, in the child's name.
    case started = 1
    case startFailed
    // From the parent.
    case task, cancel, retire
    // From the child.
    case ready, value, thrown
    /// Descriptors of the frame that follows, which had too many for one message.
    case attachment
    /// From the parent: give back a task that has not begun; from the child: here it is.
    case recall, returned
    /// From a worker: a log record.
    case log
  }

  package var kind: Kind
  /// Which task it is about.
  package var task: UInt64
  /// A process id, an error number or the like, as the kind says.
  package var number: Int32
  /// How many inputs it answers, when they were several.
  package var count = 1
  /// The sender's build, filled in when it is sent.
  package var build: UInt64
  package var payload: TransferPayload

  package init(
    _ kind: Kind, task: UInt64 = 0, number: Int32 = 0,
    payload: TransferPayload = TransferPayload(bytes: [], descriptors: [])
  ) {
    self.kind = kind
    self.task = task
    self.number = number
    self.payload = payload
    build = BuildIdentity.own.hash
  }
}

extension Frame {
  /// Nanoseconds that the task of an answer ran, in `number` as the bits of a Float: three microseconds in a minute are
  /// close enough. Nil when it did not run.
  package var runTime: UInt64? {
    get {
      let time = Float(bitPattern: UInt32(bitPattern: number))
      // A hundred days at most: what is added up of them does not overflow.
      return time > 0 ? UInt64(exactly: min(time, 0x1p53).rounded()) : nil
    }
    set { number = newValue.map { Int32(bitPattern: Float(max(1, $0)).bitPattern) } ?? 0 }
  }
}

/// A frame's head, 40 bytes, little-endian: kind (1), flags (1), zero (2), number (4), task (8), build (8), length (8),
/// count (4), zero (4).
struct FrameHeader {
  static let byteCount = 40

  var kind: Frame.Kind
  /// The payload is in a memory file, the first descriptor of the message.
  var isInFile: Bool
  var number: Int32
  var task: UInt64
  var build: UInt64
  var length: UInt64
  var count: UInt32

  /// - Parameter length: of the payload, or of its file.
  init(_ frame: Frame, isInFile: Bool, length: Int) {
    kind = frame.kind
    self.isInFile = isInFile
    number = frame.number
    task = frame.task
    build = frame.build
    self.length = UInt64(length)
    count = UInt32(clamping: frame.count)
  }

  /// Reads a head; nil when the bytes are none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount, let kind = Frame.Kind(rawValue: bytes[0]) else { return nil }
    self.kind = kind
    isInFile = bytes[1] & 1 == 1
    // SAFETY: the offsets are below the count checked above.
    (number, task, build, length, count) = bytes.withUnsafeBytes {
      (
        Int32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: Int32.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self)),
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 32, as: UInt32.self))
      )
    }
  }

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    bytes[0] = kind.rawValue
    bytes[1] = isInFile ? 1 : 0
    // SAFETY: the offsets are below the count of the array.
    bytes.withUnsafeMutableBytes {
      $0.storeBytes(of: number.littleEndian, toByteOffset: 4, as: Int32.self)
      $0.storeBytes(of: task.littleEndian, toByteOffset: 8, as: UInt64.self)
      $0.storeBytes(of: build.littleEndian, toByteOffset: 16, as: UInt64.self)
      $0.storeBytes(of: length.littleEndian, toByteOffset: 24, as: UInt64.self)
      $0.storeBytes(of: count.littleEndian, toByteOffset: 32, as: UInt32.self)
    }
    return bytes
  }
}
