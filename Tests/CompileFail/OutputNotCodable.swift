// error: cannot convert return expression of type 'ChildProcess<Void>' to return type 'ChildProcess<Token>'
import Multiprocessing

struct Token: Sendable {
  var text = ""
}

func start() throws -> ChildProcess<Token> { try ChildProcess.start { Token() } }
