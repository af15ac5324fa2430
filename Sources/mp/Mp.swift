internal import ArgumentParser

@main
struct Mp: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "mp", abstract: "Show what swift-multiprocessing does.")
}
