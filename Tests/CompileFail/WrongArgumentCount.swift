// error: have the same shape
import Multiprocessing

func start() throws { try ChildProcess.start(1, 2) { number in number + 1 } }
