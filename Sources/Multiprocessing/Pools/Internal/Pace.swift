/// How long the items of one map or stream take, and so how many a worker is given ahead.
///
/// A claim is worth about 30 microseconds of work. Below that the way to the worker and back costs more than the work;
/// above it an item that waits behind another had better run elsewhere.
struct Pace: Equatable, Sendable {
  /// Names the pace of one map or stream.
  typealias ID = UInt64

  static let largestWindow = 128
  private static let claim = 30_000.0

  /// Items of this pace that are not over.
  var items = 0
  /// Nanoseconds; nil before the first is known.
  private var mean: Double?
  /// How many items a worker may have in hand: one as long as nothing is known.
  private(set) var window = 1

  /// A quarter for the latest: one slow item among fast ones ends the giving ahead at once, and some fast ones bring it
  /// back.
  mutating func record(_ nanoseconds: UInt64) {
    let time = Double(nanoseconds)
    let mean = mean.map { $0 + (time - $0) / 4 } ?? time
    self.mean = mean
    window = Int(max(1, min(Double(Self.largestWindow), Self.claim / max(mean, 1))))
  }
}
