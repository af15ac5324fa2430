import Testing

@testable import MultiprocessingSystem

@Suite("Demangler")
struct DemanglerTests {
  @Test(
    "shortens what the runtime prints",
    arguments: [
      ("app.isPrime(Swift.Int) -> Swift.Bool", "app.isPrime(_:)"),
      ("app.run() async throws -> ()", "app.run()"),
      ("app.S.m(x: A, _: Swift.Int) async throws -> [A]", "app.S.m(x:_:)"),
      ("static app.K.st((Swift.Int, Swift.Int) -> ()) -> ()", "static app.K.st(_:)"),
      ("app.f<A where A: Swift.Sequence>(in: A, by: (A, B) -> C) -> ()", "app.f(in:by:)"),
      ("app.(hidden in _371D76A710925E0C)(Swift.Int) -> Swift.Int", "app.hidden(_:)"),
      ("closure #1 (Swift.Int) -> () in app.S.(p in _4B2D)() -> ()", "closure #1 in app.S.p()"),
      ("closure #2 @Sendable () async -> () in app.f() -> ()", "closure #2 in app.f()"),
      ("inner #1 () -> () in static app.K.st((Swift.Int) -> ()) -> ()", "inner #1 in static app.K.st(_:)"),
      ("app.K.v.getter : Swift.Int", "app.K.v.getter"),
      ("app.K.v.modify : Swift.Int with unmangled suffix \".resume.0\"", "app.K.v.modify"),
      ("app.S.subscript.getter : (Swift.Int) -> Swift.Int", "app.S.subscript.getter"),
      ("(extension in app):Swift.Array.foo(bar: Swift.Int) -> Swift.String", "Array.foo(bar:)"),
      ("static Swift.Int.< infix(Swift.Int, Swift.Int) -> Swift.Bool", "static Int.< infix(_:_:)"),
      ("(1) suspend resume partial function for app.f() async -> ()", "app.f()"),
      ("(2) await resume partial function for partial apply forwarder for app.f() async -> ()", "app.f()"),
      ("generic specialization <Swift.Int, [Swift.Int]> of app.f<A, B>(A, B) -> ()", "app.f(_:_:)"),
      ("merged app.f(Swift.Int) -> ()", "app.f(_:)"),
      ("app.S.init(a: Swift.Int...) -> app.S", "app.S.init(a:)"),
      ("protocol witness for app.P.f() -> () in conformance app.S : app.P in app", "protocol witness for app.P.f()"),
      ("type metadata accessor for app.K", "type metadata accessor for app.K"),
      ("reabstraction thunk helper from @escaping () -> () to () -> ()", "reabstraction thunk"),
      ("app.unbalanced(Swift.Int", "app.unbalanced(Swift.Int"),
      ("app.unbalanced<A", "app.unbalanced<A"),
      ("", ""), ("(", "("), ("<>)", "<>)"), ("((1) x", "((1) x"),
      (
        "function signature specialization <Arg[3] = [Closure Propagated : closure #1 (A) -> B in f> of app.g(C) -> ()",
        "app.g(_:)"
      ),
    ])
  func shortens(full: String, short: String) {
    #expect(SwiftName.shortened(full) == short)
  }

  @Test("reads Swift's and C++'s names and leaves others alone")
  func languages() {
    #expect(Demangler.readable("$s3dbg3addyS2i_SitF") == "dbg.add(_:_:)")
    #expect(Demangler.readable("_ZN2ns1A2goEi") == "ns::A::go(int)")
    for name in ["main", "", "$s", "_Z", "_Zxyz", "$snonsense", "with space"] {
      #expect(Demangler.readable(name) == name)
    }
  }
}
