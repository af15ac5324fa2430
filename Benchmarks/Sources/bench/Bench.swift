// No Foundation in this program: its children are copies of it, and loading Foundation costs each of them 3 ms.

/// Measures this library: `bench [SCENARIO [SUBJECT]]` runs all, or those named; `bench --list` names the scenarios.
///
/// Prints one line for each figure: scenario, who was measured, value, unit.
@main
struct Bench {
  static func main() async throws {
    let arguments = CommandLine.arguments
    if arguments.dropFirst().first == "--list" { return print(Scenario.all.map(\.name).joined(separator: "\n")) }
    let (name, subject) = (arguments.dropFirst().first, arguments.dropFirst(2).first)
    for scenario in Scenario.all where name.map({ $0 == scenario.name }) ?? true {
      try await scenario.run(only: subject)
    }
  }
}
