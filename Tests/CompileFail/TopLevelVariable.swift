// error: main actor-isolated var 'numbers' cannot be accessed from outside of the actor
import Multiprocessing

var numbers = [1, 2, 3]
let child = try ChildProcess.start { numbers.count }
