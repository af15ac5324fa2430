import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite struct RegistryTableTests {
  @Test func `an id names its slot, generation and process`() throws {
    let id = OwnerID(slot: 0x3FFE, generation: 0x7FF_FFFE, process: 0x3F_FFFE)
    #expect(id.slot == 0x3FFE)
    #expect(id.generation == 0x7FF_FFFE)
    #expect(id.process == 0x3F_FFFE)
    #expect(id.bits & OwnerID.freeBit == 0)
    #expect(OwnerID(bits: id.bits | OwnerID.freeBit) == id)
    #expect(OwnerID(bits: OwnerID.freeBit) == nil)
  }

  @Test func `a claimed slot is live until it is marked, and its id is never given again`() throws {
    let table = try RegistryTable(slots: 4)
    let first = try table.claim(process: 100, startTime: 1, parent: nil)
    #expect(table.isLive(first))
    #expect(table.mark(first))
    #expect(!table.isLive(first))
    #expect(!table.mark(first))
    let second = try table.claim(process: 100, startTime: 2, parent: nil)
    #expect(second.slot == first.slot)
    #expect(second != first)
    #expect(!table.isLive(first))
    #expect(table.isLive(second))
    #expect(!table.mark(first), "the slot is another's")
    #expect(table.isLive(second))
  }

  @Test func `a full registry says so`() throws {
    let table = try RegistryTable(slots: 3)
    let ids = try (0..<3).map { try table.claim(process: 100 + $0, startTime: 1, parent: nil) }
    let failure = #expect(throws: MultiprocessingError.self) {
      try table.claim(process: 200, startTime: 1, parent: nil)
    }
    #expect(failure?.code == .unsupported)
    table.mark(ids[1])
    #expect(try table.claim(process: 200, startTime: 1, parent: nil).slot == 1)
  }

  @Test func `the table grows beyond its first page`() throws {
    let table = try RegistryTable()
    let ids = try (0..<200).map { try table.claim(process: 1000 + $0, startTime: 1, parent: nil) }
    #expect(Set(ids).count == 200)
    #expect(ids.allSatisfy(table.isLive))
    #expect(table.find(process: 1199) == ids[199])
    let other = try RegistryTable(inherited: table.file.descriptor)
    #expect(other.tree == table.tree)
    #expect(ids.allSatisfy(other.isLive))
  }

  @Test func `what an earlier process said of itself is not the next one's`() throws {
    let table = try RegistryTable()
    let first = try table.claim(process: 100, startTime: 7, parent: nil)
    #expect(table.claimed(by: first)?.stamp == RegistryTable.stamp(7, of: first))
    table.mark(first)
    let next = OwnerID(slot: first.slot, generation: first.generation + 1, process: 100)
    table.slot(next.slot).identity.store(next.bits | OwnerID.freeBit)
    #expect(table.claimed(by: next) == nil)
    table.mark(next)
    let last = try table.claim(process: 100, startTime: 7, parent: first)
    #expect(table.claimed(by: last)?.stamp == RegistryTable.stamp(7, of: last))
    #expect(table.claimed(by: last)?.parent == first.bits)
    #expect(table.claimed(by: first) == nil)
  }

  @Test func `what is no registry is refused`() throws {
    let file = try SharedFile(named: "mp-other")
    try file.reserve(0..<100_000)
    let failure = #expect(throws: MultiprocessingError.self) { try RegistryTable(inherited: file.descriptor) }
    #expect(failure?.code == .unsupported)
  }
}

extension RegistryTableTests {
  @Test func `a registry of another name space of process ids is refused`() throws {
    let table = try RegistryTable()
    let mapping = try table.file.map(byteCount: 4096)
    SharedLongWord(at: mapping.address + 24).store(1)
    let failure = #expect(throws: MultiprocessingError.self) { try RegistryTable(inherited: table.file.descriptor) }
    #expect(failure?.code == .unsupported)
  }

  // Alone: others count the blocks of the memory that it makes.
  @Test(.isolated) func `a lock of another tree is refused`() throws {
    let bytes = try TransferCoder<LockOfAnotherTree>().encode(LockOfAnotherTree(), .portable)
    let failure = #expect(throws: MultiprocessingError.self) { try TransferCoder<Lock>().decode(bytes, .portable) }
    #expect(failure?.message.contains("another") == true, "\(String(describing: failure))")
    #expect(failure?.code == .unsupported, "\(String(describing: failure))")
  }
}

/// What a process that scribbles on the table can do to the others.
@Suite struct ScribbledRegistryTests {
  private let table: RegistryTable
  private let mapping: SharedMapping

  init() throws {
    table = try RegistryTable()
    mapping = try table.file.map(byteCount: 4096)
  }

  private func scribble(_ value: UInt64, at offset: Int) { SharedLongWord(at: mapping.address + offset).store(value) }

