/// What must be true of a program's lines. Patterns are regular expressions that match a whole line.
enum Rule: Sendable {
  /// These lines and no others, in this order.
  case lines([String])
  /// These lines and no others, in whatever order.
  case anyOrder([String])
  /// Among others, these lines in this order.
  case inOrder([String])
  /// No line that matches none of these.
  case only([String])
  /// This many lines of this kind.
  case count(ClosedRange<Int>, String)
  /// Said in words, and checked by code.
  case check(String, @Sendable (ProgramRun) throws -> Bool)

  /// Whether the program's output follows this rule.
  func holds(for run: ProgramRun) throws -> Bool {
    guard case .check(_, let condition) = self else { return try holds(for: run.lines) }
    return try condition(run)
  }

  /// Whether these lines follow this rule; a `check` needs more than lines, so none do.
  func holds(for lines: [String]) throws -> Bool {
    switch self {
    case .lines(let patterns):
      return try lines.count == patterns.count && zip(lines, patterns).allSatisfy { try $0.matches($1) }
    case .anyOrder(let patterns):
      return try Self.pairUp(lines, patterns)
    case .inOrder(let patterns):
      return try Self.find(patterns, in: lines)
    case .only(let patterns):
      return try lines.allSatisfy { line in try patterns.contains { try line.matches($0) } }
    case .count(let range, let pattern):
      return try range.contains(lines.count { try $0.matches(pattern) })
    case .check:
      return false
    }
  }

  private static func pairUp(_ lines: [String], _ patterns: [String]) throws -> Bool {
    var left = lines
    for pattern in patterns {
      guard let index = try left.firstIndex(where: { try $0.matches(pattern) }) else { return false }
      left.remove(at: index)
    }
    return left.isEmpty
  }

  private static func find(_ patterns: [String], in lines: [String]) throws -> Bool {
    var rest = lines[...]
    for pattern in patterns {
      guard let index = try rest.firstIndex(where: { try $0.matches(pattern) }) else { return false }
      rest = rest[(index + 1)...]
    }
    return true
  }
}

extension String {
  /// Whether the whole of it matches a regular expression.
  func matches(_ pattern: String) throws -> Bool {
    try wholeMatch(of: Regex(pattern)) != nil
  }
}
