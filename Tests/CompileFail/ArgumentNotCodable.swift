// error: requires that 'Token' conform to
import Multiprocessing

struct Token: Sendable {
  var text = ""
}

func start(_ token: Token) throws { try ChildProcess.start(token) { token in token.text.count } }
