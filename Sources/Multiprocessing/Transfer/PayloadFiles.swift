internal import MultiprocessingSystem
internal import Synchronization

/// The files of large payloads that this process may use again (Transfer/README.md).
final class PayloadFiles: Sendable {
  /// Gives a range of a file memory of its own.
  typealias Reservation = @Sendable (Range<Int>, MemoryFile) throws -> Void

  /// What those who have a use for the files lend them, from layers that this one does not know.
  struct Means: Sendable {
    var reserve: Reservation
    /// Calls the function at the time, or returns false.
    var call: @Sendable (_ time: ContinuousClock.Instant, _ function: @escaping @Sendable () -> Void) -> Bool
  }

  /// A file that belongs to one writer.
  struct Taken {
    let file: MemoryFile
    /// How much memory it has.
    private(set) var capacity = 0

    private let reserve: Reservation

    fileprivate init(_ file: MemoryFile, _ reserve: @escaping Reservation) {
      self.file = file
      self.reserve = reserve
    }

    /// Sees to it that there is memory for so many bytes.
    ///
    /// - Throws: `outOfMemory`, `system`; a `SystemError`.
    mutating func reserve(_ byteCount: Int) throws {
      guard byteCount > capacity else { return }
      let range = capacity..<(byteCount + Self.step - 1) / Self.step * Self.step
      try reserve(range, file)
      capacity = range.upperBound
    }

    private static let step = 1 << 16
  }

  private struct Kept {
    var taken: Taken
    let since: ContinuousClock.Instant
  }

  private struct State {
    /// By capacity.
    var kept: [Kept] = []
    var users = 0
    /// Of the first who had a use for them.
    var means: Means?
    /// Somebody will look for files that nobody took.
    var isWatched = false

    mutating func takeAll() -> [Kept] {
      defer { kept = [] }
      return kept
    }

    var keptBytes: Int { kept.reduce(0) { $0 + $1.taken.capacity } }
    var isOverfull: Bool { kept.count > mostFiles || keptBytes > limit }

    /// With what somebody must be asked to look later; nil when that is not needed.
    mutating func beginWatch() -> Means? {
      if isWatched || kept.isEmpty { return nil }
      isWatched = true
      return means
    }
  }

  private static let perProcess = PerProcess { PayloadFiles() }
  static var shared: PayloadFiles { perProcess.value }

  private let state = Mutex(State())

  /// The most bytes that are kept.
  private static let limit = 256 << 20
  /// The most files that are kept.
  private static let mostFiles = 16
  private static let patience: Duration = .seconds(1)
  /// So much is kept without asking whether there is memory to spare.
  private static let small = 4 << 20
  /// A file up to this size is taken for any message.
  private static let leastShared = 1 << 20

  /// A file for so many bytes: one that is free and large enough, else the largest that is free, else a new one. None that
  /// is much too large: a small message may be long under way.
  ///
  /// - Throws: a `SystemError`.
  func take(_ byteCount: Int) throws -> Taken {
    let (known, reserve) = state.withLock { state in
      // Sorted by size.
      let firstFitting = state.kept.firstIndex { $0.taken.capacity >= byteCount } ?? state.kept.endIndex
      let most = max(4 * byteCount, Self.leastShared)
      let fitting = state.kept.indices[firstFitting...].prefix { state.kept[$0].taken.capacity <= most }
      let order = Array(fitting) + state.kept.indices[..<firstFitting].reversed()
      let free = order.first { state.kept[$0].taken.file.isReturned }
      return (free.map { state.kept.remove(at: $0).taken }, state.means?.reserve)
    }
    return try known ?? Taken(MemoryFile(named: "mp-payload"), reserve ?? { try $1.reserve($0) })
  }

  /// What a reader gets: the file goes back to the kept ones, and is free when the reader is done.
  func lend(_ taken: Taken) -> Descriptor {
    guard let known = state.withLock({ $0.users > 0 ? $0.keptBytes : nil }),
      Self.isAffordable(taken.capacity, beside: known), let lent = taken.file.lend()
    else { return taken.file.descriptor }
    var dropped: [Kept] = []
    let newWatch = state.withLock { state in
      let place = state.kept.firstIndex { $0.taken.capacity >= taken.capacity } ?? state.kept.endIndex
      state.kept.insert(Kept(taken: taken, since: .now), at: place)
      while state.isOverfull, let oldest = state.kept.indices.min(by: { state.kept[$0].since < state.kept[$1].since }) {
        dropped.append(state.kept.remove(at: oldest))
      }
      if state.users == 0 { dropped += state.takeAll() }
      return state.beginWatch()
    }
    if let newWatch { dropped += watch(newWatch) }
    withExtendedLifetime(dropped) {}
    return lent
  }

  private static func isAffordable(_ byteCount: Int, beside others: Int) -> Bool {
    if byteCount + others <= small { return true }
    guard byteCount <= limit, let usable = MemoryFacts.now().usable else { return false }
    return byteCount <= usable / 16
  }

  /// Not under the lock, for it may start the reactor.
  ///
  /// - Returns: files that nobody would close, for there is nobody to call.
  private func watch(_ means: Means) -> [Kept] {
    if means.call(.now + Self.patience, { [weak self] in self?.dropUnused() }) { return [] }
    return state.withLock { state in
      state.isWatched = false
      return state.takeAll()
    }
  }

  /// Closes what nobody took for a while.
  private func dropUnused() {
    var dropped: [Kept] = []
    let newWatch = state.withLock { state in
      let limit = ContinuousClock.now - Self.patience
      dropped = state.kept.filter { $0.since <= limit }
      state.kept.removeAll { $0.since <= limit }
      state.isWatched = false
      return state.beginWatch()
    }
    if let newWatch { dropped += watch(newWatch) }
  }

  /// Gives all back to the system; false when there was nothing.
  func giveUp() -> Bool {
    let kept = state.withLock { $0.takeAll() }
    return !kept.isEmpty
  }

  /// As long as one of these lives, files are kept.
  final class Use: Sendable {
    private let files = PayloadFiles.shared

    init(_ means: Means) {
      files.state.withLock { state in
        state.users += 1
        state.means = state.means ?? means
      }
    }

    deinit {
      // A copy of the process may end an object of the original's: its lock is not ours.
      guard PayloadFiles.perProcess.existing === files else { return }
      let isLast = files.state.withLock { state in
        state.users -= 1
        return state.users == 0
      }
      if isLast { _ = files.giveUp() }
    }
  }
}
