// No Foundation in this program: its children are copies of it, and loading Foundation costs each of them 3 ms.

/// Measures this library: `bench` runs every scenario, `bench NAME…` those named, `bench --list` names them.
///
/// Prints one line for each figure: scenario, who was measured, value, unit.
@main
struct Bench {
  static func main() async throws {
    let wanted = CommandLine.arguments.dropFirst()
    if wanted.contains("--list") { return Scenario.all.forEach { print($0.name) } }
    for scenario in Scenario.all where wanted.isEmpty || wanted.contains(scenario.name) {
      try await scenario.run()
    }
  }
}
