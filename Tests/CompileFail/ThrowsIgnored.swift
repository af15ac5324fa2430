// error: call can throw but is not marked with 'try'
import Multiprocessing

func start() throws { ChildProcess.start(1) { $0 + 1 } }
