internal import MultiprocessingSystem

/// An integer that several processes change without a lock.
///
/// Every call is one indivisible step, and all are sequentially consistent: all processes agree on one order of them,
/// and what a process wrote before a step is seen by whoever sees the step. A process that is killed has made a step or
/// has not; nothing is left to repair.
///
/// ```swift
/// let hits = try SharedAtomic(0)
/// try await pool.map(requests, hits) { request, hits in
///   if request.isHit { hits.wrappingAdd(1) }
/// }
/// print(hits.load())
/// ```
///
/// Use `SharedValue` for anything but one integer, or when several steps must be one: `if hits.load() < 5 {
/// hits.wrappingAdd(1) }` lets others in between; `compareExchange` or a lock does not.
public final class SharedAtomic<Value: FixedWidthInteger & BitwiseCopyable & Sendable>: Codable, Sendable {
  private let block: SharedBlock
  private let cell: AtomicCell

  /// A new integer.
  ///
  /// - Parameter value: of a type of one, two, four or eight bytes.
  /// - Throws: `unsupported` for other sizes; `outOfMemory`; `system`.
  public init(_ value: Value) throws {
    try Self.checkSize()
    block = try SharedBlock(byteCount: MemoryLayout<Value>.size)
    cell = AtomicCell(at: block.address, byteCount: block.byteCount)
    cell.store(UInt64(truncatingIfNeeded: value))
  }

  /// The same integer, sent by another process.
  ///
  /// - Throws: `notTransferable` for another decoder or one of another type, `system` where it cannot be mapped.
  public init(from decoder: any Decoder) throws {
    try Self.checkSize()
    block = try SharedBlock(from: decoder)
    guard block.byteCount == MemoryLayout<Value>.size else {
      throw MultiprocessingError(.notTransferable, "the shared integer that was sent is not of the type \(Value.self)")
    }
    cell = AtomicCell(at: block.address, byteCount: block.byteCount)
  }

  /// Writes where the integer is.
  ///
  /// - Throws: `notTransferable` anywhere but on the way to another process of the same tree.
  public func encode(to encoder: any Encoder) throws { try block.encode(to: encoder) }

  private static func checkSize() throws {
    let size = MemoryLayout<Value>.size
    guard [1, 2, 4, 8].contains(size), Value.bitWidth == size * 8 else {
      throw MultiprocessingError(
        .unsupported, "\(Value.self) has \(Value.bitWidth) bits: atomic integers have 8, 16, 32 or 64")
    }
  }

  // What can be inlined is only the conversion: with it the compiler knows the type, here it would ask at run time.
  @usableFromInline func loadBits() -> UInt64 { cell.load() }
  @usableFromInline func storeBits(_ bits: UInt64) { cell.store(bits) }
  @usableFromInline func addBits(_ bits: UInt64) -> UInt64 { cell.add(bits) }
  @usableFromInline func andBits(_ bits: UInt64) -> UInt64 { cell.formAnd(bits) }
  @usableFromInline func orBits(_ bits: UInt64) -> UInt64 { cell.formOr(bits) }
  @usableFromInline func exchangeBits(_ bits: UInt64) -> UInt64 { cell.exchange(bits) }
  @usableFromInline func compareExchangeBits(_ expected: UInt64, _ desired: UInt64) -> UInt64 {
    cell.compareExchange(expected, desired)
  }
}

extension SharedAtomic {
  /// The value now.
  @inlinable public func load() -> Value { Value(truncatingIfNeeded: loadBits()) }

  /// Sets the value.
  @inlinable public func store(_ value: Value) { storeBits(UInt64(truncatingIfNeeded: value)) }

  /// Adds, wrapping around at the ends of the type; returns the value before.
  @discardableResult @inlinable public func wrappingAdd(_ value: Value) -> Value {
    Value(truncatingIfNeeded: addBits(UInt64(truncatingIfNeeded: value)))
  }

  /// Subtracts, wrapping around at the ends of the type; returns the value before.
  @discardableResult @inlinable public func wrappingSubtract(_ value: Value) -> Value {
    Value(truncatingIfNeeded: addBits(0 &- UInt64(truncatingIfNeeded: value)))
  }

  /// Sets the value to the lesser of itself and `value`; returns the value before.
  @discardableResult @inlinable public func min(_ value: Value) -> Value {
    update { $0 <= value ? nil : value }
  }

  /// Sets the value to the greater of itself and `value`; returns the value before.
  @discardableResult @inlinable public func max(_ value: Value) -> Value {
    update { $0 >= value ? nil : value }
  }

  /// Keeps the bits that are set in `value`; returns the value before.
  @discardableResult @inlinable public func bitwiseAnd(_ value: Value) -> Value {
    Value(truncatingIfNeeded: andBits(UInt64(truncatingIfNeeded: value)))
  }

  /// Sets the bits that are set in `value`; returns the value before.
  @discardableResult @inlinable public func bitwiseOr(_ value: Value) -> Value {
    Value(truncatingIfNeeded: orBits(UInt64(truncatingIfNeeded: value)))
  }

  /// Sets the value and returns the one before.
  @inlinable public func exchange(_ value: Value) -> Value {
    Value(truncatingIfNeeded: exchangeBits(UInt64(truncatingIfNeeded: value)))
  }

  /// Sets the value to `desired` if it is `expected`.
  ///
  /// - Returns: whether it was, and the value before.
  @inlinable public func compareExchange(expected: Value, desired: Value) -> (exchanged: Bool, original: Value) {
    let before = compareExchangeBits(UInt64(truncatingIfNeeded: expected), UInt64(truncatingIfNeeded: desired))
    let original = Value(truncatingIfNeeded: before)
    return (original == expected, original)
  }

  /// Sets the value to what `change` makes of it, until nobody came between; returns the value before.
  @inlinable func update(_ change: (Value) -> Value?) -> Value {
    var current = load()
    while let desired = change(current) {
      let (exchanged, original) = compareExchange(expected: current, desired: desired)
      if exchanged { return original }
      current = original
    }
    return current
  }
}
