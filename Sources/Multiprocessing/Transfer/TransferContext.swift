package import MultiprocessingSystem
internal import Synchronization

/// The descriptors that belong to one message.
///
/// A handle finds it in its coder's `userInfo`: `encode(to:)` attaches descriptors and writes their indices;
/// `init(from:)` reads an index and takes the descriptor.
package final class TransferContext: Sendable {
  /// Where a coder of this library keeps the context in its `userInfo`.
  package static let userInfoKey = CodingUserInfoKey(rawValue: "swift-multiprocessing.transfer")!
  /// The most descriptors in one message.
  package static let maximumCount = 4096

  private let attached: Mutex<[Descriptor]>
  /// What the ends of the message have in common, as far as its writer knows.
  package let format: TransferFormat

  /// The context of a message that is being written.
  package init(_ format: TransferFormat = .sameBuild) {
    attached = Mutex([])
    self.format = format
  }

  /// The context of a message that came with these descriptors.
  package init(received: [Descriptor], _ format: TransferFormat = .sameBuild) {
    attached = Mutex(received)
    self.format = format
  }

  /// All descriptors, by index.
  package var descriptors: [Descriptor] { attached.withLock { $0 } }

  /// Adds a descriptor to the message.
  ///
  /// - Returns: its index, which the handle writes in the descriptor's place.
  /// - Throws: `notTransferable` above `maximumCount`.
  package func attach(_ descriptor: Descriptor) throws -> Int {
    let index = attached.withLock { descriptors in
      guard descriptors.count < Self.maximumCount else { return nil as Int? }
      descriptors.append(descriptor)
      return descriptors.count - 1
    }
    guard let index else {
      throw MultiprocessingError(
        .notTransferable,
        "a message can carry \(Self.maximumCount) descriptors at most: send the handles in several messages")
    }
    return index
  }

  /// The index of a descriptor that many handles of one message share: the first of them adds it.
  ///
  /// - Throws: `notTransferable` above `maximumCount`.
  package func attachOnce(_ descriptor: Descriptor) throws -> Int {
    // From the end: handles that lie in the same memory tend to follow each other.
    let known = attached.withLock { $0.lastIndex { $0 === descriptor } }
    return try known ?? attach(descriptor)
  }

  /// The descriptor at an index read from the message.
  ///
  /// - Throws: `notTransferable` where the message has no such descriptor.
  package func descriptor(at index: Int) throws -> Descriptor {
    let (descriptor, count) = attached.withLock { descriptors in
      (descriptors.indices.contains(index) ? descriptors[index] : nil, descriptors.count)
    }
    guard let descriptor else {
      throw MultiprocessingError(
        .notTransferable, "the message names descriptor \(index), but came with \(count): it is damaged")
    }
    return descriptor
  }

  /// The context of the coder whose `userInfo` this is.
  ///
  /// - Throws: `notTransferable` where another coder encodes or decodes a handle.
  package static func current(_ userInfo: [CodingUserInfoKey: Any]) throws -> TransferContext {
    if let context = userInfo[userInfoKey] as? TransferContext { return context }
    throw MultiprocessingError(
      .notTransferable,
      """
      a handle (queue, lock, shared memory, connection ...) cannot be encoded or decoded here: pass it as an argument, \
      as a task's input or result, or through a Connection to a process of the same tree
      """)
  }
}
