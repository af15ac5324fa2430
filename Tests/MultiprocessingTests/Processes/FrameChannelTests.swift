import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct FrameChannelTests {
  private func pair() throws -> (FrameChannel, FrameChannel) {
    let (one, other) = try MessageSocket.pair()
    return (FrameChannel(one), FrameChannel(other))
  }

  private func frame(from channel: FrameChannel) throws -> Frame? {
    if case .frame(let frame) = try channel.receive(isBlocking: false) { return frame }
    return nil
  }

  @Test(arguments: [0, 1, 32_768, 32_769, 3_000_000])
  func `payloads of any size arrive whole`(count: Int) throws {
    let (sender, receiver) = try pair()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try sender.send(Frame(.value, task: 9, number: -3, payload: TransferPayload(bytes: bytes)))
    let arrived = try #require(try frame(from: receiver))
    #expect(arrived.kind == .value)
    #expect(arrived.task == 9)
    #expect(arrived.number == -3)
    #expect(try arrived.payload.withContent { Array($0) } == bytes)
    #expect(arrived.build == BuildIdentity.own.hash)
  }

  @Test(arguments: [1, 250, 251, 600])
  func `descriptors of any number arrive, in order`(count: Int) throws {
    let (sender, receiver) = try pair()
    let files = try (0..<3).map { try MemoryFile(named: "mp-test-\($0)").descriptor }
    let descriptors = (0..<count).map { files[$0 % 3] }
    try sender.send(Frame(.task, payload: TransferPayload(bytes: [1], descriptors: descriptors)))
    let arrived = try #require(try frame(from: receiver)).payload.descriptors
    #expect(arrived.count == count)
    let names = arrived.map { ProcessInspection.descriptors()[$0.number] ?? "" }
    #expect(names == (0..<count).map { "/memfd:mp-test-\($0 % 3) (deleted)" })
  }

  @Test func `descriptors of a message that could not be sent whole do not come with another`() throws {
    let (one, receiving) = try MessageSocket.pair()
    let (sender, receiver) = (FrameChannel(one), FrameChannel(receiving))
    let files = try (0..<2).map { try MemoryFile(named: "mp-test-\($0)").descriptor }
    let attachment = FrameHeader(Frame(.attachment), isInFile: false, length: 0).bytes
    for count in [1, 251] {
      try one.send(header: attachment, descriptors: [files[1], files[1]], isBlocking: false)
      let descriptors = [Descriptor](repeating: files[0], count: count)
      try sender.send(Frame(.task, payload: TransferPayload(bytes: [1], descriptors: descriptors)))
      let arrived = try #require(try frame(from: receiver)).payload.descriptors
      #expect(arrived.count == count)
      #expect(arrived.allSatisfy { ProcessInspection.descriptors()[$0.number] == "/memfd:mp-test-0 (deleted)" })
    }
  }

  @Test func `what a peer sent before it ended is read, although it left our frame unread`() throws {
    let own: FrameChannel
    do {
      let (kept, peer) = try pair()
      own = kept
      try own.send(Frame(.task, task: 1))
      try peer.send(Frame(.value, task: 7))
      try peer.send(Frame(.value, task: 8))
    }
    #expect(try frame(from: own)?.task == 7)
    #expect(try frame(from: own)?.task == 8)
    guard case .end = try own.receive(isBlocking: true) else {
      Issue.record("the channel has not ended")
      return
    }
  }

  @Test(
    arguments: [
      [], [0], [255] + [UInt8](repeating: 0, count: 31), [3] + [UInt8](repeating: 0, count: 20),
      // A length that is not there, a payload file that did not come, an attachment frame with a wrong length.
      [3] + [UInt8](repeating: 0, count: 23) + [9] + [UInt8](repeating: 0, count: 7),
      [3, 1] + [UInt8](repeating: 0, count: 22) + [9] + [UInt8](repeating: 0, count: 7),
      [3, 1] + [UInt8](repeating: 0, count: 22) + [UInt8](repeating: 255, count: 8),
    ] as [[UInt8]])
  func `a message that is no frame is an error or an end`(bytes: [UInt8]) throws {
    let (one, other) = try MessageSocket.pair()
    try one.send(header: bytes.isEmpty ? [0] : bytes)
    let channel = FrameChannel(other)
    let error = #expect(throws: MultiprocessingError.self) { _ = try channel.receive(isBlocking: false) }
    #expect(error?.code == .notTransferable)
  }

  @Test(arguments: [
    (claimed: 1 << 20, isSealed: true), (claimed: 2, isSealed: true), (claimed: 4, isSealed: false),
  ])
  func `a payload file that is not what it claims is refused`(
    claimed: Int, isSealed: Bool
  ) throws {
    let (one, other) = try MessageSocket.pair()
    let file = try MemoryFile(sealableNamed: "mp-short")
    try file.write([1, 2, 3])
    if isSealed { try file.seal() }
    let header = FrameHeader(Frame(.value), isInFile: true, length: claimed)
    try one.send(header: header.bytes, descriptors: [file.descriptor])
    #expect(throws: MultiprocessingError.self) { _ = try FrameChannel(other).receive(isBlocking: false) }
  }

  @Test func `what comes before a payload file comes with it`() throws {
    let (one, other) = try MessageSocket.pair()
    var payload = try encodeArguments([Int](repeating: 7, count: 100_000), "after", format: .sameBuild)
    payload.bytes = [1, 2, 3]
    try FrameChannel(one).send(Frame(.value, payload: payload))
    guard case .frame(let frame) = try FrameChannel(other).receive(isBlocking: false) else {
      Issue.record("no frame came")
      return
    }
    #expect(frame.payload.bytes == [1, 2, 3])
    #expect(frame.payload.byteCount == payload.byteCount)
    let content = try frame.payload.withContent { $0.count }
    #expect(content == payload.byteCount)
  }
}
