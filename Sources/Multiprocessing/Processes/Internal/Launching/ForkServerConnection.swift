internal import MultiprocessingSystem
internal import Synchronization

/// This process's fork server: started on first use, again when it died. Ends with this process.
final class ForkServerConnection: Sendable {
  static var current: ForkServerConnection { perProcess.value }
  private static let perProcess = PerProcess { ForkServerConnection() }

  final class Server: Sendable {
    let process: RunningProcess
    var control: MessageSocket { process.channel.socket }
    private let environment: UInt64
    private let workingDirectory: String?

    init(process: RunningProcess) {
      self.process = process
      environment = Executable.environmentHash
      workingDirectory = Executable.workingDirectory()
    }

    /// A copy of the server has its environment and directory: names what is different here and now.
    func completeEnvironment(of parameters: inout ChildParameters) {
      if parameters.environment == nil, Executable.environmentHash != environment {
        parameters.environment = Executable.environment()
      }
      if parameters.workingDirectory == nil {
        let now = Executable.workingDirectory()
        if now != workingDirectory { parameters.workingDirectory = now }
      }
    }
  }

  private let running = Mutex<Server?>(nil)

  /// The server, started if need be. The lock is held over the start, so that threads do not start several.
  func server() throws -> Server {
    try running.withLock { running in
      if let server = running, !server.process.hasEnded { return server }
      let request = LaunchRequest(
        role: .server, name: "ForkServer", isDaemon: true, context: ProcessContext(.spawn),
        launcher: SpawnLauncher(kind: ChildSetup.serverKind), isQuiet: true)
      let server = Server(process: try RunningProcess.launch(request))
      running = server
      return server
    }
  }

  /// Forgets a server that is no longer there.
  func discard(_ server: Server) {
    running.withLock { if $0 === server { $0 = nil } }
    try? server.process.signal(ProcessControl.killSignal)
  }

  /// The process id of the server, for tests and `mp doctor`; nil when none runs.
  var serverID: ProcessID? { running.withLock { $0?.process.id } }
}
