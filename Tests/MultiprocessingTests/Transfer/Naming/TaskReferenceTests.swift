import Testing

@testable import Multiprocessing

private struct PrivateTask: ProcessTask {
  var number = 1
  func run() -> Int { number }
}

private enum PrivateEnum: String, ProcessTask {
  case one
  func run() -> String { rawValue }
}

private final class PrivateClass: ProcessTask {
  func run() -> Int { 3 }
}

@Suite struct TaskReferenceTests {
  private func isRebuilt(_ reference: TaskReference) throws -> Bool {
    var fields = FieldWriter()
    reference.write(to: &fields)
    var reader = FieldReader(fields.bytes)
    return try TaskReference(from: &reader) == reference && reader.rest.isEmpty
  }

  @Test func `a type with a name is called by it, in any build`() throws {
    let reference = try TaskReference.of(Outer.Nested.self)
    guard case .type = reference.name else {
      Issue.record("\(reference)")
      return
    }
    #expect(!reference.needsSameBuild)
    #expect(reference.description == "MultiprocessingTests.Outer.Nested")
    #expect(try isRebuilt(reference))
    _ = try reference.entry()
  }

  @Test func `private and local types are called by their place, in the same build`() throws {
    struct Local: ProcessTask { func run() {} }
    for reference in [
      try TaskReference.of(PrivateTask.self), try TaskReference.of(PrivateEnum.self), try TaskReference.of(Local.self),
    ] {
      guard case .typePlace = reference.name else {
        Issue.record("\(reference)")
        continue
      }
      #expect(reference.needsSameBuild)
      #expect(try isRebuilt(reference))
      _ = try reference.entry()
    }
  }

  @Test func `private generic types and classes are refused`() {
    struct Local<T: Codable & Sendable>: ProcessTask { func run() {} }
    #expect(throws: MultiprocessingError.self) { try TaskReference.of(Local<Int>.self) }
    #expect(throws: MultiprocessingError.self) { try TaskReference.of(PrivateClass.self) }
  }

  @Test(arguments: [
    TaskReference.Name.type("no such type"), .type("Si"), .typePlace(image: "no such image", offset: 1),
    .typePlace(image: "", offset: .max), .closure(image: "", offset: .max, box: "Si"),
    .closure(image: "", offset: 16, box: "no such box"), .closure(image: "no such image", offset: 0, box: "x"),
  ])
  func `a reference that means nothing here is an error`(name: TaskReference.Name) {
    let error = #expect(throws: MultiprocessingError.self) { try TaskReference(name).entry() }
    #expect(error?.code == .startFailed)
  }

  @Test func `a literal that captures nothing is called by its place`() throws {
    let reference = try ClosureReference.of(PackBox<Int, Int>(body: { $0 + 1 }))
    #expect(reference.needsSameBuild)
    #expect(reference.symbolicDescription.contains("a literal that captures nothing"))
    _ = try reference.entry()
  }

  @Test func `a literal that does not suspend is called by its place, too`() throws {
    let reference = try ClosureReference.of(PlainBox<Int, Int>(body: { $0 + 1 }))
    #expect(reference.symbolicDescription.contains("a literal that does not suspend"))
    let error = #expect(throws: MultiprocessingError.self) {
      try ClosureReference.of(PlainBox<Int, Int>(body: { [reference] in $0 + (reference.needsSameBuild ? 1 : 2) }))
    }
    #expect(error?.code == .notTransferable)
  }

  @Test func `the rebuilt closure runs`() async throws {
    let reference = try ClosureReference.of(PackBox<String, String, Int>(body: { String(repeating: $0, count: $1) }))
    let arguments = try encodeArguments("ab", 2, format: .sameBuild)
    let payload = try await reference.entry().run(arguments, .sameBuild)
    #expect(try TransferCoder<String>().decode(payload, .sameBuild) == "abab")
  }
}
