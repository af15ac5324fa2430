/// Anything that becomes ready: a child or parent that ended, a queue, connection or listener with something to take,
/// a descriptor.
///
/// Give several to `waitForAny(of:timeout:)`.
public protocol Waitable: AnyObject, Sendable {
  /// How to tell that this is ready.
  var waitSource: WaitSource { get }
}