  @Test(arguments: [1000, 20_000, 1 << 40, UInt64.max])
  func `numbers beyond the file's size are not believed`(number: UInt64) throws {
    let id = try table.claim(process: 100, startTime: 1, parent: nil)
    for offset in [32, 40, 48] { scribble(number, at: offset) }
    for reader in [table, try RegistryTable(inherited: table.file.descriptor)] {
      #expect(reader.used.count <= 64)
      #expect(reader.used.compactMap(reader.occupant) == [id])
      #expect(!reader.isLive(OwnerID(slot: 900, generation: 0, process: 100)))
      #expect(!reader.mark(OwnerID(slot: 900, generation: 0, process: 100)))
    }
    // And what is claimed then has memory.
    let ids = try (0..<100).map { try table.claim(process: 200 + $0, startTime: 1, parent: nil) }
    #expect(ids.allSatisfy(table.isLive))
  }

  @Test func `a slot whose identity names another slot is nobody's`() throws {
    let id = try table.claim(process: 100, startTime: 1, parent: nil)
    let other = OwnerID(slot: OwnerID.mostSlots - 1, generation: 0, process: 100)
    table.slot(id.slot).identity.store(other.bits | OwnerID.freeBit)
    #expect(table.used.compactMap(table.occupant).isEmpty)
    #expect(table.find(process: 100) == nil)
    #expect(!table.mark(other))
  }
}

/// What a lock looks like on its way, with another tree's name.
private struct LockOfAnotherTree: Codable {
  var tree: [UInt64] = [1, 2]
  var block: SharedBlock

  init() throws { block = try SharedBlock(byteCount: 64) }

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    tree = try container.decode([UInt64].self)
    block = try container.decode(SharedBlock.self)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(tree)
    try container.encode(block)
  }
}

/// The id a process has in its tree, its slot and its parent's as seen from there.
struct RegistryPlace: Codable {
  var own: UInt64
  var parent: UInt64
  var tree: [UInt64]

  static func here() throws -> RegistryPlace {
    let id = try ProcessRegistry.ownID()
    let table = try ProcessRegistry.table()
    return RegistryPlace(own: id.bits, parent: table.slot(id.slot).parent.load(), tree: table.tree)
  }
}

/// Claims, tells its id, and starts a child that does so too; both live on.
private struct Household: ProcessTask {
  var path: String
  var depth: Int

  func run() async throws {
    TemporaryFile.append("\(try ProcessRegistry.ownID().bits)", to: path)
    if depth > 0 { try ChildProcess.start(Household(path: path, depth: depth - 1)) }
    try await Task.sleep(for: .seconds(100))
  }
}

@Suite(.isolated) struct ProcessRegistryTests {
  @Test(arguments: StartMethod.available)
  func `a child is in its parent's registry`(method: StartMethod) async throws {
    let here = try RegistryPlace.here()
    let child =
      method == .fork
      ? try ChildProcess.fork { try RegistryPlace.here() }
      : try ChildProcess.start(context: ProcessContext(method)) { try RegistryPlace.here() }
    let there = try await child.value
    try await child.join()
    #expect(there.tree == here.tree)
    #expect(there.parent == here.own)
    #expect(there.own != here.own)
    #expect(OwnerID(bits: there.own)?.process == child.id)
    #expect(try !ProcessRegistry.table().isLive(#require(OwnerID(bits: there.own))))
  }

