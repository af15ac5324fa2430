package import MultiprocessingSystem

/// How the library tells that something is ready. Made by the library's own types.
public struct WaitSource: Sendable {
  package enum Kind: Sendable {
    /// Ready when the descriptor is readable, at its end or at fault.
    case descriptor(Descriptor)
    /// A number that belongs to the user: not closed here.
    case foreign(Int32)
    /// Says itself whether it is ready, and when it may be.
    case signal(any WaitSignal)
    /// Ready, and for ever.
    case ready
  }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// The number to poll; nil when there is none.
  package var number: Int32? {
    switch kind {
    case .descriptor(let descriptor): descriptor.number
    case .foreign(let number): number
    case .ready, .signal: nil
    }
  }

  /// Whether it is ready now; nil when its number must be polled.
  var isReady: Bool? {
    switch kind {
    case .descriptor, .foreign: nil
    case .signal(let signal): signal.isReady
    case .ready: true
    }
  }
}
