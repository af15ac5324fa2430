/// A value that several processes see and change: a number, or a struct of numbers.
///
/// ```swift
/// let total = try SharedValue(0)
/// let child = try ChildProcess.start(total) { total in total.value += 1 }
/// try await child.join()
/// print(total.value)
/// ```
///
/// **`value += 1` is one access**: nobody comes between the reading and the writing. (In Python's `multiprocessing`, where
/// it is two, `value.value += 1` of two processes loses counts.) Anything longer needs `withLock`:
///
/// ```swift
/// if stock.value > 0 { stock.value -= 1 }                  // wrong: another process may come between
/// try await stock.withLock { if $0 > 0 { $0 -= 1 } }       // right, when all who change it use withLock
/// ```
///
/// No reader ever sees half a value: a process that is killed while it writes leaves the old value or the new one, and
/// the next goes on. One integer that is only counted is faster in a `SharedAtomic`, many values in a `SharedArray`.
public final class SharedValue<Value: BitwiseCopyable & Sendable>: Codable, Sendable {
  private let cell: ValueCell
  /// Guards longer changes (`withLock`), and whatever else is to change with the value: the lock given, or one of its own.
  public let lock: Lock

  /// A new shared value.
  ///
  /// - Parameters:
  ///   - value: at first.
  ///   - lock: to guard several values by one; nil for a lock of its own.
  /// - Throws: `outOfMemory`; `unsupported` for types aligned to more than 64 bytes; `system`.
  public init(_ value: Value, lock: Lock? = nil) throws {
    cell = try ValueCell(size: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment)
    self.lock = try lock ?? Lock()
    self.value = value
  }

  private enum Key: String, CodingKey { case cell, lock }

  /// The same value, sent by another process.
  ///
  /// - Throws: `notTransferable` for another decoder or one of another type, `system` where it cannot be mapped.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let block = try container.decode(SharedBlock.self, forKey: .cell)
    cell = try ValueCell(in: block, size: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment)
    lock = try container.decode(Lock.self, forKey: .lock)
  }

  /// Writes where the value is.
  ///
  /// - Throws: `notTransferable` anywhere but on the way to another process of the same tree.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(cell.block, forKey: .cell)
    try container.encode(lock, forKey: .lock)
  }

  /// The value, as one guarded access, also for `value += 1`.
  ///
  /// An access waits, blocking, for those of other processes and threads; each takes some nanoseconds. So pass the value
  /// to no function that takes long, that waits, or that uses this same shared value (`inout` arguments are one access
  /// until the function returns): use `withLock`.
  @inlinable public var value: Value {
    get {
      let current = open()
      defer { close() }
      // SAFETY: the copy that counts, under the latch.
      return current.load(as: Value.self)
    }
    _modify {
      // SAFETY: the copy that counts, under the latch; the other one is as large.
      let current = open()
      var value = current.load(as: Value.self)
      defer {
        draft(besides: current).storeBytes(of: value, as: Value.self)
        commit(after: current)
      }
      yield &value
    }
  }

  // What can be inlined are only the copies: with them the compiler knows the type, here it would ask at run time.
  // SAFETY: the cell's copies, used between `open` and `close` or `commit` only.
  @usableFromInline func open() -> UnsafeRawPointer { cell.open() }
  // SAFETY: as above.
  @usableFromInline func draft(besides current: UnsafeRawPointer) -> UnsafeMutableRawPointer {
    current == cell.copies ? cell.copies + cell.distance : cell.copies
  }
  @usableFromInline func close() { cell.close() }
  // SAFETY: as above.
  @usableFromInline func commit(after current: UnsafeRawPointer) { cell.commit(after: current) }
}
