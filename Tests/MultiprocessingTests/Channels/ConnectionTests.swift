import Foundation
import Testing

@testable import Multiprocessing

struct Order: Codable, Sendable, Equatable {
  var name: String
  var amounts: [Double]
}

/// Expects that a call fails with a code of the library's.
@discardableResult
func expectFailure<Value>(
  _ code: MultiprocessingError.Code, sourceLocation: SourceLocation = #_sourceLocation,
  of call: () async throws -> Value
) async throws -> MultiprocessingError {
  let error = try await #require(throws: MultiprocessingError.self, sourceLocation: sourceLocation) {
    _ = try await call()
  }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  return error
}

/// Bytes that are not all the same.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

@Suite(.isolated) struct `A connection` {
  @Test func `carries typed values both ways`() async throws {
    let (near, far) = try Connection.pair(sending: Order.self, receiving: Int.self)
    let order = Order(name: "tea", amounts: [1.5, 2])
    try await near.send(order)
    #expect(try await far.receive() == order)
    try await far.send(7)
    #expect(try await near.receive() == 7)
    #expect(near.fileDescriptor > 2 && far.fileDescriptor > 2 && near.fileDescriptor != far.fileDescriptor)
  }

  @Test func `keeps the order and the boundaries of messages`() async throws {
    let (near, far) = try Connection<String, Never>.pair()
    let texts = ["a", "", "bc", "", String(repeating: "d", count: 100_000), "e"]
    for text in texts { try await near.send(text) }
    for text in texts {
      #expect(far.isReadable)
      #expect(try await far.poll(timeout: .zero))
      #expect(try await far.poll(timeout: .seconds(50)))
      #expect(try await far.receive() == text)
    }
    #expect(!far.isReadable)
    #expect(try await !far.poll(timeout: .zero))
  }

  @Test func `can be polled again and again with an empty message`() async throws {
    let (near, far) = try Connection<Int, Never>.pair()
    #expect(try await !far.poll(timeout: .milliseconds(20)))
    try await near.sendBytes([])
    for _ in 0..<3 { #expect(try await far.poll(timeout: .zero)) }
    #expect(try await far.receiveBytes() == [])
    #expect(try await !far.poll(timeout: .zero))
  }

  @Test(arguments: [0, 1, 32_744, 32_768, 32_769, 65_536, 3_000_000])
  func `carries bytes of any number`(count: Int) async throws {
    let (near, far) = try Connection<[UInt8], Never>.pair()
    let bytes = pattern(count)
    try await near.sendBytes(bytes)
    #expect(try await far.receiveBytes() == bytes)
    try await near.send(bytes)
    #expect(try await far.receive() == bytes)
    try await near.sendBytes(bytes)
    #expect(try await far.receive() == bytes)
  }

  @Test func `sends any part of a collection`() async throws {
    let (near, far) = try Connection<Int, Never>.pair()
    let bytes = pattern(26)
    for part in [bytes[...], bytes[7...], bytes[7..<7], bytes[26...], bytes[..<5]] {
      try await near.sendBytes(part)
      #expect(try await far.receiveBytes() == Array(part))
    }
    try await near.sendBytes("text".utf8)
    #expect(try await far.receiveBytes() == Array("text".utf8))
  }

  @Test(arguments: [16, 100_000])
  func `leaves a message that is too long for a limit where it is`(count: Int) async throws {
    let (near, far) = try Connection<Int, Never>.pair()
    try await near.sendBytes(pattern(count))
    try await near.sendBytes([1])
    for limit in [0, 15] { try await expectFailure(.limitExceeded) { try await far.receiveBytes(limit: limit) } }
    #expect(try await far.receiveBytes(limit: count) == pattern(count))
    #expect(try await far.receiveBytes(limit: 1) == [1])
  }

  @Test func `tells values from bytes`() async throws {
    let (near, far) = try Connection<Int, Never>.pair()
    try await near.sendBytes([1, 2, 3])
    try await near.send(5)
    try await expectFailure(.notTransferable) { try await far.receive() }
    #expect(try await far.receive() == 5)
  }

  @Test func `goes only in the directions of its types`() async throws {
    let (source, sink) = try Connection<Int, Never>.pair()
    try await expectFailure(.unsupported) { try await source.receiveBytes() }
    try await expectFailure(.unsupported) { try await source.poll(timeout: .zero) }
    try await expectFailure(.unsupported) { try await sink.sendBytes([1]) }
    try await source.send(1)
    #expect(try await sink.receive() == 1)
  }

  @Test func `that cannot encode a value sends nothing`() async throws {
    let (near, far) = try Connection<Unwilling, Never>.pair()
    try await expectFailure(.notTransferable) { try await near.send(Unwilling(text: "x", isWilling: false)) }
    try await near.send(Unwilling(text: "y", isWilling: true))
    #expect(try await far.receive().text == "y")
  }

  @Test func `ends when the other end is closed and all is received`() async throws {
    let (near, far) = try Connection<Int, Int>.pair()
    try await near.send(1)
    try await near.sendBytes([2])
    near.close()
    near.close()
    #expect(near.isClosed && !near.isReadable && near.fileDescriptor == -1)
    #expect(try await far.receive() == 1)
    #expect(try await far.receiveBytes() == [2])
    #expect(far.isReadable)
    #expect(try await far.poll(timeout: .zero))
    for _ in 0..<2 { try await expectFailure(.closed) { try await far.receive() } }
    try await expectFailure(.closed) { try await far.send(1) }
    #expect(!far.isClosed)
  }

  @Test func `that was closed refuses everything`() async throws {
    let (near, far) = try Connection<Int, Int>.pair()
    near.close()
    try await expectFailure(.closed) { try await near.send(1) }
    try await expectFailure(.closed) { try await near.sendBytes([]) }
    try await expectFailure(.closed) { try await near.receive() }
    try await expectFailure(.closed) { try await near.receiveBytes(limit: 1) }
    try await expectFailure(.closed) { try await near.poll(timeout: .zero) }
    withExtendedLifetime(far) {}
  }

  @Test func `is closed with its last reference`() async throws {
    var (near, far): (Connection<Int, Int>?, Connection<Int, Int>) = try Connection<Int, Int>.pair()
    let number = try #require(near?.fileDescriptor)
    let socket = ProcessInspection.descriptors()[number]
    near = nil
    try await expectFailure(.closed) { try await far.receive() }
    #expect(socket != nil && !ProcessInspection.descriptors().values.contains(socket!))
    far.close()
  }

  @Test func `reads what a peer left before it was closed with something unread`() async throws {
    let (near, far) = try Connection<Int, Int>.pair()
    try await near.send(1)
    try await far.send(2)
    try await far.send(3)
    far.close()
    #expect(try await near.receive() == 2)
    #expect(try await near.receive() == 3)
    try await expectFailure(.closed) { try await near.receive() }
  }

  @Test func `carries a hundred megabytes in one message`() async throws {
    let (near, far) = try Connection<[Double], [Double]>.pair()
    let numbers = (0..<12_500_000).map(Double.init)
    try await near.send(numbers)
    let received = try await far.receive()
    #expect(received.count == numbers.count && received.last == numbers.last)
    #expect(received == numbers)
  }
}

/// A value whose coding may throw.
struct Unwilling: Codable, Sendable {
  struct Refusal: Error {}

  var text: String
  var isWilling: Bool

  init(text: String, isWilling: Bool) { (self.text, self.isWilling) = (text, isWilling) }

  func encode(to encoder: any Encoder) throws {
    guard isWilling else { throw Refusal() }
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
    isWilling = true
  }
}
