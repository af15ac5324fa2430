// error: reference to captured var 'total' in concurrently-executing code
import Multiprocessing

func start() throws {
  var total = 0
  total += 1
  try ChildProcess.start { total }
}
