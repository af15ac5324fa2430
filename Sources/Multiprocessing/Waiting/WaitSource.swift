package import MultiprocessingSystem

/// How the library tells that something is ready. Made by the library's own types.
public struct WaitSource: Sendable {
  package enum Kind: Sendable {
    /// Ready when the descriptor is readable, at its end or at fault.
    case descriptor(Descriptor)
    /// A number that belongs to the user: not closed here.
    case foreign(Int32)
    /// Ready when its descriptor is, and when it is closed.
    case closable(any ClosableSource)
    /// Says itself whether it is ready, and when it may be.
    case signal(any WaitSignal)
    /// Ready, and for ever.
    case ready
  }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// How to tell whether it is ready now.
  enum Look {
    case known(Bool)
    /// By polling a number, which means this as long as the descriptor is held.
    case poll(Int32, holding: Descriptor?)

    var number: Int32? { if case .poll(let number, _) = self { number } else { nil } }
    var isReady: Bool { if case .known(let isReady) = self { isReady } else { false } }
  }

  var look: Look {
    switch kind {
    case .descriptor(let descriptor): .poll(descriptor.number, holding: descriptor)
    case .foreign(let number): .poll(number, holding: nil)
    case .closable(let source): source.existing.map { .poll($0.number, holding: $0) } ?? .known(true)
    case .signal(let signal): .known(signal.isReady)
    case .ready: .known(true)
    }
  }
}

/// A descriptor that may be closed while it is waited for.
package protocol ClosableSource: Sendable {
  /// Nil when it is closed. To be held for a moment only: while it is, the other side sees no end.
  var existing: Descriptor? { get }

  /// Calls `notify` when it is closed, at once where it is. What is returned ends the watch.
  func watchClosing(_ notify: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}
