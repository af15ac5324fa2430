package import MultiprocessingSystem
internal import Synchronization

// SAFETY: `current` is 0 or the address of a table that was retained for it and is never released. Publishing releases
// and reading acquires, so whoever sees the address sees the table complete.

/// This process's part in the registry of its tree.
package enum ProcessRegistry {
  private static let current = Atomic<UInt>(0)
  /// The descriptor a child was started with.
  private static let inherited = Published<Descriptor?>(nil)
  /// The id of the parent, as it told at the start; 0 where it did not.
  private static let givenParent = Atomic<UInt64>(0)

  /// Says that this process is a child that was started with the registry. Nothing is read before the first use.
  package static func inherit(_ descriptor: Descriptor) { inherited.value = descriptor }

  /// Says which process started this one.
  static func noteParent(_ bits: UInt64) { givenParent.store(bits, ordering: .releasing) }

  /// The table: inherited, or made here where this process is the root of its tree.
  static func table() throws -> RegistryTable {
    if let table = existing { return table }
    let fresh = try inherited.value.map(RegistryTable.init(inherited:)) ?? RegistryTable()
    let retained = Unmanaged.passRetained(fresh)
    let (isOurs, _) = current.compareExchange(
      expected: 0, desired: UInt(bitPattern: retained.toOpaque()), ordering: .acquiringAndReleasing)
    if !isOurs { retained.release() }
    return existing ?? fresh
  }

  /// The table of a process that has its id.
  package static func ownTable() throws -> RegistryTable {
    _ = try ownID()
    return try table()
  }

  /// The table, if this process has used it.
  package static var existing: RegistryTable? {
    // SAFETY: a published table is never released.
    UnsafeRawPointer(bitPattern: current.load(ordering: .acquiring)).map {
      Unmanaged<RegistryTable>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// The id of this process, claimed at the first call.
  ///
  /// - Throws: `unsupported` when the registry is full, belongs to another tree, or this process's parent is gone.
  @inline(__always) package static func ownID() throws -> OwnerID {
    if let id = OwnerID(bits: OwnID.value) { return id }
    do {
      return try claim()
    } catch let error as SystemError {
      throw MultiprocessingError(
        error.isOutOfMemory ? .outOfMemory : .system, doing: "joining the registry of this tree of processes", error)
    }
  }

  private static func claim() throws -> OwnerID {
    let table = try table()
    // One thread at a time. Not a mutex: a forked copy would inherit it as another thread held it.
    return try claiming.value.withLock {
      if let id = OwnerID(bits: OwnID.value) { return id }
      let earlier = buryEarlier(in: table)
      let id = try claim(in: table)
      OwnID.set(id.bits)
      // Only now: who adopts needs an id.
      if earlier { adoptOrphans(in: table) }
      return id
    }
  }

  private static let claiming = PerProcess { MutexBox() }

  /// A live slot with this very process id is that of an earlier process whose death nobody noticed.
  private static func buryEarlier(in table: RegistryTable) -> Bool {
    let earlier = table.all(of: ProcessIdentity.currentID)
    for id in earlier { bury(id, in: table) }
    return !earlier.isEmpty
  }

  private static func claim(in table: RegistryTable) throws -> OwnerID {
    let isRoot = inherited.value == nil && OwnID.ofForkedParent == 0
    let parent = isRoot ? nil : try parent(in: table)
    let id = try table.claim(
      process: ProcessIdentity.currentID, startTime: try OwnID.ownStartTime(), parent: parent)
    if let parent, !table.isLive(parent) {
      table.mark(id)
      throw MultiprocessingError(.disconnected, "this process's parent has ended, and so does this process")
    }
    return id
  }

  /// The slot of the process that started this one: it claimed it before.
  private static func parent(in table: RegistryTable) throws -> OwnerID {
    let given = givenParent.load(ordering: .acquiring)
    if let id = OwnerID(bits: OwnID.ofForkedParent) ?? OwnerID(bits: given) { return id }
    // By its process id, which is another's when the parent is gone.
    let process = ProcessIdentity.current.parentID ?? ThisProcess.parentID
    if let id = table.find(process: process) { return id }
    throw MultiprocessingError(.disconnected, "this process's parent has ended, and so does this process")
  }

  /// The descriptor that a child needs, and this process's place as its parent.
  ///
  /// - Throws: a `SystemError` where the system has no means for them; else as `ownID`.
  package static func forChild() throws -> Descriptor {
    if OwnID.value == 0 { _ = try claim() }
    let table = try table()
    lookAgain(in: table)
    return table.file.descriptor
  }
}

/// A lock as an object.
final class MutexBox: Sendable {
  private let mutex = Mutex(())

  func withLock<R: Sendable>(_ body: () throws -> R) throws -> R { try mutex.withLock { _ in try body() } }
}
