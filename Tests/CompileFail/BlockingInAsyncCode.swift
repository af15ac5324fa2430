// error: getter for property 'blocking' is unavailable from asynchronous contexts
import Multiprocessing

func wait(for child: ChildProcess<Int>) async throws -> Int { try child.blocking.value() }
