internal import MultiprocessingSystem

// SAFETY: offsets of words are fixed, multiples of 8 and below the least window; places are compared with the window
// (`isRecordPlace`, `SegmentCircle`) before anything at them is touched. The file cannot shrink.

/// The shared memory of a queue: its words, and the window in which its segments lie. Layout: `README.md`.
struct QueueMemory: @unchecked Sendable {
  let primitive: PrimitiveMemory
  let window: Int
  /// Nil: as many as memory holds.
  let capacity: Int?
  let tracksCompletion: Bool
  /// Where the first segment may lie.
  let firstPlace: Int

  static let page = 4096
  static let ledgerPlace = page
  static let ledgerEntries = 1024
  static let ledgerEntrySize = 32
  /// Of the first segment: with the words before it, 16 KiB.
  private static let firstSize = 3 * page
  private static let leastWindow = 16 << 20
  private static let magic: UInt64 = 0x3130_7565_7565_7571

  let base: UnsafeMutableRawPointer
  var table: RegistryTable { primitive.table }

  /// - Parameter elementSize: bytes of each element where all are alike, nil where they are not.
  init(capacity: Int?, tracksCompletion: Bool, elementSize: Int?) throws {
    let block = try Self.makeWindow(capacity: capacity, elementSize: elementSize)
    primitive = try PrimitiveMemory(block)
    base = block.address
    window = block.byteCount
    self.capacity = capacity
    self.tracksCompletion = tracksCompletion
    firstPlace = Self.firstPlace(tracksCompletion)
    let end = firstPlace + Self.firstSize
    try block.reserve(0..<end)
    longWord(at: 8).store(UInt64(window))
    longWord(at: 16).store(UInt64(capacity ?? 0))
    longWord(at: 24).store(tracksCompletion ? 1 : 0)
    segmentWord.store(UInt64(firstPlace))
    limitWord.store(UInt64(end))
    longWord(at: firstPlace).store(UInt64(firstPlace))
    longWord(at: firstPlace + 8).store(UInt64(Self.firstSize))
    let start = QueueMark(place: firstPlace + SegmentCircle.headerSize, count: 0)
    for word in [tailWord, headWord, seenHeadWord, seenTailWord] { word.store(start.bits) }
    longWord(at: 0).store(Self.magic)
  }

  /// The queue that another process sent.
  init(_ primitive: PrimitiveMemory) throws {
    try primitive.require(byteCount: Self.leastWindow)
    let words = (0..<4).map { primitive.longWord(at: $0 * 8).load() }
    guard words[0] == Self.magic, words[1] == UInt64(primitive.block.byteCount), words[1] <= UInt64(QueueMark.mostPlaces),
      words[2] <= UInt64(Self.mostItems), words[3] <= 1
    else { throw Self.damaged }
    self.primitive = primitive
    base = primitive.block.address
    window = Int(words[1])
    capacity = words[2] == 0 ? nil : Int(words[2])
    tracksCompletion = words[3] == 1
    firstPlace = Self.firstPlace(tracksCompletion)
  }

  /// What a capacity may be: numbers of items must not come round within a queue.
  static let mostItems = 1 << 32

  static var damaged: MultiprocessingError {
    MultiprocessingError(.notTransferable, "the shared memory of this queue was overwritten: it cannot be used any more")
  }

  private static func firstPlace(_ tracksCompletion: Bool) -> Int {
    tracksCompletion ? ledgerPlace + ledgerEntries * ledgerEntrySize : page
  }

  private static func makeWindow(capacity: Int?, elementSize: Int?) throws -> SharedBlock {
    var size = QueueMark.mostPlaces
    if let capacity, let elementSize {
      // The items may begin and end anywhere in segments as large as all of them.
      let (needed, overflow) = capacity.multipliedReportingOverflow(by: 4 * (elementSize + 16))
      if !overflow, needed < size { size = max(leastWindow, (needed + 3 * leastWindow) / page * page) }
    }
    while true {
      do { return try SharedBlock(windowOf: size) } catch where size > leastWindow { size = max(size / 4, leastWindow) }
    }
  }
}

extension QueueMemory {
  func longWord(at offset: Int) -> SharedLongWord { SharedLongWord(at: base + offset) }

  static let producerLatchPlace = 128
  static let consumerLatchPlace = 384

  var producerLatch: Latch { Latch(at: base + Self.producerLatchPlace, wakesAll: true) }
  var seenHeadWord: SharedLongWord { longWord(at: 136) }
  var segmentWord: SharedLongWord { longWord(at: 144) }
  var limitWord: SharedLongWord { longWord(at: 152) }
  var tailWord: SharedLongWord { longWord(at: 256) }
  var consumerLatch: Latch { Latch(at: base + Self.consumerLatchPlace, wakesAll: true) }
  var seenTailWord: SharedLongWord { longWord(at: 392) }
  var headWord: SharedLongWord { longWord(at: 512) }
  var items: QueueBell { QueueBell(word: SharedWord(at: base + 640)) }
  var space: QueueBell { QueueBell(word: SharedWord(at: base + 768)) }
  var completion: QueueBell { QueueBell(word: SharedWord(at: base + 896)) }

  var tail: QueueMark { QueueMark(bits: tailWord.load()) }
  var head: QueueMark { QueueMark(bits: headWord.load()) }

  /// Exact at some moment during the call, unless the queue is so busy that no such moment is found.
  var count: Int {
    var before = head
    for _ in 0..<16 {
      let count = tail.distance(from: before)
      let after = head
      if after == before { return count }
      before = after
    }
    return tail.distance(from: before)
  }
}
