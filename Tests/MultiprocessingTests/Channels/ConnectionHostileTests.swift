import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// An end of a pair whose other end sends whatever the test likes.
private struct Forger {
  let connection: Connection<Int, [Double]>
  let socket: MessageSocket

  init() throws {
    let (near, far) = try MessageSocket.pair()
    socket = far
    connection = Connection(ConnectionCore(near.descriptor, DatagramLink(PairFormat())))
  }

  func send(_ head: [UInt8], _ body: [UInt8] = [], _ descriptors: [Descriptor] = []) throws {
    try socket.send(header: head, body: body, descriptors: descriptors)
  }

  /// A good message behind the bad one still arrives.
  func expectRefusal(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await expectFailure(.notTransferable, sourceLocation: sourceLocation) { try await connection.receive() }
    let good = try TransferCoder<[Double]>().encode([1], .sameBuild)
    try send(DatagramHead(.value, handles: 0, length: good.bytes.count).bytes, good.bytes)
    #expect(try await connection.receive() == [1], sourceLocation: sourceLocation)
  }
}

@Suite(.isolated) struct `Hostile messages of a pair` {
  @Test(
    arguments: [
      [], [1], Array(repeating: 0, count: 24), Array(repeating: 255, count: 24), Array(repeating: 1, count: 24),
      [1, 8] + Array(repeating: 0, count: 22), [3, 0] + Array(repeating: 0, count: 22),
      Array(repeating: 1, count: 60_000),
    ] as [[UInt8]])
  func `without a head are refused`(bytes: [UInt8]) async throws {
    let forger = try Forger()
    if bytes.isEmpty {
      // An empty message with a descriptor is not the end.
      try forger.send([0], [], [try MemoryFile(named: "mp-test").descriptor])
    } else {
      try forger.send(bytes)
    }
    try await forger.expectRefusal()
  }

  @Test(arguments: [0, 3, 5, Int.max])
  func `with a wrong length are refused`(length: Int) async throws {
    let forger = try Forger()
    try forger.send(DatagramHead(.value, handles: 0, length: length).bytes, [1, 2, 3, 4])
    try await forger.expectRefusal()
  }

  @Test func `with fewer or more descriptors than they say are refused`() async throws {
    let forger = try Forger()
    let file = try MemoryFile(named: "mp-test").descriptor
    for (said, sent) in [(1, 0), (0, 1), (2, 1), (4000, 1)] {
      try forger.send(
        DatagramHead(.value, handles: said, length: 1).bytes, [1], Array(repeating: file, count: sent))
      try await forger.expectRefusal()
    }
  }

  @Test func `whose file is missing, short, long, sparse or open to change are refused`() async throws {
    let forger = try Forger()
    var head = DatagramHead(.value, handles: 0, length: 100_000)
    head.isInFile = true
    try forger.send(head.bytes)
    try await forger.expectRefusal()
    for (size, isSparse, isSealed) in [
      (100_000, false, false), (99_999, false, true), (100_001, false, true), (0, false, true), (100_000, true, true),
    ] {
      let file = try MemoryFile(sealableNamed: "mp-test")
      if isSparse { try file.resize(to: size) } else { try file.write(pattern(size)) }
      if isSealed { try file.seal() }
      try forger.send(head.bytes, [], [file.descriptor])
      try await forger.expectRefusal()
    }
    head.length = 1 << 62
    let sparse = try MemoryFile(sealableNamed: "mp-test")
    try sparse.resize(to: 1 << 40)
    try sparse.seal()
    try forger.send(head.bytes, [], [sparse.descriptor])
    try await forger.expectRefusal()
  }

  @Test func `whose carrier is missing, empty or no socket are refused`() async throws {
    let forger = try Forger()
    var head = DatagramHead(.value, handles: 600, length: 1)
    head.hasCarrier = true
    try forger.send(head.bytes, [1])
    try await forger.expectRefusal()
    let (near, far) = try MessageSocket.pair()
    try forger.send(head.bytes, [1], [far.descriptor])
    try await forger.expectRefusal()
    try near.send(header: [0], descriptors: [far.descriptor])
    try forger.send(head.bytes, [1], [far.descriptor])
    try await forger.expectRefusal()
    head.handles = .max
    try forger.send(head.bytes, [1], [far.descriptor])
    try await forger.expectRefusal()
    head.handles = 600
    try forger.send(head.bytes, [1], [try MemoryFile(named: "mp-test").descriptor])
    try await expectFailure(.system) { try await forger.connection.receive() }
  }

  @Test func `of another build are refused, unless they are portable`() async throws {
    let forger = try Forger()
    let copied = try TransferCoder<[Double]>().encode([2], .sameBuild).bytes
    var head = DatagramHead(.value, handles: 0, length: copied.count)
    head.build &+= 1
    try forger.send(head.bytes, copied)
    try await forger.expectRefusal()
    let portable = try TransferCoder<[Double]>().encode([2], .portable).bytes
    head.isPortable = true
    head.length = UInt64(portable.count)
    try forger.send(head.bytes, portable)
    #expect(try await forger.connection.receive() == [2])
  }

  @Test func `that name descriptors which did not come are refused`() async throws {
    let (near, far) = try MessageSocket.pair()
    let connection = Connection<Int, DescriptorHandle>(ConnectionCore(near.descriptor, DatagramLink(PairFormat())))
    for bytes in [[1, 0], [1, 0x18, 200], [1, 0x20]] as [[UInt8]] {
      try far.send(header: DatagramHead(.value, handles: 0, length: bytes.count).bytes, body: bytes)
      try await expectFailure(.notTransferable) { try await connection.receive() }
    }
  }

  @Test func `given at random are errors or values`() async throws {
    var generator = SystemRandomNumberGenerator()
    let forger = try Forger()
    let good = try TransferCoder<[Double]>().encode([1, 2, 3], .sameBuild).bytes
    for _ in 0..<2000 {
      var bytes = DatagramHead(.value, handles: 0, length: good.count).bytes + good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      try forger.send(Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &generator))))
      _ = try? await forger.connection.receive(timeout: .zero)
    }
    try forger.send([0])
    try await forger.expectRefusal()
  }
}

@Suite struct `A pair of different builds` {
  @Test func `speaks CBOR from the moment an end is given to the other build`() async throws {
    let (near, far) = try Connection<Int, [Double]>.pair()
    #expect(near.core.link.format == .sameBuild)
    let payload = try TransferCoder<Connection<[Double], Int>>().encode(far, .portable)
    #expect(near.core.link.format == .portable && far.core.link.format == .portable)
    let given = try TransferCoder<Connection<[Double], Int>>().decode(payload, .portable)
    #expect(given.core.link.format == .portable)
    try await near.send(3)
    #expect(try await given.receive() == 3)
  }
}
