import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// A client that says whatever the test likes.
final class RawSocket: Sendable {
  let socket: StreamSocket

  init(_ socket: StreamSocket) { self.socket = socket }

  convenience init(to address: SocketAddress) async throws {
    self.init(try await Connecting(address, until: nil).run())
  }

  /// Sends all of it, or as much as the other side lets it.
  @discardableResult
  func send(_ bytes: [UInt8]) async -> Int {
    var rest = bytes[...]
    for _ in 0..<100_000 where !rest.isEmpty {
      do {
        rest = rest.dropFirst(try socket.write(rest))
      } catch let error as SystemError where error.wouldBlock {
        try? await Task.sleep(for: .milliseconds(1))
      } catch {
        break
      }
    }
    return bytes.count - rest.count
  }

  /// Waits for that many bytes; fewer when the other side ends.
  func receive(_ count: Int) async -> [UInt8] {
    var bytes: [UInt8] = []
    _ = await eventually {
      while bytes.count < count {
        do {
          if try socket.read(into: &bytes, limit: count - bytes.count) == 0 { return true }
        } catch {
          return (error as? SystemError)?.wouldBlock != true
        }
      }
      return true
    }
    return bytes
  }

  /// Waits until the other side has closed the connection.
  func expectEnd(sourceLocation: SourceLocation = #_sourceLocation) async {
    #expect(await receive(1) == [], sourceLocation: sourceLocation)
  }
}
