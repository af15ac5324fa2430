internal import Foundation
internal import Multiprocessing
internal import Synchronization

let parentsNumber = Atomic(0)

/// What of the parent this process can see: a global the parent changed, a descriptor it opened.
func inherited(_ descriptor: Int32) -> String {
  let isOpen = fcntl(descriptor, F_GETFD) >= 0
  return "memory \(parentsNumber.load(ordering: .relaxed)), descriptor \(isOpen ? "open" : "closed")"
}

extension Program {
  // Fixed: the original calls fork the default of Unix; CPython has left that, and here the fork server is.
  static let startMethods = Program(
    "start-methods", rows: [12], .starting, "what children inherit, and what starting costs"
  ) {
    parentsNumber.store(42, ordering: .relaxed)
    let descriptor = dup2(STDOUT_FILENO, 200)
    let clock = ContinuousClock()
    let methods: [(String, StartMethod)] = [("spawn", .spawn), ("fork server", .forkServer), ("again", .forkServer)]
    print("the default is the fork server: \(StartMethod.default == .forkServer)")
    for (name, method) in methods {
      let start = clock.now
      let child = try ChildProcess.start(descriptor, context: ProcessContext(method)) { inherited($0) }
      print("\(name): \(try await child.value), \(clock.now - start)")
    }
    let start = clock.now
    let child = try ChildProcess.fork { inherited(descriptor) }
    print("fork: \(try await child.value), \(clock.now - start)")
  }
}
