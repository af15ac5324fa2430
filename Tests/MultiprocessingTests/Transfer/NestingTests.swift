import Foundation
import Testing

@testable import Multiprocessing

@Suite struct `Deeply nested values` {
  final class Link: Codable {
    var next: Link?
    init(_ next: Link?) { self.next = next }
    static func chain(_ length: Int) -> Link { (1..<length).reduce(Link(nil)) { link, _ in Link(link) } }
    var length: Int { sequence(first: self, next: \.next).reduce(0) { count, _ in count + 1 } }
  }

  struct Branch: Codable {
    var branches: [Branch]
    static func chain(_ length: Int) -> Branch {
      (1..<length).reduce(Branch(branches: [])) { branch, _ in Branch(branches: [branch]) }
    }
  }

  indirect enum Wrapped: Codable {
    case end
    case wrapped(Wrapped)
    static func chain(_ length: Int) -> Wrapped { (1..<length).reduce(.end) { inner, _ in .wrapped(inner) } }
  }

  /// Nested maps under one key, as `Link` has them.
  private static func links(_ count: Int) -> [UInt8] {
    Array(repeatElement(hex("a1646e657874"), count: count).joined()) + [0xA0]
  }

  /// Runs on a thread with that much stack.
  private func onThread(stack: Int, _ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      let thread = Thread {
        body()
        continuation.resume()
      }
      thread.stackSize = stack
      thread.start()
    }
  }

  @Test func `the deepest allowed value comes back`() async {
    await onThread(stack: 16 << 20) {
      #expect(throws: Never.self) {
        let bytes = try CBOREncoder().encode(Link.chain(CBORBounds.depth))
        #expect(try CBORDecoder().decode(Link.self, from: bytes).length == CBORBounds.depth)
      }
    }
  }

  @Test func `a deeper value is an error on both sides`() async {
    await onThread(stack: 16 << 20) {
      #expect(throws: EncodingError.self) { try CBOREncoder().encode(Link.chain(CBORBounds.depth + 1)) }
      #expect(throws: EncodingError.self) { try CBOREncoder().encode(Branch.chain(1000)) }
      #expect(throws: EncodingError.self) { try CBOREncoder().encode(Wrapped.chain(1000)) }
      #expect(throws: DecodingError.self) { try CBORDecoder().decode(Link.self, from: Self.links(CBORBounds.depth)) }
    }
  }

  @Test(arguments: [256 << 10, 512 << 10, 1 << 20])
  func `on a small stack a deep value is carried or refused, and the process lives`(stack: Int) async {
    await onThread(stack: stack) {
      for length in [10, 50, 100, 200, 300, 400, 500] {
        _ = try? CBORDecoder().decode(Link.self, from: CBOREncoder().encode(Link.chain(length)))
        _ = try? CBORDecoder().decode(Branch.self, from: CBOREncoder().encode(Branch.chain(length)))
        _ = try? CBORDecoder().decode(Wrapped.self, from: CBOREncoder().encode(Wrapped.chain(length)))
        _ = try? CBORDecoder().decode(Link.self, from: Self.links(length))
        if length == 10 { #expect(throws: Never.self) { try CBOREncoder().encode(Branch.chain(length)) } }
      }
    }
  }

  @Test func `an error about a deep value can be described`() async {
    await onThread(stack: 512 << 10) {
      let error = #expect(throws: MultiprocessingError.self) {
        var writer = TransferWriter(.portable)
        try writer.write(Link.chain(CBORBounds.depth + 100))
      }
      #expect(error?.message.contains("nested") == true)
      #expect("\(String(describing: error))\(String(describing: error?.cause))".utf8.count < 20_000)
    }
  }

  @Test func `containers nested in one call are bounded too`() {
    struct Ladder: Encodable {
      func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for _ in 0..<CBORBounds.depth + 10 { list = list.nestedUnkeyedContainer() }
        try list.encode(1)
      }
    }
    #expect(throws: EncodingError.self) { try CBOREncoder().encode(Ladder()) }
  }
}
