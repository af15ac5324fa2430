import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct `A shared block from a message` {
  private let coder = TransferCoder<SharedBlock>()

  /// What a message of a block says, with other descriptors, offsets and lengths.
  private func decode(_ descriptor: Descriptor, _ offset: Int, _ byteCount: Int) throws -> SharedBlock {
    // A CBOR array of three integers.
    var bytes: [UInt8] = [0x83]
    for number in [0, offset, byteCount] { bytes += try TransferCoder<Int>().encode(number, .portable).bytes }
    return try coder.decode(TransferPayload(bytes: bytes, descriptors: [descriptor]), .portable)
  }

  private func refusal(_ descriptor: Descriptor, _ offset: Int, _ byteCount: Int) throws -> MultiprocessingError.Code {
    try #require(throws: MultiprocessingError.self) { _ = try decode(descriptor, offset, byteCount) }.code
  }

  @Test func `is refused where it lies outside the file`() throws {
    let file = try SharedFile(named: "mp-shared")
    try file.reserve(0..<8192)
    let wrong = [(8192, 1), (8128, 65), (0, 8193), (-64, 8), (0, 0), (0, -1), (1, 8), (64, Int.max), (Int.max, 64)]
    for (offset, byteCount) in wrong { #expect(try refusal(file.descriptor, offset, byteCount) == .notTransferable) }
    #expect(try decode(file.descriptor, 8128, 64).byteCount == 64)
  }

  @Test func `is refused where its file may shrink`() throws {
    let file = try MemoryFile(named: "mp-test")
    try file.resize(to: 4096)
    #expect(try refusal(file.descriptor, 0, 64) == .notTransferable)
  }

  @Test func `is refused where the file is empty`() throws {
    #expect(try refusal(SharedFile(named: "mp-shared").descriptor, 0, 64) == .notTransferable)
  }

  @Test func `may lie in what an arena has grown by since it was mapped`() throws {
    let file = try SharedFile(named: "mp-shared")
    try file.reserve(0..<4096)
    let first = try decode(file.descriptor, 0, 64)
    try file.reserve(4096..<100_000)
    let second = try decode(file.descriptor, 65_536, 64)
    #expect(second.address == first.address + 65_536)
    #expect(second.address.load(as: Int.self) == 0)
  }

  @Test func `of this process itself is refused when it is free`() throws {
    let keeper = try SharedBlock(byteCount: 64)
    let payload = try coder.encode(keeper, .sameBuild)
    #expect(try coder.decode(payload, .sameBuild).address == keeper.address)
    let descriptor = try #require(payload.descriptors.first)
    #expect(try refusal(descriptor, 512 << 10, 64) == .notTransferable)
  }

  @Test func `cannot be made by other coders`() throws {
    let block = try SharedBlock(byteCount: 8)
    let error = try #require(throws: (any Error).self) { _ = try JSONEncoder().encode(block) }
    #expect("\(error)".contains("handle"))
  }
}
