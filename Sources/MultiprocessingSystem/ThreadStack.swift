internal import CMultiprocessing

/// The stack of the calling thread.
package enum ThreadStack {
  /// The bytes left on it; nil where the system does not say. Tens of microseconds on the main thread.
  package static var remaining: Int? {
    let bytes = mp_stack_remaining()
    return bytes == 0 ? nil : Int(bytes)
  }
}
