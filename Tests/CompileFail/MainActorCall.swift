// error: main actor-isolated global function 'draw' cannot be called from outside of the actor
import Multiprocessing

@MainActor
func draw(_ width: Int) -> Int { width }

func start() throws { try ChildProcess.start(1) { width in draw(width) } }
