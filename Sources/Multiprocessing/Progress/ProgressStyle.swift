/// How a map or stream shows how far it is, on standard error.
///
/// ```swift
/// let thumbnails = try await pool.map(photos, options: .progress(.bar("Thumbnails"))) { shrink($0) }
/// ```
///
/// On a terminal one line is drawn again at most ten times a second. Elsewhere (a file, a pipe, `TERM=dumb`) plain
/// lines are written, one for each tenth of the work and at most one a second. Honours `NO_COLOR`.
public struct ProgressStyle: Sendable {
  package let title: String

  /// A bar with percentage, rate, time left, and the number of failures and of restarted workers.
  ///
  /// Where the number of inputs is not known in advance, a count and a rate take the bar's place.
  ///
  /// - Parameter title: What stands before the bar.
  /// - Returns: The style, for ``MapOptions``.
  public static func bar(_ title: String) -> ProgressStyle {
    ProgressStyle(title: title)
  }
}
