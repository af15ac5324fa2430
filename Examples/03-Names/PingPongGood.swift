internal import Multiprocessing

func subTask(_ content: String, _ numbers: [Int]) async throws {
  var numbers = numbers
  print("PID: \(CurrentProcess.id)")
  print("Name: \(CurrentProcess.name)")
  // Each process has its own list, so all three take the same first number.
  let total = numbers.removeFirst()
  print("Loop count: \(total)")
  try await Task.sleep(for: .milliseconds(200))
  for counter in 1...total {
    print("\(counter): \(content)")
    try await Task.sleep(for: .milliseconds(5))
  }
}

extension Program {
  static let pingPongGood = Program(
    "ping-pong-good", rows: [50], .names, "two children and main do the same with their own list"
  ) {
    let numbers = [20, 30, 40]
    try ChildProcess.start("Ping", numbers) { try await subTask($0, $1) }
    try ChildProcess.start("Pong", numbers) { try await subTask($0, $1) }
    try await subTask("Good", numbers)
  }
}
