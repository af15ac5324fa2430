internal import MultiprocessingSystem

/// Start method `spawn`: the executable again, entered before its `main` (`mp_entry.h`).
struct SpawnLauncher: Launcher {
  /// Which kind of child the executable becomes.
  var kind = ChildSetup.childKind

  func launch(_ plan: LaunchPlan) throws -> LaunchedChild {
    let page = try ChildParameters.pageFile(with: plan.parameters.bytes)
    let standard = try StandardDescriptors(of: plan)
    let null = try DescriptorIO.openNull()
    let spawn = Spawn(
      path: try plan.context.executable ?? Executable.path(), arguments: [CommandLine.arguments.first ?? "worker"],
      environment: environment(plan), workingDirectory: plan.context.workingDirectory,
      standard: [null.number, standard.output, standard.error],
      descriptors: [try plan.channel.number, page.descriptor.number, plan.lifeline.number, plan.registry.number])
    let id = try withExtendedLifetime((plan, standard, null)) { try spawn.start() }
    return LaunchedChild(id: id, page: page)
  }

  /// The runtime's own backtracer costs 25 ms and fifty lines per crash; the crash page replaces it. It is read at exec,
  /// so it cannot be set later. With a path, of whatever, the runtime does not look for the program: 0.13 ms.
  private static let noBacktracer = "enable=no,swift-backtrace=/"

  private func environment(_ plan: LaunchPlan) -> [String] {
    let given = plan.context.environment?.map { "\($0.key)=\($0.value)" } ?? Executable.environment()
    var own = ["\(ChildSetup.marker)=\(kind)", "SWIFT_BACKTRACE=\(Self.noBacktracer)"]
    // All symbols are bound once in the server, and not in each of its children; `mp_entry.c` takes the variable away.
    if kind == ChildSetup.serverKind, !given.contains(where: { $0.hasPrefix(ChildSetup.bindNow + "=") }) {
      own.append("\(ChildSetup.bindNow)=\(ChildSetup.marker)")
    }
    // Here, because libraries that the program is linked with read them when they are loaded.
    if let threads = plan.parameters.worker.threads { own += Placement.variables(for: threads, besides: given) }
    return given.filter { !$0.hasPrefix(ChildSetup.marker + "=") && !$0.hasPrefix("SWIFT_BACKTRACE=") } + own
  }
}
