internal import MultiprocessingSystem

/// The work of the task that maps: takes inputs, sizes and encodes chunks, decodes answers, puts results in order.
struct MapWork<Input: Codable & Sendable, Output: Sendable> {
  typealias Stretch = MapRun<Input, Output>.Stretch

  private let run: MapRun<Input, Output>
  private let source: MapSource<Input, Output>
  private let driver: PoolDriver
  private let traits: PoolMachine.Traits
  private let logMetadata: [String: String]
  private var sizer: ChunkSizer
  /// Bytes of the arguments of what is submitted and not answered, by its first input.
  private var owed: [Int: Int] = [:]
  private var owedBytes = 0
  /// Inputs taken.
  private var taken = 0
  /// What workers gave back, the first inputs last.
  private var returned: [Stretch] = []
  private var results: [(start: Int, outputs: [Output])] = []

  /// Arguments that are encoded ahead hold memory: of large ones, no more than keep the workers busy.
  private static var bytesAhead: Int { 32 << 20 }

  init(
    _ run: MapRun<Input, Output>, _ source: MapSource<Input, Output>, _ driver: PoolDriver,
    _ traits: PoolMachine.Traits, _ sizer: ChunkSizer, logMetadata: [String: String]
  ) {
    self.run = run
    self.source = source
    self.driver = driver
    self.traits = traits
    self.sizer = sizer
    self.logMetadata = logMetadata
  }

  /// What these inputs have shown.
  var experience: ChunkSizer.Experience? { sizer.experience }

  /// Runs all inputs, and returns their results in order.
  mutating func collect(_ inputs: [Input]) async throws -> [Output] {
    while try goOn(inputs) { try accept(try await run.answers()) }
    return inOrder()
  }

  /// The same on the calling thread, which blocks.
  mutating func collectBlocking(_ inputs: [Input]) throws -> [Output] {
    while try goOn(inputs) { try accept(try run.answersBlocking()) }
    return inOrder()
  }

  /// Keeps the workers supplied; false when there is nothing more to wait for.
  private mutating func goOn(_ inputs: [Input]) throws -> Bool {
    let workers = max(1, driver.configuredWorkers)
    while hasRoom(workers), let stretch = next(from: inputs, workers) {
      do { try submit(stretch) } catch {
        returned.append(stretch)
        throw error
      }
    }
    return !owed.isEmpty
  }

  private mutating func accept(_ answers: [(stretch: Stretch, result: JobResult)]) throws {
    for (stretch, result) in answers {
      owedBytes -= owed.removeValue(forKey: stretch.start) ?? 0
      try accept(result, of: stretch)
    }
  }

  /// Counts what was submitted once, came back and goes to nobody any more.
  func abandon() {
    let count = returned.reduce(0) { $0 + ($1.isRest ? $1.inputs.count : 0) }
    if count > 0 { driver.count(failed: count) }
  }

  private mutating func submit(_ stretch: Stretch) throws {
    let isMany = stretch.inputs.count > 1
    var job: PoolJob?
    // Too many handles for one message, or one that cannot be encoded: which one, its own attempt will tell.
    do { job = try self.job(for: stretch) } catch  where isMany { job = nil }
    sizer.note(count: stretch.inputs.count, argumentBytes: job?.byteCount ?? 0)
    guard let job, !isMany || !job.isTooLarge else { return try submitHalf(of: stretch) }
    try run.submit(job, stretch, stretchTraits(stretch))
    owed[stretch.start] = job.byteCount
    owedBytes += job.byteCount
  }

  private mutating func submitHalf(of stretch: Stretch) throws {
    let half = stretch.inputs.count / 2
    let before = returned.count
    returned.append(stretch.dropping(half, isRest: stretch.isRest))
    do {
      try submit(Stretch(start: stretch.start, inputs: Array(stretch.inputs.prefix(half)), isRest: stretch.isRest))
    } catch {
      // The whole is the caller's again.
      returned.removeLast(returned.count - before)
      throw error
    }
  }

  /// Whether more stretches are to be with the workers or wait for them.
  private func hasRoom(_ workers: Int) -> Bool {
    let ahead = traits.pace == nil ? 2 * traits.window : Pace.largestWindow
    let most = sizer.isFixed ? max(64, 2 * workers * ahead) : 2 * workers + 1
    return owed.count < most && (owedBytes < Self.bytesAhead || owed.count < 2 * workers)
  }

  private mutating func next(from inputs: [Input], _ workers: Int) -> Stretch? {
    if let back = returned.popLast() {
      let size = sizer.size(left: back.inputs.count, workers: workers, isRest: true)
      if size < back.inputs.count { returned.append(back.dropping(size, isRest: back.isRest)) }
      return Stretch(start: back.start, inputs: Array(back.inputs.prefix(size)), isRest: back.isRest)
    }
    let left = inputs.count - taken
    guard left > 0 else { return nil }
    let size = sizer.size(left: left, workers: workers)
    defer { taken += size }
    return Stretch(start: taken, inputs: Array(inputs[taken..<taken + size]))
  }

  private func job(for stretch: Stretch) throws -> PoolJob {
    let capabilities = driver.backend.capabilities
    if !sizer.isFixed, let format = capabilities.format {
      return try source.job(
        stretch.inputs, format, for: capabilities, logMetadata: logMetadata, isRest: stretch.isRest)
    }
    return try source.source(stretch.inputs[0]).job(
      for: capabilities, logMetadata: logMetadata, isRest: stretch.isRest)
  }

  private func stretchTraits(_ stretch: Stretch) -> PoolMachine.Traits {
    var traits = traits
    traits.isOfWork = true
    if !sizer.isFixed {
      (traits.pace, traits.isChunk) = (nil, true)
      traits.window = sizer.window(for: stretch.inputs.count)
    }
    return traits
  }

  private mutating func accept(_ result: JobResult, of stretch: Stretch) throws {
    guard !sizer.isFixed, case .payload(let payload, _) = result, let format = driver.backend.capabilities.format else {
      let reader = ResultReader(coder: source.coder, format: driver.backend.capabilities.format)
      return results.append((stretch.start, [try reader.read(result)]))
    }
    let chunk = Chunk<Input, Output>(coder: source.coder)
    let (outputs, nanoseconds) = try chunk.decode(payload, format, count: stretch.inputs.count)
    sizer.note(count: outputs.count, nanoseconds: nanoseconds, bytes: payload.byteCount)
    results.append((stretch.start, outputs))
    if outputs.count < stretch.inputs.count { returned.append(stretch.dropping(outputs.count, isRest: true)) }
  }

  private func inOrder() -> [Output] {
    var all: [Output] = []
    all.reserveCapacity(taken)
    for (_, outputs) in results.sorted(by: { $0.start < $1.start }) { all.append(contentsOf: outputs) }
    return all
  }
}

extension MapRun.Stretch {
  /// What follows the first of them.
  fileprivate func dropping(_ count: Int, isRest: Bool) -> Self {
    Self(start: start + count, inputs: Array(inputs.dropFirst(count)), isRest: isRest)
  }
}

extension PoolJob {
  /// More than a chunk should be: a worker reads all of it before it begins, and has descriptors for few handles.
  var isTooLarge: Bool { byteCount > 1 << 20 || envelope?.payload.descriptors.count ?? 0 > 64 }
}
