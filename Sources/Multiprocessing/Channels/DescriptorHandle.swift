internal import MultiprocessingSystem

/// An open file, pipe or socket of the program's own, on its way to another process.
///
/// ```swift
/// let log = try DescriptorHandle(duplicating: file.fileDescriptor)
/// let child = try ChildProcess.start(log) { log in
///   FileHandle(fileDescriptor: log.fileDescriptor).write(Data("from the child\n".utf8))
/// }
/// ```
///
/// It crosses as an argument, a task's input or result, or through a `Connection`, and is closed in each process when the
/// last reference there goes. A forked copy keeps it, unless it was received when there was no other descriptor to be had.
public final class DescriptorHandle: Codable, Waitable {
  private let descriptor: Descriptor

  /// A handle with a number of its own: the one given stays the program's, to use and to close.
  ///
  /// - Throws: `invalidArgument` when it is not open, `system` when there are too many.
  public init(duplicating fileDescriptor: Int32) throws {
    guard Polling.isOpen(fileDescriptor) else {
      throw MultiprocessingError(.invalidArgument, "descriptor \(fileDescriptor) is not open")
    }
    do {
      // The user's file: a forked copy keeps it.
      descriptor = try withExtendedLifetime(try Descriptor.duplicating(fileDescriptor)) { try .sharing($0) }
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("duplicating descriptor \(fileDescriptor)", error)
    }
  }

  /// The number in this process, open as long as this object lives.
  public var fileDescriptor: Int32 { descriptor.number }

  /// Ready when it is readable, at its end or at fault.
  public var waitSource: WaitSource { WaitSource(.descriptor(descriptor)) }

  /// The handle that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder.
  public init(from decoder: any Decoder) throws {
    let index = try decoder.singleValueContainer().decode(Int.self)
    let received = try TransferContext.current(decoder.userInfo).descriptor(at: index)
    // Without room for another number it is the message's own, which a forked copy does not keep.
    descriptor = (try? .sharing(received)) ?? received
  }

  /// Writes a reference to it.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws {
    let index = try TransferContext.current(encoder.userInfo).attach(descriptor)
    var container = encoder.singleValueContainer()
    try container.encode(index)
  }
}
