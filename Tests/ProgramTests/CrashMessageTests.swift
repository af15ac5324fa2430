internal import Foundation
internal import Testing

@Suite("CrashMessages")
struct CrashMessagesTests {
  /// What is reported of a fault: how it ends, its message with and without optimisation, whether the stack is known.
  struct Row: Sendable {
    let fault: String
    var code = "childCrashed"
    let status: String
    let message: String
    var optimised: String?
    var isFramed = true

    func pattern(_ method: String, isOptimised: Bool) -> String {
      let message = isOptimised ? optimised ?? message : message
      return "\(method) \(fault) \\| \(code) \\| \(status) \\| \(message) \\| \(isFramed ? "framed" : "-")"
    }
  }

  static let trap = #"signal \d+ \(SIG(ILL|TRAP)\)"#
  static let rows = [
    Row(fault: "fatalError", status: trap, message: "Fatal error: no way out"),
    Row(fault: "precondition", status: trap, message: "Precondition failed: not so", optimised: "-"),
    Row(fault: "index", status: trap, message: "Fatal error: Index out of range", optimised: "-"),
    Row(fault: "unwrap", status: trap, message: "Fatal error: Unexpectedly found nil .*", optimised: "-"),
    Row(fault: "overflow", status: trap, message: "-"),
    Row(fault: "division", status: trap, message: "Fatal error: Division by zero", optimised: "-"),
    Row(fault: "cast", status: #"signal 6 \(SIGABRT\)"#, message: "Could not cast value .*"),
    Row(fault: "exclusivity", status: #"signal 6 \(SIGABRT\)"#, message: "Simultaneous accesses to .*"),
    Row(fault: "memory", status: #"signal 11 \(SIGSEGV\)"#, message: "-"),
    Row(fault: "stack", status: #"signal 11 \(SIGSEGV\)"#, message: "-"),
    Row(fault: "abort", status: #"signal 6 \(SIGABRT\)"#, message: "-"),
    Row(fault: "interrupt", status: #"signal 2 \(SIGINT\)"#, message: "-", isFramed: false),
    Row(fault: "kill", status: #"signal 9 \(SIGKILL\)"#, message: "-", isFramed: false),
    Row(fault: "exit", code: "childExited", status: "exit code 9", message: "-", isFramed: false),
  ]

  @Test("Every way to crash is reported with its signal, its message and its stack")
  func reportsCrashes() async throws {
    let ending = try await run("CrashMessages")
    #expect(ending.isExit && ending.status == 0)
    let isOptimised = ending.lines.first == "optimised"
    let patterns = ["spawn", "forkServer"].flatMap { method in
      Self.rows.map { $0.pattern(method, isOptimised: isOptimised) }
    }
    #expect(ending.lines.count == patterns.count + 1, "\(ending)")
    for (line, pattern) in zip(ending.lines.dropFirst(), patterns) {
      #expect(try line.wholeMatch(of: Regex(pattern)) != nil, "\(line)\n\(pattern)")
    }
  }
}
