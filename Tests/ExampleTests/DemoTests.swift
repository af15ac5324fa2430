internal import Foundation
internal import Testing

/// The output of `mp`, which is what a newcomer sees first.
@Suite struct DemoTests {
  @Test func `primes gives one line for each number, in order, and an honest table`() async throws {
    let run = try await ProgramRun("demo", "primes", "--repeat", "1", "--workers", "4", program: "mp")
    #expect(run.status == 0)
    let answers = run.lines.prefix(13)
    #expect(answers.first == "1116281 is prime: true")
    #expect(answers.dropLast().allSatisfy { $0.hasSuffix("is prime: true") })
    #expect(answers.last == "1099726899285419 is prime: false")
    let table = run.lines.dropFirst(13)
    #expect(table.first?.contains("speed-up") == true)
    #expect(table.contains { $0.wholeMatch(of: /threads +\d+\.\d\d s +\d+\.\d\d s +\d+\.\d\d x/) != nil })
    #expect(table.contains { $0.wholeMatch(of: /processes +\d+\.\d\d s +\d+\.\d\d s +\d+\.\d\d x/) != nil })
    #expect(run.lines.last?.contains("Swift threads run in parallel") == true)
    // Standard error is a pipe here: plain lines, no control characters.
    #expect(run.errorLines.contains { $0.contains("processes") && $0.contains("13/13") })
    #expect(run.errorLines.allSatisfy { !$0.contains("\r") && !$0.contains("\u{1b}") })
  }

  @Test func `primes runs one half alone`() async throws {
    let run = try await ProgramRun("demo", "primes", "--repeat", "1", "--workers", "2", "--processes", program: "mp")
    #expect(run.status == 0)
    #expect(run.lines.contains { $0.hasPrefix("processes") })
    #expect(!run.lines.contains { $0.hasPrefix("threads ") })
  }

  @Test func `primes refuses no workers`() async throws {
    let run = try await ProgramRun("demo", "primes", "--workers", "0", program: "mp")
    #expect(run.status != 0)
    #expect(run.errorLines.contains { $0.contains("--workers") })
  }

  @Test func `crash reports four bad ends and four good ones`() async throws {
    let run = try await ProgramRun("demo", "crash", program: "mp")
    #expect(run.status == 0)
    for number in [1, 3, 7, 8] {
      #expect(run.lines.contains { $0.hasPrefix("task \(number): \(number * number), from PoolWorker-") })
    }
    #expect(run.lines.contains { $0.hasPrefix("task 2: childCrashed") && $0.contains("SIG") })
    // Release builds print nothing for a bad index: then the frame tells.
    #expect(run.lines.contains { $0.localizedCaseInsensitiveContains("index out of range") })
    #expect(run.lines.contains { $0.hasPrefix("task 4: childCrashed") && $0.contains("task 4 gives up") })
    #expect(run.lines.contains { $0.hasPrefix("task 5: childCrashed") && $0.contains("SIGKILL") })
    #expect(run.lines.contains { $0.hasPrefix("task 6: timedOut") })
    #expect(run.lines.contains { $0.contains("CrashTask.run()") && $0.contains("Crash.swift") })
    #expect(run.lines.last?.contains("completed 4, failed 4, crashed 3") == true)
  }

  @Test func `doctor finds what is needed, in words and in JSON`() async throws {
    let words = try await ProgramRun("doctor", program: "mp")
    #expect(words.status == 0)
    #expect(words.lines.contains { $0.hasPrefix("ok") && $0.contains("start method forkServer") })
    #expect(words.lines.last == "all that is needed is here")
    let json = try await ProgramRun("doctor", "--json", program: "mp")
    let data = Data(json.lines.joined(separator: "\n").utf8)
    let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let checks = try #require(report["checks"] as? [[String: Any]])
    #expect(checks.contains { $0["name"] as? String == "crash reports" && $0["isOK"] as? Bool == true })
    #expect((report["machine"] as? [String: Any])?["kernelRelease"] != nil)
  }
}
