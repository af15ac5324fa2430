internal import MultiprocessingSystem

extension ProcessRegistry {
  /// Notes the death of a child, before it is reaped: until then its id is nobody else's. Marks it, takes on the
  /// processes it leaves, and wakes all who sleep.
  package static func noteDeath(of child: ProcessID) {
    guard let table = existing else { return }
    // Once for each: a slot that cannot be marked, because somebody scribbles on it, must not keep us here.
    for id in table.all(of: child) { bury(id, in: table) }
    lookAgain(in: table)
  }

  /// The same for a child that somebody else reaped: its id may be another's by now.
  package static func noteUnseenDeath(of child: ProcessID) {
    guard let table = existing else { return }
    for id in table.all(of: child) { watch(id, in: table) }
    lookAgain(in: table)
  }

  static func bury(_ id: OwnerID, in table: RegistryTable) {
    table.mark(id)
    adoptOrphans(in: table)
    table.ring()
  }

  /// Becomes the parent of live processes that have none, and watches them. The lifeline ends them soon.
  static func adoptOrphans(in table: RegistryTable) {
    for index in table.used {
      if let id = table.occupant(of: index), table.claimed(by: id)?.parent != OwnID.value { lookAfter(id, in: table) }
    }
  }

  /// Watches a process unless its parent lives to do so. One in the middle of its claim is looked at again: it fails, if
  /// its parent is gone, but it may be killed before.
  private static func lookAfter(_ id: OwnerID, in table: RegistryTable) {
    guard let own = OwnerID(bits: OwnID.value), id != own, table.isLive(id) else { return }
    guard let claimed = table.claimed(by: id) else { return watch(id, in: table) }
    var parent = claimed.parent
    if parent != own.bits {
      let isLookedAfter = OwnerID(bits: parent).map(table.isLive) == true
      guard !isLookedAfter, table.slot(id.slot).parent.exchange(&parent, for: own.bits) else { return }
    }
    // Whoever has the slot by now has us for its parent.
    if let occupant = table.occupant(of: id.slot) { watch(occupant, in: table) }
  }

  /// Buries a process when it ends, or at once if it has. Where that cannot be found out now, later.
  private static func watch(_ id: OwnerID, in table: RegistryTable) {
    // First: once the process is known to be the one of the id, so is what this stands for.
    let pidfd = try? ProcessControl.watch(id.process)
    let hasEnded = hasEnded(id, in: table)
    if hasEnded == true { return bury(id, in: table) }
    if hasEnded == false, let pidfd, bury(id, in: table, atEndOf: pidfd) { return }
    UnsettledProcesses.current.add(id) { lookAgain(in: table) }
  }

  /// False when there is no descriptor to watch it by.
  private static func bury(_ id: OwnerID, in table: RegistryTable, atEndOf pidfd: Descriptor) -> Bool {
    let ended = Completion<Void>()
    guard let token = try? Reactor.shared.watch(pidfd, handler: { ended.resolve(()) }) else { return false }
    ended.observe { _ in
      Reactor.shared.cancel(token)
      bury(id, in: table)
    }
    return true
  }

  /// Nil when that cannot be told: the system does not say, or the process has not said which one it is.
  private static func hasEnded(_ id: OwnerID, in table: RegistryTable) -> Bool? {
    do {
      guard let startTime = try OwnID.startTime(of: id.process) else { return true }
      return table.claimed(by: id).map { $0.stamp != RegistryTable.stamp(startTime, of: id) }
    } catch {
      return nil
    }
  }

  /// Looks at the processes of which it was not known whether they live.
  static func lookAgain(in table: RegistryTable) {
    for id in UnsettledProcesses.current.takeAll() { lookAfter(id, in: table) }
  }
}
