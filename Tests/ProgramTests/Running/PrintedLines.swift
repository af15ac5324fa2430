internal import Foundation
internal import Synchronization

/// The lines that come out of a pipe, read by a thread of its own to the pipe's end.
final class PrintedLines: Sendable {
  private struct State {
    var lines: [String] = []
    var rest: [UInt8] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  init(of pipe: Pipe) {
    let reading = pipe.fileHandleForReading
    Thread.detachNewThread {
      while case let data = reading.availableData, !data.isEmpty { self.append(data) }
      self.state.withLock { $0.hasEnded = true }
    }
  }

  var lines: [String] {
    state.withLock { state in
      state.rest.isEmpty ? state.lines : state.lines + [String(decoding: state.rest, as: UTF8.self)]
    }
  }

  /// Every process that could write has ended or closed the pipe.
  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  private func append(_ data: Data) {
    state.withLock { state in
      state.rest += data
      while let end = state.rest.firstIndex(of: 10) {
        state.lines.append(String(decoding: state.rest[..<end], as: UTF8.self))
        state.rest.removeSubrange(...end)
      }
    }
  }
}
