/// The blocking form of a type's waiting calls, for code that is not async.
///
/// Reached as `.blocking` on the type; the compiler refuses it in async code, where a blocked thread of the cooperative
/// pool could stop the whole program.
public struct Blocking<Base: Sendable>: Sendable {
  @usableFromInline package let base: Base

  // Inlined, so that a call through `.blocking` takes no reference of its own: 10 of 33 ns of a lock.
  @inlinable package init(_ base: Base) { self.base = base }
}
