internal import MultiprocessingSystem

/// First in, first out, between any number of processes, threads and tasks of one tree.
///
///     let numbers = try Queue<Int>()
///     let child = try ChildProcess.start(numbers) { numbers in
///       for number in 1...3 { try await numbers.put(number) }
///       numbers.finish()
///     }
///     for try await number in numbers { print(number) }
///     try await child.join()
///
/// Each element goes to one consumer; those of one producer come out in the order in which it put them. `put` returns when
/// the element is in shared storage: no thread sends it later, so nothing is lost when the producer exits, and a child
/// may be joined before what it put is taken. An unbounded queue grows as memory allows, and gives memory back as it is
/// emptied; with a `capacity`, `put` waits while the queue is full.
///
/// Elements may be as large as the queue's memory (4 GiB, with all that waits in it). Trivially copyable ones, and arrays
/// of them, are copied as bytes; others are encoded and decoded by the calling process, so what fails to encode or decode
/// fails that one call. An element must hold no handle (queue, lock, shared memory, connection): `notTransferable`.
///
/// **When a process dies** at any instruction, no other waits for it, and no element is torn, doubled or out of order. An
/// element whose `put` had not returned may arrive or not; those that it was just taking are lost. (With
/// `tracksCompletion`, `joinAll` tells how many were taken and never marked done.)
///
/// A `Queue` goes one way and to anybody; a `Connection` goes both ways between two, and carries handles.
public final class Queue<Element: Codable & Sendable>: Codable, Waitable, AsyncSequence {
  let core: QueueCore
  let form = ElementForm<Element>()

  /// A new queue.
  ///
  /// - Parameters:
  ///   - capacity: how many elements it holds; nil for as many as memory holds.
  ///   - tracksCompletion: whether `taskDone` and `joinAll` can be used: CPython's JoinableQueue.
  /// - Throws: `invalidArgument` for a capacity below 1 or above 2^32; `outOfMemory`; `unsupported` when this tree has
  ///   too many processes that use primitives; `system` where no descriptor or address space is left.
  public init(capacity: Int? = nil, tracksCompletion: Bool = false) throws {
    if let capacity, !(1...QueueMemory.mostItems).contains(capacity) {
      throw MultiprocessingError(
        .invalidArgument, "a queue of \(capacity) elements: 1 to \(QueueMemory.mostItems) can be, or nil for any number"
      )
    }
    core = QueueCore(
      try QueueMemory(capacity: capacity, tracksCompletion: tracksCompletion, elementSize: form.size))
  }

  private static var build: String { Image.main?.identity ?? "" }

  /// The queue that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder; `unsupported` for a queue of another tree of processes, or of a
  ///   process that runs another executable.
  public init(from decoder: any Decoder) throws {
    _ = try TransferContext.current(decoder.userInfo)
    var container = try decoder.unkeyedContainer()
    guard try container.decode(String.self) == Self.build else {
      throw MultiprocessingError(.unsupported, "a queue joins processes that run the same executable")
    }
    core = QueueCore(try QueueMemory(try container.decode(PrimitiveMemory.self)))
  }

  /// Writes a reference to the queue.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it, as one that fills a queue.
  public func encode(to encoder: any Encoder) throws {
    _ = try TransferContext.current(encoder.userInfo)
    var container = encoder.unkeyedContainer()
    try container.encode(Self.build)
    try container.encode(core.memory.primitive)
  }

  /// How many elements the queue holds at most; nil for as many as memory holds.
  public var capacity: Int? { core.memory.capacity }

  /// How many elements wait to be taken: exact, though others may put and take meanwhile.
  public var count: Int { core.words.count }

  /// Whether nothing waits to be taken.
  public var isEmpty: Bool { count == 0 }

  /// Whether as many elements wait as the capacity says; never without one.
  public var isFull: Bool { capacity.map { count >= $0 } ?? false }

  /// Whether `finish` was called, by whatever process. There may still be elements to take.
  public var isFinished: Bool { core.words.tail.isFinished }

  /// No more puts, from any process: they throw `closed`, those that wait for space too.
  ///
  /// Consumers take what is there; then `get` throws `closed`, and iteration ends. Does nothing when called again.
  public func finish() { core.finish() }

  /// Ready when there is an element to take, and when the queue is finished.
  public var waitSource: WaitSource { WaitSource(.signal(QueueSignal(core: core))) }

  /// The forms that block the calling thread.
  public var blocking: Blocking<Queue<Element>> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Queue: CustomStringConvertible {
  /// How many elements it has, and may have.
  public var description: String {
    "Queue(\(count)\(capacity.map { " of \($0)" } ?? "")\(isFinished ? ", finished" : ""))"
  }
}
