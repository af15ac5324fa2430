internal import Multiprocessing

extension Program {
  static let ownIdentifier = Program("own-identifier", rows: [66], .names, "the identifier of this process") {
    print(CurrentProcess.id)
  }
}