  @Test(arguments: StartMethod.available)
  func `a grandchild is in it too, through every start method`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method) { method in
      let inner =
        method == .fork
        ? try ChildProcess.fork { try RegistryPlace.here() }
        : try ChildProcess.start(context: ProcessContext(method)) { try RegistryPlace.here() }
      return [try RegistryPlace.here(), try await inner.value]
    }
    let places = try await child.value
    #expect(places[1].parent == places[0].own)
    #expect(try places.allSatisfy { try $0.tree == RegistryPlace.here().tree })
  }

  @Test func `the deaths of a family are noticed when its head is killed`() async throws {
    let file = TemporaryFile()
    let table = try ProcessRegistry.table()
    let head = try ChildProcess.start(Household(path: file.path, depth: 3))
    #expect(await eventually { file.lines.count == 4 })
    let ids = file.lines.compactMap { UInt64($0) }.compactMap(OwnerID.init(bits:))
    #expect(ids.count == 4)
    #expect(ids.allSatisfy(table.isLive))
    let deaths = table.deaths.load()
    kill(head.id, SIGKILL)
    #expect(await eventually { !ids.contains(where: table.isLive) })
    #expect(await eventually { table.deaths.load() &- deaths >= 4 })
    try await head.join()
  }
  @Test func `a process that cannot be looked at for want of descriptors is not buried, and is looked at again`()
    async throws
  {
    let child = try ChildProcess.start {
      let (own, table) = (try ProcessRegistry.ownID(), try ProcessRegistry.table())
      let process = ProcessIdentity.currentID
      let other = try table.claim(process: process, startTime: OwnID.ownStartTime(), parent: own)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(7), &limit)
      let before = limit.rlim_cur
      limit.rlim_cur = 0
      setrlimit(__rlimit_resource_t(7), &limit)
      ProcessRegistry.noteUnseenDeath(of: process)
      let wereBuried = [own, other].map { !table.isLive($0) }
      limit.rlim_cur = before
      setrlimit(__rlimit_resource_t(7), &limit)
      // Now it is seen that the other one's process id is not its own any more.
      table.slot(other.slot).started.store(RegistryTable.stamp(1, of: other))
      ProcessRegistry.noteDeath(of: 0x3F_FFFF)
      return wereBuried + [!table.isLive(own), !table.isLive(other)]
    }
    #expect(try await child.value == [false, false, false, true])
    try await child.join()
  }
  /// A slot whose last process is dead, as the claim of the next one for this process id leaves it half-way.
  private static func halfClaimed(in table: RegistryTable) throws -> OwnerID {
    let gone = try table.claim(process: 0x3F_FFFE, startTime: 1, parent: nil)
    let last = try table.claim(process: 0x3F_FFFD, startTime: 1, parent: gone)
    table.mark(gone)
    table.mark(last)
    let id = OwnerID(slot: last.slot, generation: last.generation + 1, process: ProcessIdentity.currentID)
    table.slot(id.slot).identity.store(id.bits | OwnerID.freeBit)
    return id
  }

  @Test func `a process in the middle of its claim is not judged by what an earlier one left in its slot`() async throws
  {
    let child = try ChildProcess.start {
      let (own, table) = (try ProcessRegistry.ownID(), try ProcessRegistry.table())
      let id = try Self.halfClaimed(in: table)
      let slot = table.slot(id.slot)
      let other = try table.claim(process: 0x3F_FFFC, startTime: 1, parent: own)
      ProcessRegistry.noteDeath(of: other.process)
      let isLive = table.isLive(id)
      // It goes on: its parent is alive, so nobody else takes it on.
      slot.parent.store(own.bits)
      slot.started.store(RegistryTable.stamp(try OwnID.ownStartTime(), of: id))
      ProcessRegistry.noteDeath(of: other.process)
      return [isLive, table.isLive(id), table.mark(id)]
    }
    #expect(try await child.value == [true, true, true])
    try await child.join()
  }

  @Test func `a process that could not be judged is looked at again without any other death`() async throws {
    let child = try ChildProcess.start {
      let (own, table) = (try ProcessRegistry.ownID(), try ProcessRegistry.table())
      let id = try Self.halfClaimed(in: table)
      let other = try table.claim(process: 0x3F_FFFC, startTime: 1, parent: own)
      ProcessRegistry.noteDeath(of: other.process)
      let isLive = table.isLive(id)
      // It has said that it is another than the one that has its process id, and its parent is dead.
      table.slot(id.slot).started.store(RegistryTable.stamp(1, of: id))
      return [isLive, await eventually { !table.isLive(id) }]
    }
    #expect(try await child.value == [true, true])
    try await child.join()
  }

  @Test func `a process that was killed in the middle of its claim is buried in the end`() async throws {
    let child = try ChildProcess.start {
      let (own, table) = (try ProcessRegistry.ownID(), try ProcessRegistry.table())
      let id = try Self.halfClaimed(in: table)
      // Its process id is nobody's.
      let gone = OwnerID(slot: id.slot, generation: id.generation, process: 0x3F_FFFB)
      table.slot(id.slot).identity.store(gone.bits | OwnerID.freeBit)
      let other = try table.claim(process: 0x3F_FFFC, startTime: 1, parent: own)
      ProcessRegistry.noteDeath(of: other.process)
      return table.isLive(gone)
    }
    #expect(try await !child.value)
    try await child.join()
  }
  @Test(arguments: StartMethod.available.filter { $0 != .fork })
  func `a child knows its parent by the id it was told, whoever has the process id`(method: StartMethod) async throws {
    let (own, table) = (try ProcessRegistry.ownID(), try ProcessRegistry.table())
    // The registry is searched for the last one of the process id.
    let other = try table.claim(process: own.process, startTime: OwnID.ownStartTime(), parent: own)
    defer { table.mark(other) }
    #expect(table.find(process: own.process) == other)
    let child = try ChildProcess.start(context: ProcessContext(method)) { try RegistryPlace.here() }
    #expect(try await child.value.parent == own.bits)
    try await child.join()
  }

  @Test func `who finds an earlier process of its id takes on what that one left`() async throws {
    let child = try ChildProcess.start {
      let table = try ProcessRegistry.table()
      let process = ProcessIdentity.currentID
      let earlier = try table.claim(process: process, startTime: 1, parent: nil)
      // Its child has ended, and nobody has noticed.
      let orphan = try table.claim(process: 0x3F_FFFA, startTime: 1, parent: earlier)
      let own = try ProcessRegistry.ownID()
      return [table.isLive(earlier), table.isLive(orphan), table.isLive(own)]
    }
    #expect(try await child.value == [false, false, true])
    try await child.join()
  }
}
