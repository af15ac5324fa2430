import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `A shared block` {
  @Test(arguments: [1, 8, 64, 65, 128, 200, 4096, 100_000])
  func `is zeroed and aligned`(byteCount: Int) throws {
    let block = try SharedBlock(byteCount: byteCount)
    #expect(block.byteCount == byteCount)
    #expect(UInt(bitPattern: block.address) % (byteCount > 64 ? 128 : 64) == 0)
    // SAFETY: the block is that long.
    let bytes = UnsafeRawBufferPointer(start: block.address, count: byteCount)
    #expect(bytes.allSatisfy { $0 == 0 })
  }

  @Test(arguments: StartMethod.forTasks)
  func `is the same memory in a child and on its way back`(method: StartMethod) async throws {
    let block = try SharedBlock(byteCount: 100)
    block.address.storeBytes(of: 5, as: Int.self)
    let child = try ChildProcess.start(block, context: ProcessContext(method)) { block in
      block.address.storeBytes(of: block.address.load(as: Int.self) + 1, as: Int.self)
      return block
    }
    let returned = try await child.value
    #expect(returned.address == block.address)
    #expect(block.address.load(as: Int.self) == 6)
  }

  @Test(arguments: StartMethod.forTasks)
  func `has one address however often it is sent`(method: StartMethod) async throws {
    let block = try SharedBlock(byteCount: 8)
    let child = try ChildProcess.start([block, block], block, context: ProcessContext(method)) { blocks, block in
      blocks.allSatisfy { $0.address == block.address }
    }
    #expect(try await child.value)
  }

  @Test func `is the same memory in a forked copy`() async throws {
    let block = try SharedBlock(byteCount: 8)
    let child = try ChildProcess<Void>.fork { block.address.storeBytes(of: 7, as: Int.self) }
    try await child.join()
    #expect(block.address.load(as: Int.self) == 7)
  }

  @Test(arguments: [0, -1, Int.min])
  func `of no bytes is refused`(byteCount: Int) throws {
    let error = try #require(throws: MultiprocessingError.self) { _ = try SharedBlock(byteCount: byteCount) }
    #expect(error.code == .invalidArgument)
  }
}
