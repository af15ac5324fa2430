/// One line that says how far a piece of work is. Pure.
///
/// `Primes  42% ████████░░░░░░░░░░░░ 420/1000, 83/s, 0:07 left, 2 failed, 1 restart`
package struct ProgressLine: Sendable {
  package var title: String
  package var model: ProgressModel
  package var now: ContinuousClock.Instant
  package var isFinal: Bool

  package init(title: String, model: ProgressModel, now: ContinuousClock.Instant, isFinal: Bool = false) {
    self.title = String(title.map { $0.isWhitespace || Self.isControl($0) ? " " : $0 })
    self.model = model
    self.now = now
    self.isFinal = isFinal
  }

  /// For a file or a pipe: no bar, no width.
  package func plain() -> String {
    let percent = percentage.map { "\($0)%" }
    return "\(title): " + ([percent] + details().map(\.text)).compactMap { $0 }.joined(separator: ", ")
  }

  /// For a terminal: never wider than `width` columns, with failures in red where colour is wanted.
  ///
  /// In a narrow terminal the bar goes first, then the details one by one, the failures last.
  package func fitted(to width: Int, unicode: Bool, color: Bool) -> String {
    var details = details()
    while !details.isEmpty, head.displayWidth + Self.width(of: details) > width {
      details.removeLeastImportant()
    }
    let room = width - head.displayWidth - Self.width(of: details) - 1
    let bar = percentage == nil ? "" : ProgressBar(fraction: model.fraction ?? 0).drawn(in: room, unicode: unicode)
    let start = bar.isEmpty ? head : "\(head) \(bar)"
    let end = details.map { $0.colored(color) }.joined(separator: ", ")
    return (start + (end.isEmpty ? "" : " " + end)).truncated(to: details.isEmpty ? width : nil)
  }

  private var head: String {
    guard let percentage else { return title }
    let digits = String(percentage)
    return title + String(repeating: " ", count: 4 - digits.count) + digits + "%"
  }

  /// Rounded down: 100 % is for work that is done.
  private var percentage: Int? { model.fraction.map { Int($0 * 100) } }

  private func details() -> [ProgressDetail] {
    let count = model.total.map { "\(model.finished)/\($0)" } ?? "\(model.finished) done"
    let restarts = "\(model.restarts) restart\(model.restarts == 1 ? "" : "s")"
    return [
      ProgressDetail(count, importance: 3),
      rate.map { ProgressDetail($0.perTime, importance: 1) },
      time.map { ProgressDetail($0, importance: 2) },
      model.failed > 0 ? ProgressDetail("\(model.failed) failed", importance: 5, isFailure: true) : nil,
      model.restarts > 0 ? ProgressDetail(restarts, importance: 4) : nil,
    ].compactMap { $0 }
  }

  /// Of the whole work when it is over: the last seconds say little about it.
  private var rate: Double? {
    guard isFinal else { return model.rate(at: now) }
    let seconds = model.elapsed(at: now) / .seconds(1)
    return model.finished > 0 && seconds > 0 ? Double(model.finished) / seconds : nil
  }

  private var time: String? {
    if isFinal || model.total == nil { return "\(model.elapsed(at: now).clockText) elapsed" }
    return model.timeLeft(at: now).map { "\($0.clockText) left" }
  }

  private static func width(of details: [ProgressDetail]) -> Int {
    details.reduce(0) { $0 + $1.text.displayWidth } + (details.isEmpty ? 0 : 2 * details.count - 1)
  }

  private static func isControl(_ character: Character) -> Bool {
    character.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
