import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Mappings and descriptors of shared memory in this process.
struct SharedResources {
  var mappings: Int
  var descriptors: Int

  static func now() -> SharedResources {
    let maps = DescriptorIO.contents(of: "/proc/self/maps").map { String(decoding: $0, as: UTF8.self) } ?? ""
    return SharedResources(
      mappings: maps.split(separator: "\n").count { $0.contains("/memfd:mp-shared") },
      descriptors: ProcessInspection.descriptors().values.count { $0.contains("/memfd:mp-shared") })
  }

  /// True as soon as there are no more than before. Fewer is right, too: an arena kept for the next block may go.
  static func areBack(at before: SharedResources) async -> Bool {
    await eventually {
      let now = now()
      return now.mappings <= before.mappings && now.descriptors <= before.descriptors
    }
  }

  /// The bytes with memory behind them.
  static func reservedBytes() -> Int {
    ProcessInspection.descriptors().filter { $0.value.contains("/memfd:mp-shared") }.keys.reduce(0) { sum, number in
      var status = stat()
      return fstat(number, &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
    }
  }
}

@Suite(.isolated) struct `Small shared blocks` {
  @Test func `a thousand cost kilobytes, a descriptor and a mapping`() throws {
    let (before, bytesBefore) = (SharedResources.now(), SharedResources.reservedBytes())
    let blocks = try (0..<1000).map { _ in try SharedBlock(byteCount: 64) }
    let (after, bytes) = (SharedResources.now(), SharedResources.reservedBytes() - bytesBefore)
    #expect(after.descriptors - before.descriptors <= 2)
    #expect(after.mappings - before.mappings <= 2)
    #expect(bytes <= 256 << 10)
    #expect(Set(blocks.map(\.address)).count == 1000)
  }

