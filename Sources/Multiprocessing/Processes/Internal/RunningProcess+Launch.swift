internal import MultiprocessingSystem

extension RunningProcess {
  /// Starts a child by its context's start method and begins to watch it.
  ///
  /// - Throws: `startFailed` with the cause; then nothing is left of it.
  static func launch(_ request: LaunchRequest) throws -> RunningProcess {
    ExitSequence.register()
    MemoryWatch.current.begin()
    var attempts = 0
    var launcher = request.launcher ?? request.context.startMethod.launcher(for: request.context)
    while true {
      attempts += 1
      do {
        let (plan, relay) = try request.plan()
        let child = try launcher.launch(plan)
        // Should it fail, the child's own binding at its start is left.
        try? ChildSetup.bindLifeline(plan.lifeline, to: child.id)
        return try adopt(child, plan: plan, relay: relay)
      } catch let error as MultiprocessingError {
        throw error
      } catch let error as SystemError where error.isDisconnected && attempts < 20 {
        // The fork server died with the request in hand, and no child came of it. Somebody may be killing servers.
        _ = try? Polling.wait(for: [], timeout: .milliseconds(attempts))
      } catch let error as SystemError
        where (error.isRefusal || error.isDisconnected) && launcher is ForkServerLauncher
      {
        let reason = error.isRefusal ? "the system refuses to clone" : "no fork server lives long enough to answer"
        EventLog.warning("\(reason) (\(error)): \(request.name) is started by spawn, more slowly")
        launcher = SpawnLauncher()
      } catch {
        throw MultiprocessingError.startFailure(of: request.name, by: request.context.startMethod, error)
      }
    }
  }

  /// Takes a child on, or ends it when there are no descriptors to watch it by.
  static func adopt(_ child: LaunchedChild, plan: LaunchPlan, relay: StandardErrorRelay?) throws -> RunningProcess {
    let pidfd: Descriptor
    do {
      pidfd = try ProcessControl.watch(child.id)
    } catch {
      ProcessControl.killAndCollect(child.id)
      ProcessRegistry.noteUnseenDeath(of: child.id)
      throw error
    }
    let process = RunningProcess(
      child: child, pidfd: pidfd, parameters: plan.parameters, channel: plan.answers, relay: relay)
    do {
      try process.watch()
    } catch {
      try? process.killTree()
      _ = process.waitBlocking()
      throw error
    }
    return process
  }
}
