internal import MultiprocessingSystem

// SAFETY: `elements` lies in the block, which this object keeps; it is as long as `count` says and was initialised by
// whoever made the array. Elements are trivially copyable, so other processes may change them at any time.

/// A fixed number of values that several processes see and change, without copies.
///
/// ```swift
/// let cells = try SharedArray(repeating: 0.0, count: 1_000_000)
/// let child = try ChildProcess.start(cells) { cells in
///   cells.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] = Double(index).squareRoot() } }
/// }
/// try await child.join()
/// print(cells[4])
/// ```
///
/// Access by index, `snapshot` and the buffer are **unlocked**: right while processes work on different elements, or one
/// after another. `cells[3] += 1` by two processes loses counts. `withLock` excludes others who use it, too. A process
/// that is killed while it writes leaves what it had written; `withLock` then tells the next one.
public final class SharedArray<Element: BitwiseCopyable & Sendable>: Codable, Sendable {
  private let block: SharedBlock
  @usableFromInline nonisolated(unsafe) let elements: UnsafeMutableBufferPointer<Element>
  /// Guards changes of several elements (`withLock`): the lock given, or one of its own.
  public let lock: Lock

  /// An array of `count` equal elements.
  ///
  /// - Parameters:
  ///   - element: what each is at first.
  ///   - count: how many; there may be none.
  ///   - lock: to guard several arrays or values by one; nil for a lock of its own.
  /// - Throws: `outOfMemory`; `invalidArgument` for a negative count; `unsupported` for types aligned to more than 64
  ///   bytes; `system`.
  public convenience init(repeating element: Element, count: Int, lock: Lock? = nil) throws {
    try self.init(count: count, lock: lock)
    FreshMemory.populate(UnsafeMutableRawBufferPointer(elements))
    elements.initialize(repeating: element)
  }

  /// An array with copies of elements.
  ///
  /// - Parameters:
  ///   - elements: what to copy; there may be none.
  ///   - lock: to guard several arrays or values by one; nil for a lock of its own.
  /// - Throws: `outOfMemory`; `unsupported` for types aligned to more than 64 bytes; `system`.
  public convenience init(_ elements: some Collection<Element>, lock: Lock? = nil) throws {
    try self.init(count: elements.count, lock: lock)
    FreshMemory.populate(UnsafeMutableRawBufferPointer(self.elements))
    let (_, end) = self.elements.initialize(from: elements)
    guard end == self.elements.endIndex else {
      throw MultiprocessingError(.invalidArgument, "a collection gave \(end) elements and said \(count)")
    }
  }

  private init(count: Int, lock: Lock?) throws {
    block = try SharedBlock(byteCount: Self.byteCount(of: count))
    elements = Self.elements(of: block, count)
    self.lock = try lock ?? Lock()
  }

  private enum Key: String, CodingKey { case count, block, lock }

  /// The same array, sent by another process.
  ///
  /// - Throws: `notTransferable` for another decoder or one of another type, `system` where it cannot be mapped.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let count = try container.decode(Int.self, forKey: .count)
    block = try container.decode(SharedBlock.self, forKey: .block)
    guard count >= 0, try Self.byteCount(of: count) == block.byteCount else {
      throw MultiprocessingError(.notTransferable, "the shared array that was sent is of another type")
    }
    elements = Self.elements(of: block, count)
    lock = try container.decode(Lock.self, forKey: .lock)
  }

  /// Writes where the array is.
  ///
  /// - Throws: `notTransferable` anywhere but on the way to another process of the same tree.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(count, forKey: .count)
    try container.encode(block, forKey: .block)
    try container.encode(lock, forKey: .lock)
  }

  /// At least one: a block is never empty.
  private static func byteCount(of count: Int) throws -> Int {
    guard count >= 0 else {
      throw MultiprocessingError(.invalidArgument, "a shared array cannot have \(count) elements")
    }
    guard MemoryLayout<Element>.alignment <= 64 else {
      throw MultiprocessingError(
        .unsupported, "\(Element.self) needs an alignment of \(MemoryLayout<Element>.alignment) bytes")
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if !overflow { return Swift.max(byteCount, 1) }
    throw MultiprocessingError(
      .outOfMemory, "\(count) elements of \(MemoryLayout<Element>.stride) bytes are more than there can be")
  }

  // SAFETY: as at the head of this file.
  private static func elements(of block: SharedBlock, _ count: Int) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: block.address.assumingMemoryBound(to: Element.self), count: count)
  }
}

extension SharedArray {
  /// How many elements there are; it never changes.
  @inlinable public var count: Int { elements.count }

  /// The indices, from 0.
  @inlinable public var indices: Range<Int> { 0..<elements.count }

  /// One element, unlocked. An index outside the array traps, as Array's does.
  @inlinable public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < elements.count, "index out of the shared array's range")
      return withExtendedLifetime(self) { elements[index] }
    }
    set {
      precondition(index >= 0 && index < elements.count, "index out of the shared array's range")
      withExtendedLifetime(self) { elements[index] = newValue }
    }
  }

  /// A copy of all elements, unlocked: others may change some while it is made.
  public func snapshot() -> [Element] {
    withExtendedLifetime(self) {
      // SAFETY: as many elements as there is room for.
      [Element](unsafeUninitializedCapacity: count) { copy, done in
        FreshMemory.populate(UnsafeMutableRawBufferPointer(copy))
        done = copy.initialize(fromContentsOf: elements)
      }
    }
  }

  // SAFETY: valid during the call, as the documentation says.
  /// Runs `body` with the elements themselves, unlocked. The pointer is valid during the call only.
  ///
  /// - Throws: what `body` throws.
  @inlinable public func withUnsafeMutableBufferPointer<R>(
    _ body: (UnsafeMutableBufferPointer<Element>) throws -> R
  ) rethrows -> R {
    try withExtendedLifetime(self) { try body(elements) }
  }

  // SAFETY: valid during the call: a span cannot leave it.
  /// Runs `body` with the elements themselves, unlocked and bounds-checked.
  ///
  /// - Throws: what `body` throws.
  @inlinable public func withMutableSpan<R>(_ body: (inout MutableSpan<Element>) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) {
      var span = elements.mutableSpan
      return try body(&span)
    }
  }
}
