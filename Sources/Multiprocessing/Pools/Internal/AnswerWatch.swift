internal import MultiprocessingSystem
internal import Synchronization

/// How a thread that waits for an answer takes it from its worker by itself, without the reactor's thread in between.
protocol AnswerWatch: AnyObject, Sendable {
  /// Looks for answers for as long as has paid off lately, at most some 50 microseconds, or until `isDone`.
  func look(until isDone: () -> Bool)
  /// Says that the calling thread is about to sleep until the worker has answered something, and takes what came before.
  /// What it is to sleep on; nil when another thread sleeps already or takes answers now, or the worker is gone.
  func beginSleep() -> SharedWait.Entry?
  /// The thread sleeps no more.
  func endSleep()
  /// Takes what there is.
  func takeAnswers()
  /// Ends the sleep.
  func nudge()
}

/// Sleeps until one of the workers has answered something, `isDone` or `nudge`, at most until `deadline`
/// (`SharedWait.now`); then takes what there is. False at once when it can be told of none of them.
func sleep(on watches: [any AnswerWatch], unless isDone: () -> Bool, until deadline: UInt64?) -> Bool {
  var entries: [SharedWait.Entry] = []
  let sleeping = watches.filter { watch in
    guard let entry = watch.beginSleep() else { return false }
    entries.append(entry)
    return true
  }
  // What ends the wait later takes the announcement away first, and it is not made again.
  if !entries.isEmpty, !isDone() {
    if entries.count == 1 {
      _ = SharedWait.sleep(on: entries[0].word, while: entries[0].value, until: deadline)
    } else {
      _ = SharedWait.sleep(on: entries, until: deadline)
    }
  }
  // First all of them: what is taken from one may end the wait, which would then be told to the others.
  for watch in sleeping { watch.endSleep() }
  for watch in sleeping { watch.takeAnswers() }
  return !entries.isEmpty
}

/// Whose sleepers are woken when a wait ends, as of its last turn.
final class NudgedWatches: Sendable {
  private let watches = Mutex<(all: [any AnswerWatch], isFirst: Bool)>(([], true))

  /// True for the first time.
  @discardableResult
  func set(_ new: [any AnswerWatch]) -> Bool {
    let (old, isFirst) = watches.withLock { watches in
      defer { watches = (new, false) }
      return watches
    }
    withExtendedLifetime(old) {}
    return isFirst
  }

  func nudge() { for watch in watches.withLock({ $0.all }) { watch.nudge() } }
}
