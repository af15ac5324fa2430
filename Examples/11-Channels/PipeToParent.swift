internal import Multiprocessing

/// What the original's list holds: a number, nothing, a text.
enum Item: Codable, CustomStringConvertible {
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
  static let pipeToParent = Program("pipe", rows: [14], .channels, "a child sends a list and closes its end") {
    let (ours, theirs) = try Connection<Never, [Item]>.pair()
    let child = try ChildProcess.start(theirs) { connection in
      try await connection.send([.number(42), .nothing, .text("hello")])
      connection.close()
    }
    theirs.close()
    print(try await ours.receive())
    do {
      _ = try await ours.receive()
    } catch let error as MultiprocessingError where error.code == .closed {
      print("the other end is closed")
    }
    try await child.join()
  }
}
