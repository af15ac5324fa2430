internal import MultiprocessingSystem

/// The work of the task that maps: takes inputs, sizes and encodes chunks, decodes answers, puts results in order.
struct MapWork<Input: Codable & Sendable, Output: Sendable> {
  typealias Stretch = MapRun<Input, Output>.Stretch

  private let run: MapRun<Input, Output>
  private let source: MapSource<Input, Output>
  private let driver: PoolDriver
  private let traits: PoolMachine.Traits
  private var sizer: ChunkSizer
  /// Submitted, and not answered.
  private var owed = 0
  /// Inputs taken.
  private var taken = 0
  /// What workers gave back, the first inputs last.
  private var returned: [Stretch] = []
  private var results: [(start: Int, outputs: [Output])] = []

  init(
    _ run: MapRun<Input, Output>, _ source: MapSource<Input, Output>, _ driver: PoolDriver,
    _ traits: PoolMachine.Traits, _ sizer: ChunkSizer
  ) {
    self.run = run
    self.source = source
    self.driver = driver
    self.traits = traits
    self.sizer = sizer
  }

  /// Runs all inputs, and returns their results in order.
  mutating func collect(_ inputs: [Input]) async throws -> [Output] {
    while true {
      let workers = max(1, driver.configuredWorkers)
      while owed < most(workers), let stretch = next(from: inputs, workers) {
        try run.submit(try job(for: stretch), stretch, stretchTraits(stretch))
        owed += 1
      }
      if owed == 0 { return inOrder() }
      for (stretch, result) in try await run.answers() {
        owed -= 1
        try accept(result, of: stretch)
      }
    }
  }

  /// How many stretches are kept with the workers and waiting for them.
  private func most(_ workers: Int) -> Int {
    sizer.isFixed ? max(64, 4 * workers * traits.window) : 2 * workers + 1
  }

  private mutating func next(from inputs: [Input], _ workers: Int) -> Stretch? {
    if let back = returned.popLast() {
      let size = sizer.size(left: back.inputs.count, workers: workers)
      if size < back.inputs.count { returned.append(back.dropping(size)) }
      return Stretch(start: back.start, inputs: Array(back.inputs.prefix(size)), isRest: true)
    }
    let left = inputs.count - taken
    guard left > 0 else { return nil }
    let size = sizer.size(left: left, workers: workers)
    defer { taken += size }
    return Stretch(start: taken, inputs: Array(inputs[taken..<taken + size]))
  }

  private func job(for stretch: Stretch) throws -> PoolJob {
    let capabilities = driver.backend.capabilities
    var job: PoolJob
    if !sizer.isFixed, let format = capabilities.format {
      job = try source.job(stretch.inputs, format, for: capabilities)
    } else {
      job = try source.source(stretch.inputs[0]).job(for: capabilities)
    }
    job.isRest = stretch.isRest
    return job
  }

  private func stretchTraits(_ stretch: Stretch) -> PoolMachine.Traits {
    var traits = traits
    if !sizer.isFixed { traits.window = sizer.window(for: stretch.inputs.count) }
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
    if outputs.count < stretch.inputs.count { returned.append(stretch.dropping(outputs.count)) }
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
  fileprivate func dropping(_ count: Int) -> Self {
    Self(start: start + count, inputs: Array(inputs.dropFirst(count)), isRest: true)
  }
}
