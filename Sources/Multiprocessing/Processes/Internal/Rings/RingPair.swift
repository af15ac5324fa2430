internal import MultiprocessingSystem

/// The memory between a pool and one worker: tasks one way, answers the other. Layout: `README.md` of this folder.
final class RingPair: Sendable {
  let tasks: FrameRing
  let answers: FrameRing
  /// The worker waits for a task.
  let taskFlag: SleepFlag
  /// The worker waits for room for an answer.
  let roomFlag: SleepFlag
  /// How the pool wants to hear of an answer; 0: it looks by itself.
  let answerFlag: SleepFlag
  private let mapping: SharedMapping

  /// In `answerFlag`: send a `bell`.
  static let byMessage: UInt32 = 1
  /// In `answerFlag`: a thread sleeps on the word.
  static let bySleep: UInt32 = 2

  private static let page = 4096
  static let byteCount = page + 2 * FrameRing.byteCount
  /// Words that different processes write are not on one line, nor on two that a processor fetches together.
  private static let line = 128

  private init(_ mapping: SharedMapping) {
    self.mapping = mapping
    // SAFETY: offsets inside the mapping, which is the pair's for life.
    let start = mapping.address
    let data = start + Self.page
    tasks = FrameRing(written: start, read: start + Self.line, data: data)
    answers = FrameRing(written: start + 2 * Self.line, read: start + 3 * Self.line, data: data + FrameRing.byteCount)
    taskFlag = SleepFlag(word: SharedWord(at: start + 4 * Self.line))
    roomFlag = SleepFlag(word: SharedWord(at: start + 5 * Self.line))
    answerFlag = SleepFlag(word: SharedWord(at: start + 6 * Self.line))
  }

  /// A new pair, and the file to send to the worker.
  ///
  /// - Throws: a `SystemError` when there are no descriptors or no memory for it.
  static func make() throws -> (pair: RingPair, file: Descriptor) {
    let file = try SharedFile(named: "mp-rings")
    try file.extend(to: byteCount)
    try file.fix()
    let pair = RingPair(try file.map(byteCount: byteCount))
    pair.answerFlag.announce(byMessage)
    return (pair, file.descriptor)
  }

  /// The pair in a worker.
  ///
  /// - Throws: a `SystemError`; EINVAL for a file of another size.
  convenience init(received file: Descriptor) throws {
    let status = try SharedFileStatus(of: file)
    guard status.byteCount == Self.byteCount, status.isSealed else { throw SystemError(call: "fstat", number: 22) }
    self.init(try SharedFile(inherited: file).map(byteCount: Self.byteCount))
  }
}
