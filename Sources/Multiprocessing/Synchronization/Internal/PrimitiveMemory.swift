internal import MultiprocessingSystem

// SAFETY: offsets are multiples of 4 or 8 below the length of the block, which this value keeps.

/// Where a primitive has its words: a block that crosses to other processes of the tree whose registry its words speak of.
struct PrimitiveMemory: Codable, Sendable {
  let block: SharedBlock
  let table: RegistryTable

  /// Words that are all zero.
  init(byteCount: Int) throws {
    _ = try ProcessRegistry.ownID()
    table = try ProcessRegistry.ownTable()
    block = try SharedBlock(byteCount: byteCount)
  }

  /// Words in a block that was made for more than them.
  init(_ block: SharedBlock) throws {
    _ = try ProcessRegistry.ownID()
    table = try ProcessRegistry.ownTable()
    self.block = block
  }

  /// - Throws: `unsupported` where the primitive was made in another tree of processes.
  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let tree = try container.decode([UInt64].self)
    block = try container.decode(SharedBlock.self)
    _ = try ProcessRegistry.ownID()
    table = try ProcessRegistry.ownTable()
    guard tree == table.tree else {
      throw MultiprocessingError(
        .unsupported,
        "a lock or other primitive works in the tree of processes in which it was made, and this is another")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(table.tree)
    try container.encode(block)
  }

  func word(at offset: Int) -> SharedWord { SharedWord(at: block.address + offset) }
  func longWord(at offset: Int) -> SharedLongWord { SharedLongWord(at: block.address + offset) }

  /// - Throws: `notTransferable` where a block from a message is too small for what shall lie in it.
  func require(byteCount: Int) throws {
    if block.byteCount < byteCount {
      throw MultiprocessingError(.notTransferable, "the message names a primitive that is too small: it is damaged")
    }
  }
}
