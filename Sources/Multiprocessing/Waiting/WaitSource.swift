package import MultiprocessingSystem

/// How the library tells that something is ready. Made by the library's own types.
public struct WaitSource: Sendable {
  package enum Kind: Sendable {
    /// Ready when the descriptor is readable, at its end or at fault.
    case descriptor(Descriptor)
    /// A number that belongs to the user: not closed here.
    case foreign(Int32)
    /// Ready, and for ever.
    case ready
  }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// The number to poll; nil when it is ready anyway.
  package var number: Int32? {
    switch kind {
    case .descriptor(let descriptor): descriptor.number
    case .foreign(let number): number
    case .ready: nil
    }
  }
}
