/// Where a barrier is, in one word: every step of it is one change of that word.
struct BarrierPhase: Equatable, Sendable {
  var bits: UInt32

  private static let broken: UInt32 = 1
  private static let open: UInt32 = 2
  private static let shift: UInt32 = 4
  private static let generationMask: UInt32 = .max >> shift

  /// The verdict on the generation that last used a set of entries.
  private static func trippedBit(of generation: UInt32) -> UInt32 { 4 << (generation & 1) }

  /// Numbers rounds; begins again some time.
  var generation: UInt32 { bits >> Self.shift }
  var isBroken: Bool { bits & Self.broken != 0 }
  /// The set of entries of this generation is its own: those of the generation before last have left it.
  var isOpen: Bool { bits & Self.open != 0 }

  /// Whether a generation goes on.
  func isRunning(_ generation: UInt32) -> Bool { self.generation == generation && !isBroken }

  /// Whether a generation, one that has parties in its set, is over because all had come.
  func hasTripped(_ generation: UInt32) -> Bool {
    self.generation != generation && bits & Self.trippedBit(of: generation) != 0
  }

  /// With the set of this generation open, whose parties have no verdict yet.
  var opened: BarrierPhase { BarrierPhase(bits: (bits | Self.open) & ~Self.trippedBit(of: generation)) }
  var broken: BarrierPhase { BarrierPhase(bits: bits | Self.broken) }

  /// The next generation, after all of this one had come.
  var tripped: BarrierPhase { BarrierPhase(bits: next.bits | Self.trippedBit(of: generation)) }

  /// The next generation, and those who wait are turned away. The verdict on others stays: it may not have been read.
  var reset: BarrierPhase { isOpen ? BarrierPhase(bits: next.bits & ~Self.trippedBit(of: generation)) : next }

  private var next: BarrierPhase {
    let verdicts = bits & (Self.trippedBit(of: 0) | Self.trippedBit(of: 1))
    return BarrierPhase(bits: (generation &+ 1 & Self.generationMask) << Self.shift | verdicts)
  }
}
