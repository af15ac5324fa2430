import Testing

@testable import MultiprocessingSystem

@Suite("Control group")
struct ControlGroupTests {
  private func controlling(_ controller: String, _ system: FixtureSystem) -> ControlGroup? {
    ControlGroup(controller: controller, files: SystemFiles(root: system.root))
  }

  @Test("directories go from the own group up to the mount point")
  func ancestors() throws {
    let group = try #require(try controlling("cpu", FixtureSystem.unified()))
    #expect(group.version == 2)
    #expect(group.directories == ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"])
  }

  @Test("of a controller attached to version 1 is taken from there on a hybrid system")
  func hybrid() throws {
    let system = try FixtureSystem.hybrid()
    #expect(controlling("memory", system)?.version == 1)
    #expect(controlling("memory", system)?.directories.first == "/sys/fs/cgroup/memory/a/b")
    #expect(controlling("cpu", system)?.directories.first == "/sys/fs/cgroup/cpu,cpuacct/a/b")
    #expect(controlling("pids", system)?.version == 2)
    #expect(ControlGroupVersion.current(root: system.root) == .hybrid)
  }

  @Test("below the mounted part is found relative to it, as in a container with the host's namespace")
  func mountedSubtree() throws {
    let system = try FixtureSystem([
      "/proc/self/cgroup": "0::/docker/c1/inner\n",
      "/proc/self/mountinfo": "35 24 0:30 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
    ])
    #expect(controlling("cpu", system)?.directories == ["/sys/fs/cgroup/inner", "/sys/fs/cgroup"])
  }

  @Test("outside the mounted part is the mount point", arguments: ["/elsewhere/x", "/../../other", "/docker/c10"])
  func outside(path: String) throws {
    let system = try FixtureSystem([
      "/proc/self/cgroup": "0::\(path)\n",
      "/proc/self/mountinfo": "35 24 0:30 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
    ])
    #expect(controlling("cpu", system)?.directories == ["/sys/fs/cgroup"])
  }

  @Test("mount points may hold escaped spaces")
  func escapes() throws {
    let line: Substring = #"35 24 0:30 / /my\040groups\134x rw - cgroup2 cgroup rw"#
    #expect(ControlGroupMount(line: line)?.directory == #"/my groups\x"#)
  }

  @Test("lines that are no mounts of groups are none", arguments: ["", "a b - cgroup2", "1 2 3 / /x rw - ext4 a rw"])
  func noMount(line: String) {
    #expect(ControlGroupMount(line: line[...]) == nil)
  }
}
