import Testing

@testable import MultiprocessingSystem

@Suite("Available parallelism")
struct ParallelismProbeTests {
  private func probe(_ system: FixtureSystem, affinity: Int = 16) -> ParallelismProbe {
    ParallelismProbe(root: system.root, affinityCount: affinity)
  }

  @Test("is the affinity where no group has a quota")
  func withoutQuota() throws {
    let system = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": "max 100000\n"])
    #expect(probe(system).quota == nil)
    #expect(probe(system).available == 16)
  }

  @Test("is the own group's quota, rounded up")
  func roundsUp() throws {
    let system = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": "250000 100000\n"])
    #expect(probe(system).quota == 2.5)
    #expect(probe(system).available == 3)
  }

  @Test("is the least quota of all groups above", arguments: ["/sys/fs/cgroup", "/sys/fs/cgroup/a"])
  func respectsAncestors(tightest: String) throws {
    let system = try FixtureSystem.unified([
      "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n", "\(tightest)/cpu.max": "100000 50000\n",
    ])
    #expect(probe(system).available == 2)
  }

  @Test("reads quota and period of version 1, where -1 is no limit")
  func version1() throws {
    let directory = "/sys/fs/cgroup/cpu,cpuacct"
    let system = try FixtureSystem.hybrid([
      "\(directory)/a/b/cpu.cfs_quota_us": "-1\n", "\(directory)/a/b/cpu.cfs_period_us": "100000\n",
      "\(directory)/a/cpu.cfs_quota_us": "320000\n", "\(directory)/a/cpu.cfs_period_us": "100000\n",
      "\(directory)/cpu.cfs_quota_us": "-1\n", "\(directory)/cpu.cfs_period_us": "100000\n",
    ])
    #expect(probe(system).quota == 3.2)
    #expect(probe(system).available == 4)
  }

  @Test("is at least one and at most the affinity")
  func bounds() throws {
    let tiny = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": "1000 100000\n"])
    #expect(probe(tiny).available == 1)
    let wide = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": "9000000 100000\n"])
    #expect(probe(wide, affinity: 3).available == 3)
  }

  @Test(
    "ignores a quota that makes no sense",
    arguments: ["", "max", "x 100000", "100000 0", "-5 100000", "99999999999999999999 1", "100000"])
  func malformed(text: String) throws {
    let system = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": text])
    #expect(probe(system).available == 16)
  }

  @Test("takes an enormous quota as no limit rather than overflow")
  func enormous() throws {
    let system = try FixtureSystem.unified(["/sys/fs/cgroup/a/b/cpu.max": "9223372036854775807 1"])
    #expect(probe(system).available == 16)
  }

  @Test("is the affinity on a system without control groups")
  func nothing() throws {
    let system = try FixtureSystem([:])
    #expect(probe(system).available == 16)
    #expect(ControlGroupVersion.current(root: system.root) == .none)
  }

  @Test("of this process is what the kernel allows")
  func thisProcess() {
    let probe = ParallelismProbe()
    #expect(probe.affinityCount >= 1)
    #expect(probe.affinityCount <= ParallelismProbe.onlineCount)
    #expect(Parallelism.available == probe.available)
    #expect((1...probe.affinityCount).contains(Parallelism.available))
  }
}
