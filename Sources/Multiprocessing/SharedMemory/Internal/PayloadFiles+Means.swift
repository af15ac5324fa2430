internal import MultiprocessingSystem

extension PayloadFiles.Means {
  /// With a look at what memory is left, and the reactor's clock.
  static let usual = PayloadFiles.Means { range, file in
    try MemoryReservation.reserve(range) { try file.reserve($0) }
  } call: { time, function in
    (try? Alarm(at: time, handler: function)) != nil
  }
}
