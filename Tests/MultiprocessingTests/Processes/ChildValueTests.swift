import Foundation
import Testing

@testable import Multiprocessing

struct Scale: ProcessTask {
  var values: [Double]
  var factor: Double

  func run() async throws -> [Double] { values.map { $0 * factor } }
}

struct Largest<Element: Comparable & Codable & Sendable>: ProcessTask {
  var elements: [Element]

  func run() -> Element? { elements.max() }
}

enum Outer {
  struct Nested: ProcessTask {
    var word: String

    func run() -> String { word.uppercased() }
  }
}

private struct Hidden: ProcessTask {
  var number: Int

  func run() -> Int { number + 1 }
}

struct Silent: ProcessTask {
  var path: String

  func run() { TemporaryFile.append("ran", to: path) }
}

@Suite(.isolated) struct ChildValueTests {
  @Test(arguments: StartMethod.forTasks)
  func `closures take no to four arguments of any Codable types`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    #expect(try await ChildProcess.start(context: context) { 7 }.value == 7)
    #expect(try await ChildProcess.start("word", context: context) { $0 + "!" }.value == "word!")
    #expect(
      try await ChildProcess.start("ab", 3, context: context) { String(repeating: $0, count: $1) }.value == "ababab")
    let three = try ChildProcess.start([3, 1, 2], Point(x: 1, y: 2, label: "p"), Int?.none, context: context) {
      (numbers: [Int], point: Point, nothing: Int?) in "\(numbers.sorted()) \(point.label ?? "") \(nothing == nil)"
    }
    #expect(try await three.value == "[1, 2, 3] p true")
    let four = try ChildProcess.start(
      Shape.named("s", points: [Point(x: 1)]), Data([1, 2, 3]), ["k": [1.5]], true, context: context
    ) { (shape: Shape, data: Data, table: [String: [Double]], flag: Bool) in
      shape == .named("s", points: [Point(x: 1)]) && data == Data([1, 2, 3]) && table == ["k": [1.5]] && flag
    }
    #expect(try await four.value)
  }

  @Test(arguments: StartMethod.forTasks)
  func `results of many types arrive unchanged`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    #expect(try await ChildProcess.start(context: context) { Shape.circle(radius: 2) }.value == .circle(radius: 2))
    #expect(try await ChildProcess.start(context: context) { Data(repeating: 9, count: 70_000) }.value.count == 70_000)
    #expect(try await ChildProcess.start(context: context) { String?.none }.value == nil)
    #expect(try await ChildProcess.start(context: context) { String?.some("x") }.value == "x")
    #expect(try await ChildProcess.start(context: context) { [Point(y: 3), Point()] }.value == [Point(y: 3), Point()])
    #expect(try await ChildProcess.start(context: context) { ["é": 1, "日本": 2] }.value == ["é": 1, "日本": 2])
    #expect(try await ChildProcess.start(context: context) { Double.nan }.value.isNaN)
  }

  @Test(arguments: StartMethod.forTasks)
  func `task types of every kind run`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    struct Local: ProcessTask {
      var text: String
      func run() -> Int { text.count }
    }
    #expect(try await ChildProcess.start(Scale(values: [1, 2], factor: 3), context: context).value == [3, 6])
    #expect(try await ChildProcess.start(Largest(elements: ["a", "c", "b"]), context: context).value == "c")
    #expect(try await ChildProcess.start(Largest<Int>(elements: []), context: context).value == nil)
    #expect(try await ChildProcess.start(Outer.Nested(word: "abc"), context: context).value == "ABC")
    #expect(try await ChildProcess.start(Hidden(number: 1), context: context).value == 2)
    #expect(try await ChildProcess.start(Local(text: "four"), context: context).value == 4)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a task without a result runs for its effects`(method: StartMethod) async throws {
    let file = TemporaryFile()
    try await ChildProcess.start(Silent(path: file.path), context: ProcessContext(method)).value
    try await ChildProcess.start(file.path, context: ProcessContext(method)) { TemporaryFile.append("too", to: $0) }
      .value
    #expect(file.lines == ["ran", "too"])
  }

  @Test(arguments: StartMethod.forTasks)
  func `async work, actors and the main actor work in a child`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      async let sum = withTaskGroup(of: Int.self) { group in
        for number in 1...10 {
          group.addTask {
            try? await Task.sleep(for: .milliseconds(1))
            return number
          }
        }
        return await group.reduce(0, +)
      }
      let isMain = await MainActor.run { Thread.isMainThread }
      return await sum == 55 && isMain
    }
    #expect(try await child.value)
  }

  @Test func `a value can be asked for by several tasks and again after the end`() async throws {
    let child = try ChildProcess.start { [1, 2, 3] }
    async let first = child.value
    async let second = child.value
    #expect(try await first == [1, 2, 3])
    #expect(try await second == [1, 2, 3])
    try await child.join()
    #expect(try await child.value == [1, 2, 3])
  }

  @Test func `a started child needs no handle`() async throws {
    let file = TemporaryFile()
    try ChildProcess.start(file.path) { TemporaryFile.append("done", to: $0) }
    #expect(await eventually { file.lines == ["done"] })
  }
}
