extension MultiprocessingError {
  /// What kind of failure it is. New codes may come with new versions: keep a default case.
  public struct Code: Sendable, Hashable, Codable {
    /// A signal or trap ended the child or worker: see `crash`.
    public static let childCrashed = Code("childCrashed")
    /// The child called `exit` before producing its value.
    public static let childExited = Code("childExited")
    /// The error thrown in the child is not Codable: see `remoteFailure`.
    public static let childThrew = Code("childThrew")
    /// The time given for a wait, a task or a map passed.
    public static let timedOut = Code("timedOut")
    /// The child went above the memory or CPU time of its `ResourceLimits`.
    public static let limitExceeded = Code("limitExceeded")
    /// Shared memory could not be reserved.
    public static let outOfMemory = Code("outOfMemory")
    /// Workers ended one after another without completing anything: the pool's restart limit.
    public static let crashLoop = Code("crashLoop")
    /// The queue, connection or pool is already closed or finished.
    public static let closed = Code("closed")
    /// The peer of a connection or manager is gone.
    public static let disconnected = Code("disconnected")
    /// The holder of a lock died inside.
    public static let ownerDied = Code("ownerDied")
    /// A release of what is not held, or above the bound.
    public static let notOwner = Code("notOwner")
    /// A barrier broke: a timeout, an abort, a reset or a death.
    public static let brokenBarrier = Code("brokenBarrier")
    /// A capturing closure, a type without a name, a failed encoding or decoding, or a handle in the wrong place.
    public static let notTransferable = Code("notTransferable")
    /// The child could not be started.
    public static let startFailed = Code("startFailed")
    /// The peer does not know the key.
    public static let authenticationFailed = Code("authenticationFailed")
    /// Not with this start method, pool, size or platform.
    public static let unsupported = Code("unsupported")
    /// An argument outside its documented range.
    public static let invalidArgument = Code("invalidArgument")
    /// A system call failed: `cause` holds call and error number.
    public static let system = Code("system")

    package let name: String

    package init(_ name: String) { self.name = name }
  }
}

extension MultiprocessingError.Code: CustomStringConvertible {
  /// The code's name.
  public var description: String { name }
}
