// Children that start children, three levels deep, two each.
import Multiprocessing

func grow(_ levels: Int) async throws -> [String: String] {
  let own = ["\(CurrentProcess.id)": CurrentProcess.name]
  guard levels > 0 else { return own }
  let children = try (0..<2).map { _ in try ChildProcess.start(levels - 1) { try await grow($0) } }
  var all = own
  for child in children { all.merge(try await child.value) { old, _ in "\(old) twice" } }
  return all
}

@main
struct Program {
  static func main() async throws {
    print("main of \(CurrentProcess.name)")
    for method in StartMethod.forTasks {
      ProcessContext.default = ProcessContext(method)
      let first = try ChildProcess.start(2, name: "top") { try await grow($0) }
      let second = try ChildProcess.start(2) { try await grow($0) }
      let all = try await first.value.merging(second.value) { old, _ in "\(old) twice" }
      print(method, all.count, all.values.sorted().joined(separator: " "))
    }
  }
}
