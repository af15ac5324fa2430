internal import MultiprocessingSystem
internal import Synchronization

/// Gives the inputs of a stream to workers, several at a time as a series where they are quick (`Series`).
///
/// An input is sent at once while workers could run dry, and else kept until there are enough for a series or an earlier
/// one ends: nothing waits for inputs that may never come. What comes back of a series goes first, in order. Inputs are
/// encoded by the pump's task or one of their own, never by the thread that hears a worker.
final class StreamFeed<Input: Codable & Sendable, Output: Sendable>: Sendable {
  /// Inputs that follow each other.
  struct Stretch: Sendable {
    let start: Int
    let inputs: ArraySlice<Input>
    var isRest = false
    /// As a whole they did not get as far as to tell which of them is to blame.
    var isSingle = false

    func part(_ range: Range<Int>, isSingle: Bool = false) -> Self {
      let part = inputs.dropFirst(range.lowerBound).prefix(range.count)
      return Self(start: start + range.lowerBound, inputs: part, isRest: true, isSingle: isSingle)
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
    /// So many of what is kept are to be sent.
    var urgent = 0
    /// How often what was not sent was cancelled.
    var cancellations = 0
    /// How many threads are counting what they cancelled.
    var refusing = 0
    /// One thread at a time sends.
    var isSending = false
    /// The next input is being taken on.
    var isTaking = false
    /// The pool is not to end before what it has taken on.
    var isHeld = false

    /// Whether the pool may end, as far as this stream goes; once for each time that it was held.
    mutating func takeRelease() -> Bool {
      guard isHeld, underWay + refusing == 0, !isTaking, buffer.isEmpty, returned.isEmpty else { return false }
      isHeld = false
      return true
    }
  }

  private let state: Mutex<State>
  private let run: StreamRun<Output>
  private let source: MapSource<Input, Output>
  private let driver: PoolDriver
  private let traits: PoolMachine.Traits
  private let logMetadata: [String: String]
  private let limit: Int

  init(
    _ run: StreamRun<Output>, _ source: MapSource<Input, Output>, _ driver: PoolDriver,
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
    let isHeld = state.withLock { state in
      defer { (state.isTaking, state.isHeld) = (true, true) }
      return state.isHeld
    }
    do {
      try driver.takeOn(beginsWork: !isHeld)
    } catch {
      state.withLock { ($0.isTaking, $0.isHeld) = (false, isHeld) }
      release()
      return run.finish(index, .failure(error))
    }
    state.withLock { state in
      state.isTaking = false
      if state.buffer.isEmpty { state.first = index }
      state.buffer.append(input)
    }
    send()
  }

  private func send() {
    let isOurs = state.withLock { state in
      defer { state.isSending = true }
      return !state.isSending
    }
    guard isOurs else { return }
    while let (stretch, cancellations) = next() { submit(stretch, unless: cancellations) }
  }

  /// What is to be sent now; nil, and then another thread may send, when there is nothing.
  private func next() -> (Stretch, cancellations: Int)? {
    let workers = max(1, driver.configuredWorkers)
    let (isOver, room) = (run.isOver, limit)
    if isOver { cancelWaiting() }
    return state.withLock { state in
      guard let stretch = state.next(workers, room) else {
        state.isSending = false
        return nil
      }
      state.underWay += 1
      return (stretch, state.cancellations)
    }
  }

  /// Unless what was not sent was cancelled while this was encoded.
  private func submit(_ stretch: Stretch, unless cancellations: Int) {
    let isMany = stretch.inputs.count > 1
    do {
      let job = try job(for: stretch)
      let isCancelled = state.withLock { state in
        state.sizer.note(count: stretch.inputs.count, argumentBytes: job.byteCount)
        return state.cancellations != cancellations
      }
      if isCancelled {
        refuse(stretch, CancellationError())
        return ended(giving: [])
      }
      if isMany, job.isTooLarge { return split(stretch) }
      try run.submit(job, traits, StretchRun(stretch, self))
    } catch  where isMany && (error as? MultiprocessingError)?.code != .closed {
      // Which of them cannot be sent, their own attempts will tell.
      split(stretch)
    } catch {
      refuse(stretch, error)
      ended(giving: [])
    }
  }

  private func split(_ stretch: Stretch) {
    let half = stretch.inputs.count / 2
    let parts = [stretch.part(0..<half), stretch.part(half..<stretch.inputs.count)]
    state.withLock { state in
      state.underWay -= 1
      state.returned += parts.reversed()
    }
  }

  private func job(for stretch: Stretch) throws -> PoolJob {
    let capabilities = driver.backend.capabilities
    var job = try source.job(
      Array(stretch.inputs), capabilities.format ?? .sameBuild, for: capabilities, logMetadata: logMetadata,
      manner: .series)
    // Counted when it was taken.
    job.isRest = true
    return job
  }

