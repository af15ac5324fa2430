extension WorkerPool {
  /// Runs a closure literal on each input as it is asked for: lazy, with at most `maxPending` inputs taken ahead of the
  /// results taken. The inputs may be endless.
  ///
  /// - Parameters:
  ///   - inputs: the inputs, iterated in a task of their own.
  ///   - order: results in the order of the inputs, or as they come.
  ///   - options: for each task, and for the whole.
  ///   - body: a closure literal that captures nothing.
  /// - Returns: the results. What goes wrong, a capturing closure too, is thrown by their iteration.
  public func stream<Inputs: Sequence & Sendable, R: Codable & Sendable>(
    _ inputs: Inputs, order: ResultOrder = .input, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Inputs.Element) async throws -> R
  ) -> PoolResults<R> where Inputs.Element: Codable & Sendable {
    core.stream(order, options, total: inputs.knownCount, { try MapSource(body) }) { run, step in
      var rest = inputs.makeIterator()
      while try await run.waitForRoom(), let input = rest.next() { step(input) }
    }
  }

  /// Runs a closure literal on each input of an asynchronous sequence. See the form for sequences; an error that the
  /// inputs throw follows the results of the inputs before it.
  public func stream<Inputs: AsyncSequence & Sendable, R: Codable & Sendable>(
    _ inputs: Inputs, order: ResultOrder = .input, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Inputs.Element) async throws -> R
  ) -> PoolResults<R> where Inputs.Element: Codable & Sendable {
    core.stream(order, options, { try MapSource(body) }) { run, step in
      guard try await run.waitForRoom() else { return }
      for try await input in inputs {
        step(input)
        guard try await run.waitForRoom() else { return }
      }
    }
  }

  /// Runs tasks as their results are asked for. See the form for closures.
  public func stream<T: ProcessTask>(
    all tasks: some Sequence<T> & Sendable, order: ResultOrder = .input, options: MapOptions = MapOptions()
  ) -> PoolResults<T.Output> {
    core.stream(order, options, total: tasks.knownCount, { try MapSource() }) { run, step in
      var rest = tasks.makeIterator()
      while try await run.waitForRoom(), let task = rest.next() { step(task) }
    }
  }
}

extension PoolCore {
  /// Takes inputs and hands them on, as long as the run has room.
  typealias Feed<Input: Codable & Sendable> =
    @Sendable @concurrent (StreamRun, @escaping @Sendable (Input) -> Void) async throws -> Void

  func stream<Input: Codable & Sendable, Output: Sendable>(
    _ order: ResultOrder, _ options: MapOptions, total: Int? = nil,
    _ makeSource: @escaping @Sendable () throws -> MapSource<Input, Output>,
    feed: @escaping Feed<Input>
  ) -> PoolResults<Output> {
    PoolResults(
      source: StreamSource {
        let source = try makeSource()
        let traits = try options.traits(self.driver)
        guard self.driver.isOpen else { throw self.driver.closingReason }
        let limit = try Self.checkedLimit(options.maxPending ?? 4 * self.driver.configuredWorkers * traits.window)
        let run = StreamRun(
          driver: self.driver, order: order, limit: limit,
          logMetadata: self.driver.callersLogMetadata,
          progress: options.progress.map { ProgressReporter(style: $0, total: total, output: .ofPools) })
        if let timeout = options.totalTimeout { try run.fail(after: timeout) }
        let reader = ResultReader(coder: source.coder, format: self.capabilities.format)
        let sizer = self.sizer(options, traits)
        if sizer.isFixed {
          let pump = Task.detached { await Self.pump(run, feed) { run.submit(source.source($0), traits) } }
          return StreamWork(run: run, pump: pump, reader: reader)
        }
        let inputs = StreamFeed(
          run, source, self.driver, traits, sizer, limit: limit, logMetadata: self.driver.callersLogMetadata)
        let pump = Task.detached { await Self.pump(run, feed) { inputs.add($0) } }
        return StreamWork(run: run, pump: pump, reader: reader)
      })
  }

  private static func pump<Input: Codable & Sendable>(
    _ run: StreamRun, _ feed: Feed<Input>, _ step: @escaping @Sendable (Input) -> Void
  ) async {
    do {
      try await feed(run, step)
      run.endInputs(nil)
    } catch {
      run.endInputs(error)
    }
  }

  private static func checkedLimit(_ limit: Int) throws -> Int {
    guard limit > 0 else {
      throw MultiprocessingError(.invalidArgument, "maxPending must be above zero, not \(limit)")
    }
    return limit
  }
}

extension Sequence {
  /// How many there are, for progress, where that is known without looking at them.
  fileprivate var knownCount: Int? { (self as? any RandomAccessCollection)?.count }
}
