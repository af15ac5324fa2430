internal import MultiprocessingSystem

/// What one look at a primitive found.
enum WaitLook<Result> {
  case done(Result)
  /// Not yet: sleep while this word has this value.
  case sleep(SharedWord, UInt32)

  func map<Other>(_ change: (Result) -> Other) -> WaitLook<Other> {
    switch self {
    case .done(let result): .done(change(result))
    case .sleep(let word, let value): .sleep(word, value)
    }
  }
}

/// How a look is made.
struct LookMode {
  /// Sleep follows: say so in the primitive.
  var announces: Bool
  /// This waiter has slept before.
  var hasSlept: Bool
}
