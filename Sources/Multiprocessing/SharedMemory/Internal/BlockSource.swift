internal import MultiprocessingSystem

/// Where blocks lie: an arena of this process, or a file with one block, or one that another process made.
protocol BlockSource: AnyObject, Sendable {
  /// The mapping that shows the blocks, for as long as the source lives.
  var mapping: SharedMapping { get }

  /// One more handle for a block that a message names. The bytes are there, and stay.
  ///
  /// - Throws: `notTransferable` where there is no such block.
  func retain(_ offset: Int, byteCount: Int) throws

  /// One handle less. In no other process than the one that called `retain` or allocated.
  func release(_ offset: Int)

  /// What to send along with a message that names the block.
  func lend(_ offset: Int) throws -> Descriptor
}

extension BlockSource {
  static var damaged: MultiprocessingError {
    MultiprocessingError(.notTransferable, "the message names shared memory that is not there: it is damaged")
  }
}
