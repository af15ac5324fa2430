internal import MultiprocessingSystem
internal import Synchronization

/// What was found out about a task, for the next of the same: to name a closure or to find one means to look through images
/// and mangled names, which costs more than to run it.
///
/// Of places, those in the main executable alone: a library can be unloaded, and something else can lie there then.
final class KnownTasks: Sendable {
  static var current: KnownTasks { perProcess.value }
  private static let perProcess = PerProcess { KnownTasks() }

  // SAFETY: addresses of code, compared only.
  private struct Closure: Hashable {
    let code: UnsafeRawPointer
    let box: ObjectIdentifier
  }

  // SAFETY: addresses of code in the main executable, compared only.
  private struct State: @unchecked Sendable {
    var references: [Closure: TaskReference] = [:]
    var entries: [TaskReference: TaskEntry] = [:]
  }

  private let state = Mutex(State())

  /// More than programs have; one that makes types without end begins anew.
  private static let limit = 4096

  // SAFETY: as above.
  /// The reference of a closure's code that is called by this kind of box.
  func reference(
    of code: UnsafeRawPointer, _ box: Any.Type, find: () throws -> TaskReference
  ) rethrows -> TaskReference {
    let key = Closure(code: code, box: ObjectIdentifier(box))
    if let known = state.withLock({ $0.references[key] }) { return known }
    let found = try find()
    if case .closure(image: "", _, _) = found.name {
      state.withLock { state in
        if state.references.count >= Self.limit { state.references = [:] }
        state.references[key] = found
      }
    }
    return found
  }

  /// What is called for a reference.
  func entry(of reference: TaskReference, find: () throws -> TaskEntry) rethrows -> TaskEntry {
    if let known = state.withLock({ $0.entries[reference] }) { return known }
    let found = try find()
    switch reference.name {
    case .type, .closure(image: "", _, _), .typePlace(image: "", _):
      state.withLock { state in
        if state.entries.count >= Self.limit { state.entries = [:] }
        state.entries[reference] = found
      }
    default: break
    }
    return found
  }
}
