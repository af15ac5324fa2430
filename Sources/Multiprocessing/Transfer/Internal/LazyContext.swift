internal import MultiprocessingSystem

/// The context of a message that is being written, made when a handle asks for it: most messages carry none.
///
/// Used by one writer on one thread.
final class LazyContext {
  private var made: TransferContext?
  private let format: TransferFormat

  init(_ format: TransferFormat = .sameBuild) { self.format = format }

  var value: TransferContext {
    if let made { return made }
    let context = TransferContext(format)
    made = context
    return context
  }

  var descriptors: [Descriptor] { made?.descriptors ?? [] }
}
