internal import MultiprocessingSystem

/// Bytes that several processes see at once: what one writes, the others read, without copies.
///
/// ```swift
/// let picture = try SharedMemory(byteCount: width * height * 4)
/// try await pool.run(picture) { picture in
///   picture.withUnsafeMutableBytes { $0[0] = 255 }
/// }
/// ```
///
/// All of it is reserved when it is made: a full system is the error `outOfMemory`, not a crash at some later access.
/// It begins as zeros. Nothing orders accesses of several processes, and a process that dies while it writes leaves what
/// it has written: guard the bytes with a `Lock`. For numbers and structs, `SharedArray` and `SharedValue` are safer.
///
/// **Anonymous** memory crosses to other processes of the same tree as an argument, an input, a result, or through a
/// Connection, and is gone with its last handle, however the processes end. **Named** memory is found by name from
/// programs that have nothing else in common; it stays, also without any process, until `unlink` or a restart of the
/// machine. Programs in other languages see it as POSIX shared memory. Only anonymous memory is sealed by the
/// system: a program that makes named memory shorter ends every process that then accesses the part cut off, by SIGBUS.
/// The library itself never touches the bytes, and opening or receiving memory takes its size anew.
public final class SharedMemory: Codable, Sendable {
  private let block: SharedBlock
  private let region: SharedRegion?
  /// The name it was created or opened by; nil when it is anonymous.
  public let name: String?

  /// Anonymous memory.
  ///
  /// - Parameter byteCount: how many bytes, at least one.
  /// - Throws: `outOfMemory`; `invalidArgument`; `system` when there are too many descriptors or mappings.
  public init(byteCount: Int) throws {
    block = try SharedBlock(byteCount: Self.checked(byteCount), isIsolated: true)
    region = nil
    name = nil
  }

  /// New memory under a name that is not taken. Only processes of the same user may open it.
  ///
  /// - Parameters:
  ///   - name: up to 255 bytes without a slash (but for one in front, which means nothing) and without a NUL.
  ///   - byteCount: how many bytes, at least one.
  /// - Throws: `outOfMemory`; `invalidArgument`; `system` when the name is taken: `open` it, or `unlink` it first.
  public convenience init(creating name: String, byteCount: Int) throws {
    let name = try SharedMemoryName(name)
    try self.init(name.create(byteCount: Self.checked(byteCount)), name: name.text)
  }

  /// The memory that somebody created under a name. Its size is taken now and does not follow later changes.
  ///
  /// - Throws: `invalidArgument`; `system` when there is none, or when it is empty.
  public convenience init(opening name: String) throws {
    let name = try SharedMemoryName(name)
    try self.init(name.open(), name: name.text)
  }

  /// Takes a name away: nobody finds the memory any more, and it is gone with its last handle.
  ///
  /// - Throws: `invalidArgument`; `system` when there is no such name.
  public static func unlink(_ name: String) throws { try SharedMemoryName(name).unlink() }

  private init(_ file: SharedFile, name: String) throws {
    let region = try SharedRegion.named(name, file)
    block = SharedBlock(whole: region)
    self.region = region
    self.name = name
  }

  private static func checked(_ byteCount: Int) throws -> Int {
    if byteCount > 0 { return byteCount }
    throw MultiprocessingError(.invalidArgument, "shared memory of \(byteCount) bytes: at least one is needed")
  }

  /// How many bytes there are.
  public var byteCount: Int { block.byteCount }

  /// Runs `body` with the memory itself, mapped into this process.
  ///
  /// The pointer is valid during the call only. Other processes may read and write at the same time.
  ///
  /// - Throws: what `body` throws.
  public func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    // SAFETY: the block keeps its mapping for the call; who accesses the bytes synchronises with other processes.
    try withExtendedLifetime(block) {
      try body(UnsafeMutableRawBufferPointer(start: block.address, count: block.byteCount))
    }
  }

  private enum Key: String, CodingKey { case name, descriptor, block }

  /// The same memory, sent by another process.
  ///
  /// - Throws: `notTransferable` for another decoder; `system` where it cannot be mapped, or is empty by now.
  public convenience init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let name = try container.decodeIfPresent(String.self, forKey: .name) else {
      self.init(try container.decode(SharedBlock.self, forKey: .block))
      return
    }
    let index = try container.decode(Int.self, forKey: .descriptor)
    let descriptor = try TransferContext.current(decoder.userInfo).descriptor(at: index)
    try self.init(SharedFile(copying: descriptor), name: name)
  }

  private init(_ block: SharedBlock) {
    self.block = block
    region = nil
    name = nil
  }

  /// Writes where the memory is. It crosses also when its name was taken away meanwhile.
  ///
  /// - Throws: `notTransferable` anywhere but on the way to another process of the same tree.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    guard let name, let region else {
      try container.encode(block, forKey: .block)
      return
    }
    try container.encode(name, forKey: .name)
    let index = try TransferContext.current(encoder.userInfo).attachOnce(region.file.descriptor)
    try container.encode(index, forKey: .descriptor)
  }
}
