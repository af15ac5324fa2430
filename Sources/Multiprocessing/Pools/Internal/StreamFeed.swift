internal import MultiprocessingSystem
internal import Synchronization

/// Gives the inputs of a stream to workers, several at a time as a series where they are quick (`Series`).
///
/// An input is sent at once while workers could run dry, and else kept until there are enough for a series or an earlier
/// one ends: nothing waits for inputs that may never come. What comes back of a series goes first, in order. Inputs are
/// encoded by the pump's task or one of their own, never by the thread that hears a worker.
final class StreamFeed<Input: Codable & Sendable, Output: Sendable>: SeriesKeeper {
  /// Inputs that follow each other.
  struct Stretch: Sendable {
    let start: Int
    let inputs: ArraySlice<Input>
    /// When they were taken out of the buffer.
    let era: SeriesEra
    /// As a whole they did not get as far as to tell which of them is to blame.
    var isSingle = false

    func part(_ range: Range<Int>, isSingle: Bool = false) -> Self {
      let part = inputs.dropFirst(range.lowerBound).prefix(range.count)
      return Self(start: start + range.lowerBound, inputs: part, era: era, isSingle: isSingle)
    }
  }

  fileprivate struct State {
    /// Taken and not sent.
    var buffer: ArraySlice<Input> = []
    var first = 0
    /// Came back, the first last.
    var returned: [Stretch] = []
    var sizer: ChunkSizer
    /// Series with workers or on their way.
    var underWay = 0
    /// How many workers there are to be, as of the last series.
    var workers = 1
    /// So many of what is kept are to be sent.
    var urgent = 0
    /// How many threads are counting what they cancelled.
    var refusing = 0
    /// One thread at a time sends.
    var isSending = false
    /// The pool is not to end before what it has taken on.
    var isHeld = false

    /// Whether the pool may end, as far as this stream goes; once for each time that it was held.
    mutating func takeRelease() -> Bool {
      guard isHeld, underWay + refusing == 0, buffer.isEmpty, returned.isEmpty else { return false }
      isHeld = false
      return true
    }
  }

  private let state: Mutex<State>
  fileprivate let run: StreamRun
  private let source: MapSource<Input, Output>
  private let driver: PoolDriver
  private let traits: PoolMachine.Traits
  private let logMetadata: [String: String]
  private let limit: Int

  init(
    _ run: StreamRun, _ source: MapSource<Input, Output>, _ driver: PoolDriver,
    _ traits: PoolMachine.Traits, _ sizer: ChunkSizer, limit: Int, logMetadata: [String: String]
  ) {
    self.run = run
    self.source = source
    self.driver = driver
    // A second one in hand, always: those with more room would overtake others.
    var traits = traits
    (traits.pace, traits.isChunk, traits.isOfWork, traits.window) = (nil, true, true, 2)
    self.traits = traits
    self.limit = limit
    self.logMetadata = logMetadata
    state = Mutex(State(sizer: sizer))
  }

  /// Takes the next input; by one task at a time. One that the pool does not take on any more is a failed result.
  func add(_ input: Input) {
    let index = run.take()
    do {
      let mustSend = try state.withLock { state in
        try driver.takeOn(beginning: state.isHeld ? nil : self)
        state.isHeld = true
        if state.buffer.isEmpty { state.first = index }
        state.buffer.append(input)
        return !state.isSending && state.hasEnough(limit)
      }
      if mustSend { send() }
    } catch {
      run.finish(index, .failure(error))
    }
  }

  private func send() {
    let isOurs = state.withLock { state in
      defer { state.isSending = true }
      return !state.isSending
    }
    guard isOurs else { return }
    while let stretch = next() { submit(stretch) }
  }

  /// What is to be sent now; nil, and then another thread may send, when there is nothing.
  private func next() -> Stretch? {
    let workers = max(1, driver.configuredWorkers)
    let isOver = run.isOver
    if isOver { cancelWaiting() }
    return state.withLock { state in
      state.workers = workers
      guard let stretch = state.next(limit, driver.seriesEra) else {
        state.isSending = false
        return nil
      }
      state.underWay += 1
      return stretch
    }
  }

  private func submit(_ stretch: Stretch) {
    let isMany = stretch.inputs.count > 1
    do {
      let job: PoolJob
      // Which of them cannot be sent, their own attempts will tell.
      do { job = try self.job(for: stretch) } catch  where isMany { return split(stretch) }
      state.withLock { $0.sizer.note(count: stretch.inputs.count, argumentBytes: job.byteCount) }
      if isMany, job.isTooLarge { return split(stretch) }
      _ = try driver.submit(job, traits, StretchRun(stretch, self)) { _ in }
    } catch {
      refuse(stretch, error)
      ended(giving: nil)
    }
  }

  private func split(_ stretch: Stretch) {
    let half = stretch.inputs.count / 2
    let parts = [half..<stretch.inputs.count, 0..<half].map { stretch.part($0) }
    state.withLock { state in
      state.underWay -= 1
      state.returned += parts
    }
  }

  private func job(for stretch: Stretch) throws -> PoolJob {
    let capabilities = driver.backend.capabilities
    // Counted when it was taken.
    return try source.job(
      Array(stretch.inputs), capabilities.format ?? .sameBuild, for: capabilities, logMetadata: logMetadata,
      manner: .series, isRest: true)
  }