  /// A series is over, but for what it gives back.
  fileprivate func ended(giving back: [Stretch]) {
    let hasMore = state.withLock { state in
      state.underWay -= 1
      state.returned += back.reversed()
      return !state.isSending && !(state.returned.isEmpty && state.buffer.isEmpty)
    }
    release()
    if hasMore { Task.detached { self.send() } }
  }

  fileprivate func takeBack(_ stretch: Stretch) {
    state.withLock { $0.returned.append(stretch) }
    Task.detached { self.send() }
  }

  /// Cancels what is not sent.
  fileprivate func cancelWaiting() {
    let waiting = state.withLock { state in
      defer { (state.buffer, state.returned, state.urgent) = ([], [], 0) }
      state.cancellations += 1
      // Held until they are counted.
      state.refusing += 1
      return state.returned.reversed() + [Stretch(start: state.first, inputs: state.buffer)]
    }
    for stretch in waiting { refuse(stretch, CancellationError()) }
    state.withLock { $0.refusing -= 1 }
    release()
  }

  /// Workers have nothing to do: nothing is kept, however much is under way.
  fileprivate func sendWaiting() {
    let mustSend = state.withLock { state in
      state.urgent = state.buffer.count
      return state.urgent > 0 && !state.isSending
    }
    if mustSend { Task.detached { self.send() } }
  }

  private func release() {
    if state.withLock({ $0.takeRelease() }) { driver.endWork() }
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

  fileprivate func finish(_ index: Int, _ result: Result<JobResult, any Error>) { run.finish(index, result) }

  fileprivate func fail(_ stretch: Stretch, _ range: Range<Int>, _ error: any Error) {
    for index in range { run.finish(stretch.start + index, .failure(error)) }
  }
}

extension StreamFeed.State {
  fileprivate mutating func next(_ workers: Int, _ room: Int) -> StreamFeed<Input, Output>.Stretch? {
    if let back = returned.popLast() {
      let size = back.isSingle ? 1 : sizer.size(left: back.inputs.count, workers: workers, isRest: true)
      if size < back.inputs.count {
        returned.append(back.part(size..<back.inputs.count, isSingle: back.isSingle))
      }
      return back.part(0..<size, isSingle: back.isSingle)
    }
    let size = sizer.size(left: room, workers: workers)
    guard !buffer.isEmpty, buffer.count >= size || underWay < 2 * workers || urgent > 0 else { return nil }
    // A copy: else the next input would copy what is left.
    let stretch = StreamFeed<Input, Output>.Stretch(start: first, inputs: Array(buffer.prefix(size))[...])
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

  func part(_ index: Int, _ result: Result<JobResult, any Error>) { feed.finish(stretch.start + index, result) }

  func rest(_ range: Range<Int>, isCancelled: Bool) {
    if isCancelled { feed.fail(stretch, range, CancellationError()) } else { feed.takeBack(stretch.part(range)) }
  }

  func cancelWaiting() { feed.cancelWaiting() }

  func sendWaiting() { feed.sendWaiting() }

  func end(_ rest: Range<Int>, _ ending: SeriesEnding, isCancelled: Bool) {
    var back = rest
    var isSingle = false
    let isAtStart = rest.lowerBound == 0
    switch ending {
    case .answered(let answer, let wasRecalled):
      feed.note(rest.lowerBound, answer)
      if isAtStart, !rest.isEmpty, !wasRecalled { back = fail(rest, all: true, Self.silent) }
    case .refused(let error):
      isSingle = isAtStart && stretch.inputs.count > 1
      if !isSingle { back = fail(rest, all: false, error) }
    case .lost(let error, let begun):
      if let begun, begun <= rest.lowerBound, stretch.inputs.count > 1 {
        isSingle = isAtStart
      } else {
        back = fail(rest, all: begun == nil, error)
      }
    case .failed(let error): back = fail(rest, all: true, error)
    }
    if isCancelled {
      feed.fail(stretch, back, CancellationError())
      back = back.upperBound..<back.upperBound
    }
    feed.ended(giving: back.isEmpty ? [] : [stretch.part(back, isSingle: isSingle)])
  }

  /// Fails the first or all; what is left.
  private func fail(_ rest: Range<Int>, all: Bool, _ error: any Error) -> Range<Int> {
    let failing = all ? rest : rest.prefix(1)
    feed.fail(stretch, failing, error)
    return failing.upperBound..<rest.upperBound
  }

  private static var silent: MultiprocessingError {
    MultiprocessingError(.notTransferable, "a worker answered a series without any of its results: it is refused")
  }
}
