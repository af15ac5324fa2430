/// How a thread that waits for an answer takes it from its worker by itself, without the reactor's thread in between.
protocol AnswerWatch: AnyObject, Sendable {
  /// Looks for answers for as long as has paid off lately, at most some 50 microseconds, or until `isDone`.
  func look(until isDone: () -> Bool)
  /// Sleeps until the worker has answered something, `isDone` or `nudge`, at most until `deadline` (`SharedWait.now`);
  /// then takes what there is. False at once when another thread sleeps already, or the worker is gone.
  func sleep(unless isDone: () -> Bool, until deadline: UInt64?) -> Bool
  /// Ends the sleep.
  func nudge()
}
