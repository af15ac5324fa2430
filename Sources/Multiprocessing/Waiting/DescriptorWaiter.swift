/// Makes a file descriptor of the user's a `Waitable`: ready when it is readable, at its end or at fault.
///
/// The descriptor stays the user's: it must be open while it is waited for, and is never closed here.
public final class DescriptorWaiter: Waitable {
  /// The descriptor.
  public let fileDescriptor: Int32

  /// Wraps a descriptor. One that is not open makes `waitForAny` throw `invalidArgument`.
  public init(fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

  /// Ready when the descriptor is.
  public var waitSource: WaitSource { WaitSource(.foreign(fileDescriptor)) }
}
