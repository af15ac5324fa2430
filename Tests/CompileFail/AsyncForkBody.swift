// error: to parameter expecting synchronous function type
import Multiprocessing

func start() throws { try ChildProcess.fork { try await Task.sleep(for: .seconds(1)) } }
