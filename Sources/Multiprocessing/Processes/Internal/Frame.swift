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
    /// From the parent, first of all: the memory of a worker's rings, where there is one.
    case rings
    /// In a ring: the frame with this task's number goes by the socket, and has its place here.
    case elsewhere
    /// From a worker: look into the ring.
    case bell
    /// From a worker: the result of one input of a series, whose place in that is `number`.
    case part, failedPart
    /// From a worker: the inputs of a series from the one at `number` on are the pool's again.
    case rest

    /// How a task or an input of a series ended.
    var isAnswer: Bool { self == .value || self == .thrown || isPart }
    var isPart: Bool { self == .part || self == .failedPart }
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
  /// The same, as it may wait (`TransferPayload.settled`).
  var settled: Frame {
    var frame = self
    frame.payload = payload.settled()
    return frame
  }

  /// A frame as it came.
  init(_ header: FrameHeader, _ payload: TransferPayload) {
    self.init(header.kind, task: header.task, number: header.number, payload: payload)
    build = header.build
    count = max(1, Int(header.count))
  }

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
  /// It goes on what was begun by an attachment frame.
  var goesOn = false
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
    guard bytes.count >= Self.byteCount else { return nil }
    // SAFETY: there are enough bytes.
    guard let header = bytes.withUnsafeBytes({ FrameHeader(at: $0.baseAddress!) }) else { return nil }
    self = header
  }

  // SAFETY: the caller has as many bytes there as a head has.
  /// Reads a head in memory; nil when it is none.
  init?(at start: UnsafeRawPointer) {
    guard let kind = Frame.Kind(rawValue: start.load(as: UInt8.self)) else { return nil }
    self.kind = kind
    let flags = start.load(fromByteOffset: 1, as: UInt8.self)
    (isInFile, goesOn) = (flags & 1 != 0, flags & 2 != 0)
    number = Int32(littleEndian: start.loadUnaligned(fromByteOffset: 4, as: Int32.self))
    task = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    build = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    length = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    count = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 32, as: UInt32.self))
  }

  var bytes: [UInt8] {
    // SAFETY: the capacity is that of a head.
    [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
      count = Self.byteCount
    }
  }

  // SAFETY: the caller has room for a head there.
  func write(to start: UnsafeMutableRawPointer) {
    start.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    start.storeBytes(of: kind.rawValue, as: UInt8.self)
    start.storeBytes(of: (isInFile ? 1 : 0) | (goesOn ? 2 : 0), toByteOffset: 1, as: UInt8.self)
    start.storeBytes(of: number.littleEndian, toByteOffset: 4, as: Int32.self)
    start.storeBytes(of: task.littleEndian, toByteOffset: 8, as: UInt64.self)
    start.storeBytes(of: build.littleEndian, toByteOffset: 16, as: UInt64.self)
    start.storeBytes(of: length.littleEndian, toByteOffset: 24, as: UInt64.self)
    start.storeBytes(of: count.littleEndian, toByteOffset: 32, as: UInt32.self)
  }
}
