internal import Foundation
internal import Multiprocessing

extension Program {
  // The original counts the machine's processors; a container or an affinity mask may allow fewer.
  static let availableParallelism = Program(
    "available-parallelism", rows: [54], .parallelism, "how many processors may be used"
  ) {
    print("in the machine: \(ProcessInfo.processInfo.processorCount)")
    print("for this process: \(CurrentProcess.availableParallelism)")
  }
}
