internal import Synchronization

/// The error of an element that could not be decoded and came behind others in one get: for the next get of this process.
final class ElementRefusal: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  var isThere: Bool { error.withLock { $0 != nil } }

  func note(_ error: any Error) { self.error.withLock { $0 = error } }

  /// Throws it, once.
  func throwOnce() throws {
    let found = error.withLock { error in
      defer { error = nil }
      return error
    }
    if let found { throw found }
  }
}
