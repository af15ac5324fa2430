import Foundation
import Testing

@testable import MultiprocessingSystem

@Suite("Machine facts")
struct MachineFactsTests {
  @Test("say what uname, getconf and ulimit say")
  func agreesWithTools() throws {
    // Another test may raise the limit meanwhile.
    var softLimits = [try shell("ulimit -Sn")]
    let facts = MachineFacts.current()
    softLimits.append(try shell("ulimit -Sn"))
    #expect(softLimits.contains(facts.limits.openFiles?.soft.map(String.init) ?? "unlimited"))
    #expect(facts.kernelRelease == (try shell("uname -r")))
    #expect(facts.architecture == (try shell("uname -m")))
    #expect(facts.glibcVersion.map { "glibc \($0)" } == (try shell("getconf GNU_LIBC_VERSION")))
    #expect(facts.processors.online == Int(try shell("getconf _NPROCESSORS_ONLN")))
    #expect(facts.limits.openFiles?.hard.map(String.init) ?? "unlimited" == (try shell("ulimit -Hn")))
    #expect(facts.corePattern == (try shell("cat /proc/sys/kernel/core_pattern")))
    #expect(facts.hasBuildID)
    #expect(facts.features.cloneParent == nil)
  }

  @Test("are encodable, with every CPU figure at least one")
  func encodable() throws {
    let data = try JSONEncoder().encode(MachineFacts.current())
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let processors = try #require(object["processors"] as? [String: Double])
    #expect(processors.values.allSatisfy { $0 > 0 })
    #expect(object["features"] is [String: Bool])
  }

  @Test("trying the kernel's calls leaves no descriptor open")
  func probesLeakNothing() throws {
    let probe = "ls /proc/$PPID/fd | wc -l"
    _ = MachineFacts.current()
    // Other tests open files meanwhile, sometimes many; fifty leaks would be seen each time.
    var isClean = false
    for round in 0..<20 where !isClean {
      if round > 0 { usleep(100_000) }
      let before = try #require(Int(try shell(probe)))
      for _ in 0..<50 {
        _ = KernelFeatures.probe()
        _ = MachineFacts.current()
      }
      isClean = try #require(Int(try shell(probe))) < before + 40
    }
    #expect(isClean)
  }

  /// The first line that a command prints.
  private func shell(_ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
  }
}
