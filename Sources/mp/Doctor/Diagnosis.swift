internal import Multiprocessing
internal import MultiprocessingSystem

/// Facts about the machine, and what was tried on it.
struct Diagnosis: Encodable {
  /// One thing that was tried.
  struct Check: Encodable {
    var name: String
    var isOK: Bool
    /// The library cannot do without it.
    var isRequired: Bool
    var detail: String
  }

  var machine: MachineFacts
  var checks: [Check]

  var isHealthy: Bool { checks.allSatisfy { $0.isOK || !$0.isRequired } }

  static func make() async -> Diagnosis {
    var machine = MachineFacts.current()
    var checks: [Check] = []
    for method in StartMethod.available { checks.append(await start(method)) }
    machine.features.cloneParent = checks.first { $0.name.contains("forkServer") }?.isOK
    checks += features(machine.features)
    checks.append(await crashReports())
    return Diagnosis(machine: machine, checks: checks)
  }

  /// Starts a child each way, and measures the second start: the first one may have to start a server.
  private static func start(_ method: StartMethod) async -> Check {
    let name = "start method \(method)"
    do {
      _ = try await answer(method)
      let before = ContinuousClock.now
      let isRight = try await answer(method) == 42
      let time = before.duration(to: .now)
      return Check(name: name, isOK: isRight, isRequired: method == .spawn, detail: milliseconds(time))
    } catch {
      return Check(name: name, isOK: false, isRequired: method == .spawn, detail: "\(error)")
    }
  }

  private static func milliseconds(_ time: Duration) -> String {
    let tenths = Int((time / .microseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10) ms"
  }

  private static func answer(_ method: StartMethod) async throws -> Int {
    if method == .fork { return try await ChildProcess.fork { 42 }.value }
    let child = try ChildProcess.start(6, 7, context: ProcessContext(method)) { $0 * $1 }
    return try await child.value
  }

  private static func features(_ features: KernelFeatures) -> [Check] {
    [
      Check(name: "pidfd", isOK: features.pidfdOpen, isRequired: true, detail: "to see a child end"),
      Check(name: "memfd", isOK: features.memfdCreate, isRequired: true, detail: "for large values and reports"),
      Check(name: "close_range", isOK: features.closeRange, isRequired: false, detail: "to start children quickly"),
      Check(name: "membarrier", isOK: features.membarrier, isRequired: false, detail: "for fast queues"),
      Check(name: "futex_waitv", isOK: features.futexWaitv, isRequired: false, detail: "to wait for several locks"),
    ]
  }

  private static func crashReports() async -> Check {
    let name = "crash reports"
    do {
      let crashed: Int = try await runIsolated(3) { [1, 2][$0] }
      _ = crashed
      return Check(name: name, isOK: false, isRequired: false, detail: "the trap did nothing")
    } catch let error as MultiprocessingError where error.code == .childCrashed {
      let frames = error.crash?.frames ?? []
      let detail = "\(frames.count) frames, \(error.crash?.message ?? "and no message, as in release builds")"
      return Check(name: name, isOK: !frames.isEmpty, isRequired: false, detail: detail)
    } catch {
      return Check(name: name, isOK: false, isRequired: false, detail: "\(error)")
    }
  }
}

extension Diagnosis {
  /// For people.
  var text: String {
    let lines = checks.map { check in
      "\(check.isOK ? "ok     " : check.isRequired ? "MISSING" : "no     ") \(check.name): \(check.detail)"
    }
    return (lines + facts + [isHealthy ? "all that is needed is here" : "something that is needed is missing"])
      .joined(separator: "\n")
  }

  private var facts: [String] {
    [
      "kernel \(machine.kernelRelease), \(machine.architecture), glibc \(machine.glibcVersion ?? "none"), "
        + "Swift \(machine.swiftVersion)",
      "processors: \(machine.processors.available) usable (\(machine.processors.online) online, affinity "
        + "\(machine.processors.affinity), quota \(machine.processors.quota.map { "\($0)" } ?? "none"))",
      "open files: \(text(machine.limits.openFiles)); processes: \(text(machine.limits.processes)); "
        + "data: \(text(machine.limits.data))",
      "control groups: \(machine.controlGroups); core pattern: \(machine.corePattern ?? "unknown")",
    ]
  }

  private func text(_ limit: ResourceLimit?) -> String {
    guard let limit else { return "unknown" }
    return limit.soft.map { "\($0)" } ?? "unlimited"
  }
}
