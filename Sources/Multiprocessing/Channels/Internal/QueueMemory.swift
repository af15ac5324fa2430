internal import MultiprocessingSystem

/// The shared memory of a queue: its words, and the window in which its segments lie. Layout: `README.md`.
struct QueueMemory: Sendable {
  let primitive: PrimitiveMemory
  let words: QueueWords
  let tracksCompletion: Bool

  /// Of the first segment: with the words before it, 16 KiB.
  private static let firstSize = 3 * QueueWords.page
  private static let leastWindow = 16 << 20
  private static let magic: UInt64 = 0x3130_7565_7565_7571

  var table: RegistryTable { primitive.table }

  /// - Parameter elementSize: bytes of each element where all are alike, nil where they are not.
  init(capacity: Int?, tracksCompletion: Bool, elementSize: Int?) throws {
    let block = try Self.makeWindow(capacity: capacity, elementSize: elementSize)
    primitive = try PrimitiveMemory(block)
    self.tracksCompletion = tracksCompletion
    words = QueueWords(
      base: block.address, window: block.byteCount, capacity: capacity ?? 0,
      firstPlace: Self.firstPlace(tracksCompletion))
    try block.reserve(0..<words.firstPlace + Self.firstSize)
    words.initialize(firstSize: Self.firstSize)
    words.longWord(at: 24).store(tracksCompletion ? 1 : 0)
    words.longWord(at: 0).store(Self.magic)
  }

  /// The queue that another process sent.
  init(_ primitive: PrimitiveMemory) throws {
    try primitive.require(byteCount: Self.leastWindow)
    let found = (0..<4).map { primitive.longWord(at: $0 * 8).load() }
    guard found[0] == Self.magic, found[1] == UInt64(primitive.block.byteCount),
      found[1] <= UInt64(QueueMark.mostPlaces), found[2] <= UInt64(Self.mostItems), found[3] <= 1
    else { throw Self.damaged }
    self.primitive = primitive
    tracksCompletion = found[3] == 1
    words = QueueWords(
      base: primitive.block.address, window: Int(found[1]), capacity: Int(found[2]),
      firstPlace: Self.firstPlace(tracksCompletion))
  }

  /// Nil: as many as memory holds.
  var capacity: Int? { words.capacity == 0 ? nil : words.capacity }

  /// What a capacity may be: numbers of items must not come round within a queue.
  static let mostItems = 1 << 32

  static var damaged: MultiprocessingError {
    MultiprocessingError(
      .notTransferable, "the shared memory of this queue was overwritten: it cannot be used any more")
  }

  private static func firstPlace(_ tracksCompletion: Bool) -> Int {
    QueueWords.page + (tracksCompletion ? QueueWords.ledgerEntries * QueueWords.ledgerEntrySize : 0)
  }

  private static func makeWindow(capacity: Int?, elementSize: Int?) throws -> SharedBlock {
    var size = QueueMark.mostPlaces
    if let capacity, let elementSize {
      // The items may begin and end anywhere in segments as large as all of them.
      let (needed, overflow) = capacity.multipliedReportingOverflow(by: 4 * (elementSize + 16))
      if !overflow, needed < size - 3 * leastWindow {
        size = (needed + 3 * leastWindow) / QueueWords.page * QueueWords.page
      }
    }
    while true {
      do { return try SharedBlock(windowOf: size) } catch  where size > leastWindow {
        size = max(size / 4, leastWindow)
      }
    }
  }
}
