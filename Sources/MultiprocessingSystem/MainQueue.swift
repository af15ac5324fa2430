internal import CMultiprocessing

/// The main queue of libdispatch, served by a loop of ours: what makes the main thread of a child the main actor's.
package enum MainQueue {
  /// False where the program has no libdispatch.
  package static var isAvailable: Bool { mp_main_queue_exists() == 1 }

  /// Readable when the queue has work; nil where the program has no libdispatch, or no descriptor for it now.
  package static var handle: Int32? {
    let number = mp_main_queue_handle()
    return number < 0 ? nil : number
  }

  /// Runs what is in the queue. On the main thread only.
  package static func drain() { mp_main_queue_drain() }
}
