internal import MultiprocessingSystem

/// One direction of a `RingPair`: whole frames, one writer, one reader. Layout and rules: `README.md` of this folder.
struct FrameRing: Sendable {
  /// How many bytes have ever been written; stored after them.
  let written: SharedLongWord
  /// How many bytes have ever been read; stored after they were copied.
  let read: SharedLongWord
  // SAFETY: `byteCount` bytes, mapped as long as the pair that this is a part of.
  fileprivate nonisolated(unsafe) let data: UnsafeMutableRawPointer

  /// A power of two.
  static let byteCount = 65_536
  /// The most bytes of a payload.
  static let payloadLimit = byteCount / 4

  /// So many frames fit.
  static let mostFrames = byteCount / room(for: FrameHeader.byteCount)

  fileprivate static let lengthSize = 8
  /// Instead of a length: go on at the beginning.
  fileprivate static let skip = UInt64.max

  // SAFETY: the pair passes places inside its mapping.
  init(written: UnsafeMutableRawPointer, read: UnsafeMutableRawPointer, data: UnsafeMutableRawPointer) {
    self.written = SharedLongWord(at: written)
    self.read = SharedLongWord(at: read)
    self.data = data
  }

  /// Whether a frame can go by a ring at all.
  static func takes(_ frame: Frame) -> Bool {
    frame.payload.isPlain && frame.payload.bytes.count <= payloadLimit
  }

  fileprivate static func place(_ position: UInt64) -> Int { Int(position % UInt64(byteCount)) }

  /// What a frame takes with its length, in steps of 8.
  fileprivate static func room(for length: Int) -> Int { lengthSize + (length + 7) / 8 * 8 }

  fileprivate static var malformed: MultiprocessingError {
    MultiprocessingError(.notTransferable, "the memory shared with the other process does not make sense any more")
  }
}

/// The writing end.
struct FrameRingWriter: Sendable {
  private let ring: FrameRing
  private var written: UInt64 = 0
  /// What the reader had read when that was last looked at.
  private var read: UInt64 = 0

  init(_ ring: FrameRing) { self.ring = ring }

  /// Writes a frame that `FrameRing.takes`; false when there is no room now.
  ///
  /// - Throws: `notTransferable` when the reader's word makes no sense.
  mutating func put(_ frame: Frame) throws -> Bool {
    let bytes = frame.payload.bytes
    let length = FrameHeader.byteCount + bytes.count
    let needed = FrameRing.room(for: length)
    let place = FrameRing.place(written)
    let rest = FrameRing.byteCount - place
    let total = needed <= rest ? needed : rest + needed
    guard try hasRoom(total) else { return false }
    // SAFETY: places are multiples of 8 below the size, and `needed` bytes from there are inside it.
    var target = ring.data + place
    if needed > rest {
      target.storeBytes(of: FrameRing.skip, as: UInt64.self)
      target = ring.data
    }
    target.storeBytes(of: UInt64(length).littleEndian, as: UInt64.self)
    let content = target + FrameRing.lengthSize
    FrameHeader(frame, isInFile: false, length: bytes.count).write(to: content)
    // SAFETY: as above; the array outlives the call.
    bytes.withUnsafeBytes {
      if let source = $0.baseAddress { (content + FrameHeader.byteCount).copyMemory(from: source, byteCount: $0.count) }
    }
    written += UInt64(total)
    ring.written.store(written)
    return true
  }

  private mutating func hasRoom(_ count: Int) throws -> Bool {
    if written - read + UInt64(count) <= UInt64(FrameRing.byteCount) { return true }
    let found = ring.read.load()
    guard found >= read, found <= written else { throw FrameRing.malformed }
    read = found
    return written - read + UInt64(count) <= UInt64(FrameRing.byteCount)
  }
}

/// The reading end. What the writer left there is not trusted.
struct FrameRingReader: Sendable {
  private let ring: FrameRing
  /// Up to where it was read.
  private(set) var position: UInt64 = 0

  init(_ ring: FrameRing) { self.ring = ring }

  var hasMore: Bool { ring.written.load() != position }

  /// What changes when a frame is written, and its value while there is none.
  var mark: (word: SharedWord, value: UInt32) { (ring.written.lowerHalf, UInt32(truncatingIfNeeded: position)) }

  /// The next frame, nil when there is none.
  ///
  /// - Throws: `notTransferable` for what is no frame.
  mutating func take() throws -> Frame? {
    let written = ring.written.load()
    while position != written {
      let place = FrameRing.place(position)
      let rest = min(written &- position, UInt64(FrameRing.byteCount - place))
      guard written > position, written - position <= UInt64(FrameRing.byteCount), rest >= 8, rest % 8 == 0 else {
        throw FrameRing.malformed
      }
      // SAFETY: the place is a multiple of 8 and `rest` bytes from there are inside the ring.
      let length = UInt64(littleEndian: (ring.data + place).load(as: UInt64.self))
      if length == FrameRing.skip {
        position += rest
        continue
      }
      guard length >= UInt64(FrameHeader.byteCount), length <= rest - UInt64(FrameRing.lengthSize) else {
        throw FrameRing.malformed
      }
      let frame = try copy(at: ring.data + place + FrameRing.lengthSize, length: Int(length))
      position += UInt64(FrameRing.room(for: Int(length)))
      ring.read.store(position)
      return frame
    }
    return nil
  }

  /// The next frames, in their order; what is no frame is found when it comes first.
  mutating func take(upTo count: Int) throws -> [Frame] {
    var frames: [Frame] = []
    do {
      while frames.count < count, let frame = try take() { frames.append(frame) }
    } catch  where !frames.isEmpty {
      return frames
    }
    return frames
  }

  // SAFETY: `length` bytes from there are inside the ring. The writer might change them meanwhile: each is read once.
  private func copy(at content: UnsafeRawPointer, length: Int) throws -> Frame {
    let count = length - FrameHeader.byteCount
    guard let header = FrameHeader(at: content), !header.isInFile, header.length == UInt64(count) else {
      throw FrameRing.malformed
    }
    // SAFETY: the rest of the same bytes.
    let bytes = UnsafeRawBufferPointer(start: content + FrameHeader.byteCount, count: count)
    return Frame(header, TransferPayload(bytes: Array(bytes)))
  }
}