  @Test func `a thousand cross in one message`() async throws {
    let blocks = try (0..<1000).map { _ in try SharedBlock(byteCount: 8) }
    let child = try ChildProcess.start(blocks) { blocks in
      for (number, block) in blocks.enumerated() { block.address.storeBytes(of: number, as: Int.self) }
      return SharedResources.now().descriptors
    }
    #expect(try await child.value <= 2)
    for (number, block) in blocks.enumerated() { #expect(block.address.load(as: Int.self) == number) }
  }

  @Test func `are zeroed when their room is used again`() throws {
    for _ in 0..<3 {
      let block = try SharedBlock(byteCount: 500)
      // SAFETY: the block is that long.
      let bytes = UnsafeMutableRawBufferPointer(start: block.address, count: 500)
      #expect(bytes.allSatisfy { $0 == 0 })
      for index in bytes.indices { bytes[index] = 255 }
    }
  }

  @Test func `give their room to the next when they were not sent`() throws {
    let keeper = try SharedBlock(byteCount: 8)
    let first = try SharedBlock(byteCount: 8).address
    #expect(try SharedBlock(byteCount: 8).address == first)
    withExtendedLifetime(keeper) {}
  }

  @Test func `keep their room from others while a child may see them`() async throws {
    let keeper = try SharedBlock(byteCount: 3000)
    var sent: SharedBlock? = try SharedBlock(byteCount: 3000)
    let address = try #require(sent).address
    let gate = try SharedMemory(byteCount: 1)
    let child = try ChildProcess.start(try #require(sent), gate) { block, gate in
      while gate.withUnsafeMutableBytes({ $0.load(as: UInt8.self) }) == 0 { usleep(1000) }
      return block.address.load(as: Int.self)
    }
    sent = nil
    // Enough to need a sweep, and to begin another arena.
    let others = try (0..<400).map { _ in try SharedBlock(byteCount: 3000) }
    #expect(!others.contains { $0.address == address })
    for other in others { other.address.storeBytes(of: 1, as: Int.self) }
    gate.withUnsafeMutableBytes { $0.storeBytes(of: 1, as: UInt8.self) }
    #expect(try await child.value == 0)
    withExtendedLifetime(keeper) {}
  }

  @Test(arguments: [false, true])
  func `give their room up when the child has ended`(isKilled: Bool) async throws {
    let keeper = try SharedBlock(byteCount: 3000)
    var sent: SharedBlock? = try SharedBlock(byteCount: 3000)
    let address = try #require(sent).address
    let child = try ChildProcess.start(try #require(sent), isKilled) { block, isKilled in
      if isKilled { kill(getpid(), SIGKILL) }
      withExtendedLifetime(block) {}
    }
    sent = nil
    try await child.join()
    // A freshly grown arena has room for some before it asks.
    let others = try (0..<400).map { _ in try SharedBlock(byteCount: 3000) }
    #expect(others.contains { $0.address == address })
    withExtendedLifetime(keeper) {}
  }

  @Test func `come back from a child when they were dropped here meanwhile`() async throws {
    let keeper = try SharedBlock(byteCount: 8)
    var sent: SharedBlock? = try SharedBlock(byteCount: 8)
    let address = try #require(sent).address
    let child = try ChildProcess.start(try #require(sent)) { block in
      block.address.storeBytes(of: 9, as: Int.self)
      return block
    }
    sent = nil
    let returned = try await child.value
    #expect(returned.address == address)
    #expect(returned.address.load(as: Int.self) == 9)
    withExtendedLifetime(keeper) {}
  }

  @Test func `are passed on from child to child`() async throws {
    let block = try SharedBlock(byteCount: 8)
    let child = try ChildProcess.start(block) { block in
      let grandchild = try ChildProcess.start(block) { block in block.address.storeBytes(of: 11, as: Int.self) }
      try await grandchild.join()
      return block.address.load(as: Int.self)
    }
    #expect(try await child.value == 11)
    #expect(block.address.load(as: Int.self) == 11)
  }

  @Test func `of a forked copy and of its parent do not meet`() async throws {
    let block = try SharedBlock(byteCount: 8)
    var dropped: SharedBlock? = try SharedBlock(byteCount: 8)
    let seen = try #require(dropped).address
    let child = try ChildProcess<Bool>.fork { [dropped] in
      // In place of the one that the parent drops, were it not for the copy.
      let own = try (0..<100).map { _ in try SharedBlock(byteCount: 8) }
      for block in own { block.address.storeBytes(of: -1, as: Int.self) }
      usleep(100_000)
      return dropped?.address.load(as: Int.self) == 0
    }
    dropped = nil
    let others = try (0..<100).map { _ in try SharedBlock(byteCount: 8) }
    for other in others { other.address.storeBytes(of: 1, as: Int.self) }
    #expect(!others.contains { $0.address == seen })
    #expect(try await child.value)
    #expect(block.address.load(as: Int.self) == 0)
  }

  @Test func `captured by a forked copy go on to its children and back`() async throws {
    let block = try SharedBlock(byteCount: 8)
    let child = try ChildProcess<SharedBlock>.fork {
      try ChildProcess.start(block) { block in block.address.storeBytes(of: 3, as: Int.self) }.blocking.join()
      return block
    }
    #expect(try await child.value.address == block.address)
    #expect(block.address.load(as: Int.self) == 3)
  }

  @Test func `that are isolated have a file of their own`() throws {
    let before = SharedResources.now()
    let blocks = try (0..<3).map { _ in try SharedBlock(byteCount: 8, isIsolated: true) }
    #expect(SharedResources.now().descriptors == before.descriptors + 3)
    withExtendedLifetime(blocks) {}
  }

  /// A thousand times; ten thousand with MP_PROVE.
  @Test func `leave nothing behind`() async throws {
    // An arena is kept for the next.
    _ = try SharedBlock(byteCount: 8)
    let before = SharedResources.now()
    for round in 0..<Cycles.count {
      let block = try SharedBlock(byteCount: 1 + round % 1000 * 7, isIsolated: round % 5 == 0)
      if round % 100 == 0 {
        let child = try ChildProcess.start(block) { block in block.address.storeBytes(of: 1, as: UInt8.self) }
        try await child.join()
      }
    }
    #expect(await SharedResources.areBack(at: before))
  }

  @Test func `of many threads at once are all different`() async throws {
    let addresses = try await withThrowingTaskGroup(of: [SharedBlock].self) { group in
      for _ in 0..<8 {
        group.addTask {
          try (0..<500).flatMap { number in
            let kept = try SharedBlock(byteCount: 1 + number % 300)
            _ = try SharedBlock(byteCount: 1 + number % 200)
            return [kept]
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(addresses.map(\.address)).count == 4000)
  }
}
