import Testing

@testable import Multiprocessing

private struct PrivateType {}

struct GenericType<Element> {
  struct Inner {}
}

/// Pins what the library relies on of the runtime's two underscored calls.
@Suite struct RuntimeNamesTests {
  @Test func `a type is found again by its name`() throws {
    let types: [Any.Type] = [
      Int.self, String?.self, [String: [Int]].self, GenericType<Int>.self, GenericType<[String]>.Inner.self,
      Outer.Nested.self, Largest<Double>.self, Shape.self,
    ]
    for type in types {
      let name = try #require(RuntimeNames.mangledName(of: type))
      #expect(!RuntimeNames.isAnonymous(name))
      #expect(RuntimeNames.type(named: name) == type)
    }
  }

  @Test func `names of private and local types hold an address, and are told from others`() throws {
    struct Local {}
    for type in [PrivateType.self, Local.self, GenericType<PrivateType>.self, [Local].self] as [Any.Type] {
      let name = try #require(RuntimeNames.mangledName(of: type))
      #expect(RuntimeNames.isAnonymous(name), "\(name)")
    }
  }

  @Test(arguments: ["", "Si$", "$zzyXZ", "no such name", "$s4main3FooV", "\u{1}x"])
  func `nonsense is not found and is not anonymous`(name: String) {
    #expect(RuntimeNames.type(named: "nonsense \(name)") == nil)
    #expect(!RuntimeNames.isAnonymous(name))
  }
}
