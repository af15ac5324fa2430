import Testing

@testable import Multiprocessing

@Suite struct `What the runtime says of a type` {
  final class Object: Sendable {}
  struct Plain { var x: Int, y: Bool }
  struct Holding { var name: String }
  enum Choice {
    case one
    case two(Int)
  }

  @Test func `optionals are told from all other types`() {
    #expect(RuntimeLayout.isOptional(Int?.self))
    #expect(RuntimeLayout.isOptional(Int??.self))
    #expect(RuntimeLayout.isOptional(String?.self))
    #expect(RuntimeLayout.isOptional(Object?.self))
    #expect(RuntimeLayout.isOptional([Plain?]?.self))
    #expect(RuntimeLayout.isOptional((any Error)?.self))
    #expect(!RuntimeLayout.isOptional(Int.self))
    #expect(!RuntimeLayout.isOptional(Choice.self))
    #expect(!RuntimeLayout.isOptional(Object.self))
    #expect(!RuntimeLayout.isOptional([Int?].self))
    #expect(!RuntimeLayout.isOptional((any Error).self))
    #expect(!RuntimeLayout.isOptional(Result<Int, Never>.self))
  }

  @Test func `trivially copyable types are told from all others`() {
    #expect(RuntimeLayout.isTriviallyCopyable(Int.self))
    #expect(RuntimeLayout.isTriviallyCopyable(Plain.self))
    #expect(RuntimeLayout.isTriviallyCopyable(Plain?.self))
    #expect(RuntimeLayout.isTriviallyCopyable(Choice.self))
    #expect(!RuntimeLayout.isTriviallyCopyable(String.self))
    #expect(!RuntimeLayout.isTriviallyCopyable(Holding.self))
    #expect(!RuntimeLayout.isTriviallyCopyable(Object.self))
    #expect(!RuntimeLayout.isTriviallyCopyable([Int].self))
    #expect(!RuntimeLayout.isTriviallyCopyable((any Error).self))
  }

  @Test func `a keyed container is a reference to its box`() throws {
    enum Key: CodingKey { case x }
    #expect(MemoryLayout<KeyedEncodingContainer<Key>>.size == MemoryLayout<AnyObject>.size)
    #expect(MemoryLayout<KeyedDecodingContainer<Key>>.size == MemoryLayout<AnyObject>.size)
  }

  @Test func `an object referred to once is told from one referred to twice`() {
    let reference = Unmanaged.passRetained(Object())
    #expect(RuntimeLayout.isReferencedOnce(reference.toOpaque()))
    _ = reference.retain()
    #expect(!RuntimeLayout.isReferencedOnce(reference.toOpaque()))
    reference.release()
    reference.release()
  }
}
