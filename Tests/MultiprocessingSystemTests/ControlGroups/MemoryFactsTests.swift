import Testing

@testable import MultiprocessingSystem

@Suite("Memory facts")
struct MemoryFactsTests {
  private let machine = ["/proc/meminfo": "MemTotal:  9000 kB\nMemAvailable:    5000 kB\n"]

  @Test("name the tightest group, whichever level it is on")
  func tightest() throws {
    let system = try FixtureSystem.unified(
      machine.merging([
        "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/b/memory.current": "700\n",
        "/sys/fs/cgroup/a/memory.max": "1000\n", "/sys/fs/cgroup/a/memory.current": "900\n",
        "/sys/fs/cgroup/memory.max": "5000\n", "/sys/fs/cgroup/memory.current": "4950\n",
      ]) { $1 })
    let facts = MemoryFacts.now(root: system.root)
    #expect(facts == MemoryFacts(available: 5_120_000, limit: 1000, headroom: 50))
    #expect(facts.usable == 50)
  }

  @Test("count idle page cache as headroom")
  func pageCache() throws {
    let system = try FixtureSystem.unified([
      "/sys/fs/cgroup/a/b/memory.max": "1000\n", "/sys/fs/cgroup/a/b/memory.current": "900\n",
      "/sys/fs/cgroup/a/b/memory.stat": "anon 100\ninactive_file 300\n",
    ])
    #expect(MemoryFacts.now(root: system.root).headroom == 400)
  }

  @Test("know version 1's files and its number for no limit")
  func version1() throws {
    let directory = "/sys/fs/cgroup/memory"
    let system = try FixtureSystem.hybrid([
      "\(directory)/a/b/memory.limit_in_bytes": "9223372036854771712\n",
      "\(directory)/a/memory.limit_in_bytes": "2000\n", "\(directory)/a/memory.usage_in_bytes": "1500\n",
      "\(directory)/a/memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
    ])
    #expect(MemoryFacts.now(root: system.root) == MemoryFacts(available: nil, limit: 2000, headroom: 700))
  }

  @Test("stay at zero when a group is over its limit")
  func overLimit() throws {
    let system = try FixtureSystem.unified([
      "/sys/fs/cgroup/a/b/memory.max": "1000\n", "/sys/fs/cgroup/a/b/memory.current": "1200\n",
    ])
    #expect(MemoryFacts.now(root: system.root).usable == 0)
  }

  @Test("of this machine show some memory")
  func thisMachine() throws {
    #expect(try #require(MemoryFacts.now().usable) > 0)
  }
}

@Suite("Memory evidence")
struct MemoryEvidenceTests {
  private let events = "/sys/fs/cgroup/a/b/memory.events"

  @Test("shows a kill that our group counted")
  func groupKill() throws {
    let system = try FixtureSystem.unified([events: "low 0\noom 1\noom_kill 1\n"])
    let before = MemoryEvidence.now(root: system.root)
    try system.write("low 0\noom 2\noom_kill 2\noom_group_kill 0\n", to: events)
    let after = MemoryEvidence.now(root: system.root)
    #expect(after.showsKill(since: before))
    #expect(after != before)
  }

  @Test("does not take another container's kill for ours")
  func foreignKill() throws {
    let system = try FixtureSystem.unified([events: "oom_kill 1\n", "/proc/vmstat": "oom_kill 4\n"])
    let before = MemoryEvidence.now(root: system.root)
    try system.write("oom_kill 5\n", to: "/proc/vmstat")
    #expect(!MemoryEvidence.now(root: system.root).showsKill(since: before))
  }

  @Test("falls back on the machine's counter")
  func machineKill() throws {
    let system = try FixtureSystem.unified(["/proc/vmstat": "nr_free_pages 1\noom_kill 4\n"])
    let before = MemoryEvidence.now(root: system.root)
    #expect(!MemoryEvidence.now(root: system.root).showsKill(since: before))
    try system.write("nr_free_pages 1\noom_kill 5\n", to: "/proc/vmstat")
    #expect(MemoryEvidence.now(root: system.root).showsKill(since: before))
  }

  @Test("reads version 1's counter")
  func version1() throws {
    let file = "/sys/fs/cgroup/memory/a/b/memory.oom_control"
    let system = try FixtureSystem.hybrid([file: "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"])
    let before = MemoryEvidence.now(root: system.root)
    try system.write("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", to: file)
    #expect(MemoryEvidence.now(root: system.root).showsKill(since: before))
  }

  @Test("shows nothing where nothing can be read")
  func nothing() throws {
    let system = try FixtureSystem([:])
    let evidence = MemoryEvidence.now(root: system.root)
    #expect(!MemoryEvidence.now().showsKill(since: evidence))
    #expect(!evidence.showsKill(since: MemoryEvidence.now()))
  }
}
