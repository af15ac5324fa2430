internal import MultiprocessingSystem

/// Start method `spawn`: the executable again, entered before its `main` (`mp_entry.h`).
struct SpawnLauncher: Launcher {
  /// Which kind of child the executable becomes.
  var kind = ChildSetup.childKind

  func launch(_ plan: LaunchPlan) throws -> LaunchedChild {
    let page = try plan.parameters.pageFile()
    let standard = try StandardDescriptors(of: plan)
    let spawn = Spawn(
      path: try plan.context.executable ?? Executable.path(), arguments: [CommandLine.arguments.first ?? "worker"],
      environment: environment(plan.context), workingDirectory: plan.context.workingDirectory,
      standard: standard.numbers,
      descriptors: [try plan.channel.number, page.descriptor.number, plan.lifeline.number, plan.registry.number])
    let id = try withExtendedLifetime((plan, standard)) { try spawn.start() }
    return LaunchedChild(id: id, page: page)
  }

  private func environment(_ context: ProcessContext) -> [String] {
    let given = context.environment?.map { "\($0.key)=\($0.value)" } ?? Executable.environment()
    // The runtime's own backtracer costs 25 ms and fifty lines per crash; the crash page replaces it. It is read at
    // exec, so it cannot be set later.
    let own = ["\(ChildSetup.marker)=\(kind)", "SWIFT_BACKTRACE=enable=no"]
    return given.filter { !$0.hasPrefix(ChildSetup.marker + "=") && !$0.hasPrefix("SWIFT_BACKTRACE=") } + own
  }
}
