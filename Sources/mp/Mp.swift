internal import ArgumentParser

/// The command line: demonstrations, and a look at the machine.
@main
struct Mp: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mp", abstract: "Shows what swift-multiprocessing does, and what this machine offers it.",
    subcommands: [Demo.self, Doctor.self])
}

/// The demonstrations.
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a demonstration.", subcommands: [Primes.self, Crash.self])
}
