internal import MultiprocessingSystem

extension ProcessRegistry {
  /// Notes the death of a child, before it is reaped: until then its id is nobody else's. Marks it, takes on the
  /// processes it leaves, and wakes all who sleep.
  package static func noteDeath(of child: ProcessID) {
    guard let table = existing else { return }
    // Once for each: a slot that cannot be marked, because somebody scribbles on it, must not keep us here.
    for id in table.all(of: child) { bury(id, in: table) }
  }

  /// The same for a child that somebody else reaped: its id may be another's by now.
  package static func noteUnseenDeath(of child: ProcessID) {
    guard let table = existing, let id = table.find(process: child) else { return }
    if OwnID.startTime(of: child) != table.slot(id.slot).startTime.load() { bury(id, in: table) }
  }

  static func bury(_ id: OwnerID, in table: RegistryTable) {
    table.mark(id)
    adoptOrphans(in: table)
    table.ring()
  }

  /// Becomes the parent of live processes that have none, and watches them. The lifeline ends them soon.
  private static func adoptOrphans(in table: RegistryTable) {
    guard let own = OwnerID(bits: OwnID.value) else { return }
    for (id, slot) in table.live() {
      var parent = slot.parent.load()
      guard id != own, OwnerID(bits: parent).map(table.isLive) != true,
        slot.parent.exchange(&parent, for: own.bits)
      else { continue }
      watch(id, in: table)
    }
  }

  /// Buries a process that is not our child when it ends.
  private static func watch(_ id: OwnerID, in table: RegistryTable) {
    do {
      let pidfd = try ProcessControl.watch(id.process)
      let started = table.slot(id.slot).startTime.load()
      if started != 0, OwnID.startTime(of: id.process) != started { return bury(id, in: table) }
      let ended = Completion<Void>()
      let token = try Reactor.shared.watch(pidfd) { ended.resolve(()) }
      ended.observe { _ in
        Reactor.shared.cancel(token)
        bury(id, in: table)
      }
    } catch let error as SystemError where error.isNoSuchProcess {
      bury(id, in: table)
    } catch {
      // No descriptor left: look again soon.
      _ = try? Reactor.shared.schedule(at: .now + .milliseconds(50)) { watch(id, in: table) }
    }
  }
}
