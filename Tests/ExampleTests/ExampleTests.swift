internal import Testing

/// Runs the programs of `Examples` as a user does, each in a process of its own, and reads what they print.
@Suite("Examples", .serialized)
struct ExampleTests {
  @Test("A program prints what its row promises", arguments: Expectation.all)
  func printsWhatItPromises(_ expectation: Expectation) async throws {
    var run = try await ProgramRun("run", expectation.program)
    var runs = 1
    while expectation.isTimed, runs < 5, try !expectation.output.allSatisfy({ try $0.holds(for: run) }) {
      run = try await ProgramRun("run", expectation.program)
      runs += 1
    }
    let printed = Comment(rawValue: (run.lines + run.errorLines).joined(separator: "\n"))
    #expect(run.endedByItself && run.status == 0, printed)
    for rule in expectation.output {
      #expect(try rule.holds(for: run), "\(rule)\n\(printed)")
    }
    for rule in expectation.errorOutput {
      #expect(try rule.holds(for: run.errorLines), "\(rule)\n\(printed)")
    }
  }

  @Test("Running all programs prints a header for each and reports no failure")
  func runsAll() async throws {
    let run = try await ProgramRun("all", watchdog: .seconds(300))
    let names = try run.captures(#"== (\S+) \(.*\): .*"#)
    #expect(names.sorted() == Expectation.all.map(\.program).sorted())
    #expect(run.lines.last == "\(names.count) programs, 0 failed")
    #expect(run.endedByItself && run.status == 0)
  }

  @Test("A name that no program has is refused", arguments: ["", "nothing", "hello bob"])
  func refusesUnknownNames(_ name: String) async throws {
    let run = try await ProgramRun("run", name)
    #expect(run.status == 64)
    #expect(run.lines.isEmpty)
    #expect(run.errorLines.count == 1)
  }
}
