@testable import Multiprocessing

/// The machine with workers, timers and users that act in an order given by a seed.
///
/// Actions are performed in order, and any time later, as by the driver: another thread may be performing.
struct MachineRehearsal {
  var random: SeededRandom
  var machine: PoolMachine
  var model: MachineModel
  var workers: [PoolMachine.WorkerID: RehearsedWorker] = [:]
  var actions: [PoolMachine.Action] = []
  var deadlines: [(item: PoolMachine.ItemID, turn: Int)] = []
  var graces: [(worker: PoolMachine.WorkerID, grace: PoolMachine.Grace)] = []
  var retriesOfStart = 0
  var nextItem: PoolMachine.ItemID = 1
  /// How often, in percent, what is begun dies, spins, or a start fails.
  var (dying, spinning, failingStarts) = (0, 0, 0)
  /// How often, in a thousand, a worker that could finish something says what makes no sense.
  var confused = 0
  var trace: [String]?

  init(seed: UInt64, isTraced: Bool = false) {
    random = SeededRandom(seed: seed)
    var configuration = PoolMachine.Configuration(workers: Int.random(in: 1...3, using: &random))
    configuration.minWorkers = Int.random(in: 0...configuration.workers, using: &random)
    configuration.canKill = random.chance(75)
    configuration.restartLimit = [0, 2, 10, 1000].randomElement(using: &random) ?? 10
    configuration.maxTasksPerWorker = random.chance(30) ? Int.random(in: 1...3, using: &random) : nil
    machine = PoolMachine(configuration)
    model = MachineModel(configuration)
    (dying, spinning) = random.chance(50) ? (20, 15) : (3, 5)
    failingStarts = random.chance(20) ? 20 : 0
    confused = random.chance(30) ? 50 : 0
    trace = isTraced ? ["\(configuration)"] : nil
  }

  /// A life of the pool: random events, then close, and everything that is left.
  mutating func run(steps: Int) throws {
    try handle(.open)
    for _ in 0..<steps {
      if random.chance(45) { try handle(userEvent()) } else { try takeStep() }
    }
    try handle(.close)
    try settleDown()
    // What nobody would end goes on as long as it likes; somebody cancels it.
    for item in model.unfinished { try handle(.cancel(item)) }
    try settleDown()
    try model.checkEnd(machine)
  }

  mutating func handle(_ event: PoolMachine.Event) throws {
    model.take(event, machine)
    let new = machine.handle(event)
    trace?.append("\(event) -> \(new)")
    try model.check(new, after: event, machine)
    actions += new
  }

  mutating func settleDown() throws {
    var steps = 0
    while try takeStep() {
      steps += 1
      if steps > 20_000 { throw Violation("there is no end to it") }
    }
  }

  // MARK: What can happen

  enum Step {
    case perform, retryStart
    case greet(PoolMachine.WorkerID)
    case hear(PoolMachine.WorkerID)
    case begin(PoolMachine.WorkerID)
    case finish(PoolMachine.WorkerID)
    case end(PoolMachine.WorkerID)
    case deadline(Int)
    case grace(Int)
  }

  @discardableResult
  mutating func takeStep() throws -> Bool {
    guard let step = possibleSteps().randomElement(using: &random) else { return false }
    switch step {
    case .perform: try perform(actions.removeFirst())
    case .retryStart:
      retriesOfStart -= 1
      try handle(.retryStart)
    case .greet(let id): workers[id]?.greet()
    case .hear(let id): try hear(id)
    case .begin(let id): try begin(id)
    // From far below a claim to far above it.
    case .finish(let id) where Int.random(in: 0..<1000, using: &random) < confused: workers[id]?.confuse()
    case .finish(let id):
      workers[id]?.finishRunning(after: [100, 2000, 9000, 50_000_000].randomElement(using: &random) ?? 1)
    case .end(let id): workers[id]?.die()
    case .deadline(let index):
      let timer = deadlines.remove(at: index)
      try handle(.deadline(timer.item, turn: timer.turn))
    case .grace(let index):
      let grace = graces.remove(at: index)
      try handle(.graceEnded(grace.worker, grace.grace))
    }
    return true
  }

  private func possibleSteps() -> [Step] {
    var steps: [Step] = []
    if !actions.isEmpty { steps.append(.perform) }
    if retriesOfStart > 0 { steps.append(.retryStart) }
    for (id, worker) in workers.sorted(by: { $0.key < $1.key }) {
      if worker.canGreet { steps.append(.greet(id)) }
      if !worker.outbox.isEmpty { steps.append(.hear(id)) }
      if worker.canBegin { steps.append(.begin(id)) }
      if worker.canFinish { steps.append(.finish(id)) }
      if worker.canEnd { steps.append(.end(id)) }
    }
    steps += deadlines.indices.map(Step.deadline) + graces.indices.map(Step.grace)
    return steps
  }

  private mutating func hear(_ id: PoolMachine.WorkerID) throws {
    guard let message = workers[id]?.outbox.removeFirst() else { return }
    switch message {
    case .joined: try handle(.joined(id))
    case .answered(let item, let time): try handle(.answered(item, id, after: time))
    case .returned(let item): try handle(.returned(item, id))
    case .distrusted: try handle(.distrust(id))
    case .lost(let running):
      workers[id] = nil
      try handle(.lost(id, running: running))
    }
  }

  private mutating func begin(_ id: PoolMachine.WorkerID) throws {
    guard let item = workers[id]?.inbox.removeFirst() else { return }
    for (other, worker) in workers where worker.isAlive && worker.running?.item == item {
      throw Violation("item \(item) runs in \(other) and begins in \(id)")
    }
    try model.begin(item, in: id)
    let draw = Int.random(in: 0..<100, using: &random)
    let fate: RehearsedWorker.Fate = draw < dying ? .dies : draw < dying + spinning ? .spins : .answers
    workers[id]?.running = (item, fate)
    trace?.append("  \(id) begins \(item): \(fate)")
  }
}
