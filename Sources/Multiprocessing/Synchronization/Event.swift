internal import MultiprocessingSystem

/// A flag that processes wait for until one of them sets it.
///
/// Unlike a `Condition` it guards nothing and keeps no lock: set once, it lets everybody through, now and later, until
/// `clear`. A `clear` right after a `set` turns away nobody who waited when it was set.
///
///     let ready = try Event()
///     let child = try ChildProcess.start(ready) { try await $0.wait() }
///     ready.set()
///     try await child.join()
///
/// **When a process dies**, a set event stays set, a clear one clear; who waits for a process that died before it set
/// the event waits for its timeout.
public final class Event: Codable, Sendable {
  private let memory: PrimitiveMemory
  /// Bit 0: set. Bit 1: somebody may sleep. Above: how often it was set.
  private let word: SharedWord
  fileprivate let budget = SpinBudget()

  private static let isSetBit: UInt32 = 1
  private static let sleepers: UInt32 = 2
  private static let one: UInt32 = 4

  /// A new event, not set.
  ///
  /// - Throws: `outOfMemory`; `unsupported` when this tree has too many processes that use primitives; `system`.
  public convenience init() throws { try self.init(PrimitiveMemory(byteCount: 8)) }

  /// The event that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for an event of another tree of processes.
  public convenience init(from decoder: any Decoder) throws { try self.init(PrimitiveMemory(from: decoder)) }

  private init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: 8)
    self.memory = memory
    word = memory.word(at: 0)
  }

  /// Writes a reference to the event.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws { try memory.encode(to: encoder) }

  /// Whether it is set now.
  public var isSet: Bool { word.load() & Self.isSetBit != 0 }

  /// Sets the event and wakes all who wait for it. Does nothing when it is set.
  public func set() {
    // So that a death between the two steps below is noticed.
    _ = try? ProcessRegistry.ownID()
    var found = word.load()
    while found & Self.isSetBit == 0 {
      let next = (found & ~(Self.sleepers | Self.isSetBit)) &+ Self.one | Self.isSetBit
      guard word.exchange(&found, for: next) else { continue }
      if found & Self.sleepers != 0 { word.wake() }
      return
    }
  }

  /// Makes the event wait to be set again.
  public func clear() {
    var found = word.load()
    while found & Self.isSetBit != 0, !word.exchange(&found, for: found & ~Self.isSetBit) {}
  }

  /// Waits until the event is set.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled first; `system` where there is no thread to wait on.
  public func wait() async throws {
    if !isSet { _ = try await AsyncWait.run(on: word, timeout: nil, wakesAll: true, look()) }
  }

  /// Waits as `wait`; false when `timeout` passes first.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled first; `system` where there is no thread to wait
  ///   on.
  public func wait(timeout: Duration) async throws -> Bool {
    if isSet { return true }
    return try await AsyncWait.run(on: word, timeout: timeout, wakesAll: true, look()) != nil
  }

  fileprivate func waitBlocking(timeout: Duration?) throws -> Bool {
    if isSet { return true }
    _ = try ProcessRegistry.ownID()
    let deadline = timeout.map(SharedWait.deadline(after:))
    return BlockingWait.run(in: memory.table, until: deadline, spinning: budget, look()) != nil
  }

  /// Through when the event is set, or was set since now.
  private func look() -> @Sendable (LookMode) -> WaitLook<Void> {
    let start = word.load() & ~(Self.sleepers | Self.isSetBit)
    return { [self] mode in
      var found = word.load()
      while true {
        if found & Self.isSetBit != 0 || found & ~(Self.sleepers | Self.isSetBit) != start { return .done(()) }
        if found & Self.sleepers != 0 || !mode.announces { return .sleep(word, found) }
        if word.exchange(&found, for: found | Self.sleepers) { return .sleep(word, found | Self.sleepers) }
      }
    }
  }
}

extension Event {
  /// The forms that block the calling thread.
  public var blocking: Blocking<Event> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Blocking where Base == Event {
  /// `Event.wait`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func wait() throws { _ = try base.waitBlocking(timeout: nil) }

  /// `Event.wait(timeout:)`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func wait(timeout: Duration) throws -> Bool { try base.waitBlocking(timeout: timeout) }
}

extension Event: CustomStringConvertible {
  /// Whether it is set.
  public var description: String { "Event(\(isSet ? "set" : "unset"))" }
}
