internal import MultiprocessingSystem

/// One way of doing the work, measured.
struct Measurement {
  let name: String
  let answers: [Bool]
  let wall: Duration
  /// Of this process and of the workers, start-up included.
  let cpu: Duration

  static func of(_ name: String, _ work: () async throws -> [Bool]) async throws -> Measurement {
    let (start, used) = (ContinuousClock.now, ProcessorTime.used())
    let answers = try await work()
    return Measurement(
      name: name, answers: answers, wall: start.duration(to: .now), cpu: ProcessorTime.used() - used)
  }

  /// Processor time in wall time: how many processors it kept busy.
  var speedUp: Double { cpu / wall }
}

/// The table at the end, and what it shows.
struct Comparison {
  private let runs: [Measurement]

  init(_ runs: [Measurement]) { self.runs = runs }

  var text: String {
    let head = row("", "wall", "CPU", "speed-up")
    let rows = runs.map { row($0.name, seconds($0.wall), seconds($0.cpu), rounded($0.speedUp) + " x") }
    return ([head] + rows + [sentence]).joined(separator: "\n")
  }

  private var sentence: String {
    guard runs.count == 2 else {
      return "Speed-up is CPU time in wall time: how many processors were kept busy."
    }
    guard runs[0].answers == runs[1].answers else { return "The two disagree, which must not be: please report it." }
    let ratio = runs[1].wall / runs[0].wall
    let relation =
      ratio < 0.9
      ? "Processes were faster here"
      : ratio > 1.1 ? "Threads were faster here" : "Threads and processes were equally fast"
    return """
      \(relation) (processes took \(rounded(ratio)) times the threads' wall time): Swift threads run in parallel, so \
      processes are for what threads cannot do, to survive a crash, to be killed, and to be limited.
      """
  }

  private func row(_ cells: String...) -> String {
    cells.enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, 10 - cell.count))
      return index == 0 ? cell + padding : padding + cell
    }.joined(separator: " ")
  }

  private func seconds(_ duration: Duration) -> String { rounded(duration / .seconds(1)) + " s" }

  private func rounded(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