  /// A series is over, but for what it gives back.
  fileprivate func ended(giving back: Stretch?) {
    let hasMore = state.withLock { state in
      state.underWay -= 1
      if let back { state.returned.append(back) }
      return !state.isSending && !(state.returned.isEmpty && state.buffer.isEmpty)
    }
    release()
    if hasMore { Task.detached { self.send() } }
  }

  fileprivate func takeBack(_ stretch: Stretch) {
    state.withLock { $0.returned.append(stretch) }
    Task.detached { self.send() }
  }

  func cancelWaiting() {
    let waiting = state.withLock { state in
      defer { (state.buffer, state.returned, state.urgent) = ([], [], 0) }
      // Held until they are counted.
      state.refusing += 1
      return state.returned.reversed() + [Stretch(start: state.first, inputs: state.buffer, era: 0)]
    }
    for stretch in waiting { refuse(stretch, CancellationError()) }
    state.withLock { $0.refusing -= 1 }
    release()
  }

  /// Nothing is kept, however much is under way.
  func sendWaiting() {
    let mustSend = state.withLock { state in
      state.urgent = state.buffer.count
      return state.urgent > 0 && !state.isSending
    }
    if mustSend { Task.detached { self.send() } }
  }

  private func release() {
    if state.withLock({ $0.takeRelease() }) { driver.endWork(of: self) }
  }

  /// Fails what no worker has seen.
  private func refuse(_ stretch: Stretch, _ error: any Error) {
    driver.count(failed: stretch.inputs.count)
    fail(stretch, 0..<stretch.inputs.count, error)
  }

  fileprivate func note(_ count: Int, _ answer: JobResult) {
    guard case .payload(let payload, _) = answer, let format = driver.backend.capabilities.format,
      let nanoseconds = try? TransferCoder<Double>.decode(payload, format)
    else { return }
    state.withLock { $0.sizer.note(count: count, nanoseconds: nanoseconds, bytes: 0) }
  }

  fileprivate func finish(from index: Int, _ results: [Result<JobResult, any Error>]) {
    run.finish(from: index, results)
  }

  fileprivate func fail(_ stretch: Stretch, _ range: Range<Int>, _ error: any Error) {
    run.finish(from: stretch.start + range.lowerBound, Array(repeating: .failure(error), count: range.count))
  }
}

extension StreamFeed.State {
  /// What is buffered is to be sent, or would make a series.
  fileprivate func hasEnough(_ room: Int) -> Bool {
    underWay < 2 * workers || urgent > 0 || buffer.count >= sizer.size(left: room, workers: workers)
  }

  fileprivate mutating func next(_ room: Int, _ era: SeriesEra) -> StreamFeed<Input, Output>.Stretch? {
    if let back = returned.popLast() {
      let size = back.isSingle ? 1 : sizer.size(left: back.inputs.count, workers: workers, isRest: true)
      if size < back.inputs.count {
        returned.append(back.part(size..<back.inputs.count, isSingle: back.isSingle))
      }
      return back.part(0..<size, isSingle: back.isSingle)
    }
    guard !buffer.isEmpty, hasEnough(room) else { return nil }
    let size = sizer.size(left: room, workers: workers)
    // A copy: else the next input would copy what is left.
    let stretch = StreamFeed<Input, Output>.Stretch(start: first, inputs: Array(buffer.prefix(size))[...], era: era)
    buffer.removeFirst(stretch.inputs.count)
    first += stretch.inputs.count
    urgent = max(0, urgent - stretch.inputs.count)
    return stretch
  }
}

/// One series of a stream while it is with the workers. The driver sees to it that parts come in order, and once.
private final class StretchRun<Input: Codable & Sendable, Output: Sendable>: SeriesReceiver {
  private let stretch: StreamFeed<Input, Output>.Stretch
  private let feed: StreamFeed<Input, Output>

  init(_ stretch: StreamFeed<Input, Output>.Stretch, _ feed: StreamFeed<Input, Output>) {
    (self.stretch, self.feed) = (stretch, feed)
  }

  var stream: ObjectIdentifier { ObjectIdentifier(feed.run) }
  var isOver: Bool { feed.run.isOver }
  var era: SeriesEra { stretch.era }

  func parts(from index: Int, _ results: [Result<JobResult, any Error>]) {
    feed.finish(from: stretch.start + index, results)
  }

  func rest(_ range: Range<Int>, isCancelled: Bool) {
    if isCancelled { feed.fail(stretch, range, CancellationError()) } else { feed.takeBack(stretch.part(range)) }
  }

  func end(_ end: SeriesEnd, _ error: (any Error)?) {
    if let answer = end.answer { feed.note(end.told, answer) }
    feed.fail(stretch, end.failed, error ?? Self.silent)
    if end.isRestCancelled { feed.fail(stretch, end.rest, CancellationError()) }
    let isOver = end.rest.isEmpty || end.isRestCancelled
    feed.ended(giving: isOver ? nil : stretch.part(end.rest, isSingle: end.isSingle))
  }

  private static var silent: MultiprocessingError {
    MultiprocessingError(.notTransferable, "a worker answered a series without any of its results: it is refused")
  }
}
