/// How many inputs of a map go to a worker in one message, by what they have taken so far.
///
/// A message costs some ten microseconds at both ends together; so quick inputs travel together, as many as make up a
/// stretch of work that the message does not weigh against, and slow ones alone, so that none waits in one worker while
/// another is free. As long as nothing is known of them, many inputs begin with small chunks, and a chunk is at most 16
/// times as large as the largest before: what was taken for quick by mistake comes back (`Chunk`).
///
/// What earlier maps of the same pool learned of the same task (`Experience`) says how the first chunks are cut, and no
/// more: these inputs may be others. Every worker gets its share at once, so that those it gives back cost no time.
struct ChunkSizer: Sendable {
  /// What is known of a task's inputs when a map begins or ends.
  struct Experience: Sendable {
    /// What an input took, in nanoseconds.
    var cost: Double
    /// What an input and its result were as bytes, at most.
    var bytes: Double
  }

  /// Inputs that go together in any case: the chunk size that was asked for.
  private let unit: Int
  /// The time that a chunk should take, in nanoseconds.
  private let target: Double
  /// No size was asked for.
  private let isAutomatic: Bool
  /// Only `unit` at a time.
  let isFixed: Bool
  /// What an input took, in nanoseconds.
  private var cost: Double?
  /// What an input and its result were as bytes, at most.
  private var bytes = 1.0
  private var largest: Int
  private var hint: Experience?

  /// What goes through a worker's ring, but for a little that stands before the inputs: a message by the
  /// socket costs several times as much.
  private static let byteLimit = Double(FrameRing.payloadLimit / 64 * 63)

  /// A sizer that gives every input alone.
  static let single = ChunkSizer(unit: 1, target: 0, isAutomatic: false, isFixed: true)

  /// - Parameter size: the size asked for; nil: as is best. A given size is not exceeded by more than 50 microseconds
  ///   of work.
  init(size: Int?, _ experience: Experience? = nil) {
    self.init(
      unit: size ?? 1, target: size == nil ? 1_000_000 : 50_000, isAutomatic: size == nil, isFixed: false)
    hint = experience
  }

  private init(unit: Int, target: Double, isAutomatic: Bool, isFixed: Bool) {
    self.unit = unit
    self.target = target
    self.isAutomatic = isAutomatic
    self.isFixed = isFixed
    largest = unit
  }

  /// What was learned, once a chunk has been answered.
  var experience: Experience? { cost.map { Experience(cost: $0, bytes: bytes) } }

  /// Notes what a chunk took.
  mutating func note(count: Int, nanoseconds: Double, bytes size: Int) {
    guard count > 0, nanoseconds.isFinite, nanoseconds >= 0 else { return }
    let latest = max(nanoseconds / Double(count), 1)
    // Down at once, as the first is dear for other reasons; up by half, as one slow input says little of the next.
    cost = cost.map { latest < $0 ? latest : ($0 + latest) / 2 } ?? latest
    bytes = max(bytes, Double(size) / Double(count))
    largest = max(largest, count)
  }

  /// Notes what inputs were as bytes.
  mutating func note(count: Int, argumentBytes: Int) {
    bytes = max(bytes, Double(argumentBytes) / Double(max(1, count)))
  }

  /// What a message costs, in nanoseconds: the last inputs are not shared out in chunks that take less.
  private static let least = 20_000.0

  /// The size of the next chunk when so many inputs are left for so many workers: the last ones are shared out, and so
  /// is what a worker gave back (`isRest`), whatever size was asked for.
  func size(left: Int, workers: Int, isRest: Bool = false) -> Int {
    if isFixed { return min(unit, left) }
    let unit = isRest ? 1 : unit
    let share = Double(left) / Double(2 * workers)
    guard let cost else {
      let first = hint.map { Int(min(target / $0.cost, Self.byteLimit / max(bytes, $0.bytes), share)) }
      let untried = isAutomatic ? max(1, min(64, Int(share / 16))) : unit
      return max(1, min(left, first.map { max(unit, $0 / unit * unit) } ?? untried))
    }
    let most = min(target / cost, Self.byteLimit / bytes, max(share, Self.least / cost), 16 * Double(largest))
    return max(1, min(left, max(unit, Int(most) / unit * unit)))
  }

  /// How many chunks a worker may have in hand: a second one, when it will not have to wait for long.
  func window(for size: Int) -> Int {
    guard !isFixed, let cost else { return 1 }
    return cost * Double(size) < Double(ChunkAnswer.patience) ? 2 : 1
  }
}
