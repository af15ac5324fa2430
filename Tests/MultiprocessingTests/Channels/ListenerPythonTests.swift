import Foundation
import Testing

@testable import Multiprocessing

/// A Python that has the package cbor2, where there is one.
private enum Python {
  static let hasCBOR: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import cbor2"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Support/client.py"

  /// Starts the client; its output comes when it has ended.
  static func run(_ arguments: [String]) async throws -> String {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script] + arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
    return try await onThread {
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return "\(text)\(process.terminationStatus)"
    }
  }
}

@Suite(.isolated, .enabled(if: Python.hasCBOR, "needs python3 with the package cbor2: pip install cbor2"))
struct `A client in Python` {
  private typealias Shop = Listener<[Double], Order>

  private func serve(_ listener: Shop) async throws {
    let client = try await listener.accept(timeout: .seconds(50))
    let order = try await client.receive()
    #expect(order == Order(name: "tea", amounts: [1.5, 2.25]))
    try await client.send(order.amounts.map { $0 * 2 })
    try await client.sendBytes(try await client.receiveBytes())
    try await expectFailure(.closed) { try await client.receive() }
  }

  @Test func `talks CBOR over a Unix socket`() async throws {
    let listener = try Shop(at: AddressKind.unix.fresh())
    async let output = Python.run(["unix", try #require(listener.address.path)])
    try await serve(listener)
    #expect(try await output == "[3.0, 4.5]\nraw\n0")
  }

  @Test func `shows its key over TCP`() async throws {
    let listener = try Shop(at: .tcp(host: "127.0.0.1", port: 0), authenticationKey: [0xAB, 0x01])
    guard case .tcp(let host, let port) = listener.address else { return }
    async let output = Python.run(["tcp", host, "\(port)", "ab01"])
    try await serve(listener)
    #expect(try await output == "[3.0, 4.5]\nraw\n0")
  }

  @Test func `is turned away with another key`() async throws {
    let listener = try Shop(at: .tcp(host: "127.0.0.1", port: 0), authenticationKey: [0xAB, 0x01])
    guard case .tcp(let host, let port) = listener.address else { return }
    async let output = Python.run(["tcp", host, "\(port)", "ab02"])
    try await expectFailure(.authenticationFailed) { try await listener.accept(timeout: .seconds(50)) }
    #expect(try await output.contains("the listener has closed the connection"))
  }
}
