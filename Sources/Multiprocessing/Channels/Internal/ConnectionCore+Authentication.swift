extension ConnectionCore {
  /// Shows the other side that this one knows the key, and has it shown. Otherwise the connection is closed.
  ///
  /// - Throws: `authenticationFailed`, also when it takes too long; `timedOut` at the deadline; CancellationError.
  func authenticate(_ side: Handshake.Side, _ key: [UInt8], until deadline: ContinuousClock.Instant?) async throws {
    guard let link = link as? StreamLink else { return }
    let (run, bound) = (HandshakeRun(side, key: key, over: link), Self.bound(deadline))
    do {
      guard try await end.run(until: bound, run.step) == nil else { return }
      throw Self.tooSlow(deadline)
    } catch {
      end.close()
      throw error
    }
  }

  /// The same on the calling thread.
  func authenticateBlocking(_ side: Handshake.Side, _ key: [UInt8], until deadline: ContinuousClock.Instant?) throws {
    guard let link = link as? StreamLink else { return }
    let (run, bound) = (HandshakeRun(side, key: key, over: link), Self.bound(deadline))
    do {
      guard try end.runBlocking(until: bound, run.step) == nil else { return }
      throw Self.tooSlow(deadline)
    } catch {
      end.close()
      throw error
    }
  }

  private static func bound(_ deadline: ContinuousClock.Instant?) -> ContinuousClock.Instant {
    let own = ContinuousClock.now + Handshake.duration
    return deadline.map { min($0, own) } ?? own
  }

  private static func tooSlow(_ deadline: ContinuousClock.Instant?) -> MultiprocessingError {
    if let deadline, deadline <= ContinuousClock.now {
      return MultiprocessingError(.timedOut, "the other side was not authenticated in time")
    }
    return Handshake.failure("its code within \(Handshake.duration): it may have no key")
  }
}
