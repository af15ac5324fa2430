internal import Multiprocessing

/// What the original puts into one list: a number, nothing, a text.
enum Mixed: Codable, Sendable, CustomStringConvertible {
  case number(Int)
  case text(String)
  case nothing

  var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .text(let text): "'\(text)'"
    case .nothing: "None"
    }
  }
}

extension Program {
  static let mixedValues = Program("mixed-values", rows: [13], .queues, "a child puts a list of different things") {
    let queue = try Queue<[Mixed]>()
    let child = try ChildProcess.start(queue) { try await $0.put([.number(42), .nothing, .text("hello")]) }
    print(try await queue.get())
    try await child.value
  }
}
