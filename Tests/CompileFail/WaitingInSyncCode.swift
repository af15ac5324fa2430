// error: 'async' property access in a function that does not support concurrency
import Multiprocessing

func wait(for child: ChildProcess<Int>) throws -> Int { try child.value }
