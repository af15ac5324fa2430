/// Runs the line program of one unit: the byte code that makes up the table from address to source line.
struct LineProgram {
  /// A row of the table: from its address to that of the next row, the code comes from this line.
  struct Row: Equatable {
    var address: UInt64 = 0
    var file: UInt64 = 1
    var line: UInt64 = 1
  }

  private let header: LineProgramHeader
  /// Those not found yet, in order.
  private var targets: [UInt64]
  private var reader: ByteReader
  private var row = Row()
  private var previous: Row?
  /// In the rows of a function that the linker removed: they stay, at address zero.
  private var isRemoved = false
  private var found: [UInt64: Row] = [:]

  /// The rows of `targets`, as far as this unit has them. Takes time linear in the unit's length.
  static func rows(of targets: [UInt64], header: LineProgramHeader, unit: [UInt8]) -> [UInt64: Row] {
    var program = LineProgram(header: header, targets: targets.sorted(), unit: unit)
    while !program.reader.isAtEnd, !program.targets.isEmpty { program.step() }
    return program.found
  }

  private init(header: LineProgramHeader, targets: [UInt64], unit: [UInt8]) {
    self.header = header
    self.targets = targets
    reader = ByteReader(unit, from: header.programStart)
  }

  private mutating func step() {
    let opcode = reader.uint8()
    if opcode >= header.opcodeBase {
      special(opcode)
    } else if opcode == 0 {
      extended()
    } else {
      standard(opcode)
    }
  }

  /// All arithmetic wraps: the numbers come from the file.
  private mutating func special(_ opcode: UInt8) {
    let adjusted = opcode - header.opcodeBase
    advance(UInt64(adjusted / header.lineRange))
    moveLine(Int64(header.lineBase) + Int64(adjusted % header.lineRange))
    emit()
  }

  private mutating func advance(_ operations: UInt64) {
    row.address &+= operations &* header.minimumInstruction
  }

  private mutating func moveLine(_ delta: Int64) {
    row.line &+= UInt64(bitPattern: delta)
  }

  private mutating func standard(_ opcode: UInt8) {
    switch opcode {
    case 1: emit()  // DW_LNS_copy
    case 2: advance(reader.uleb())
    case 3: moveLine(reader.sleb())
    case 4: row.file = reader.uleb()
    case 5: _ = reader.uleb()  // DW_LNS_set_column
    case 8: advance(UInt64((255 - header.opcodeBase) / header.lineRange))  // DW_LNS_const_add_pc
    case 9: row.address &+= UInt64(reader.uint16())  // DW_LNS_fixed_advance_pc
    default: for _ in 0..<header.operandCounts[Int(opcode) - 1] { _ = reader.uleb() }
    }
  }

  private mutating func extended() {
    let length = reader.uleb()
    guard length > 0, length <= UInt64(reader.remaining) else { return reader.skip(length) }
    let next = reader.position + Int(length)
    switch reader.uint8() {
    case 1:  // DW_LNE_end_sequence
      emit()
      row = Row()
      previous = nil
      isRemoved = false
    case 2:  // DW_LNE_set_address
      row.address = reader.unsigned(size: Int(length) - 1)
      isRemoved = row.address == 0
    default: break
    }
    reader.advance(to: next)
  }

  /// Adds the row: the one before it now has an end.
  private mutating func emit() {
    defer { previous = row }
    guard let previous, !isRemoved, let first = targets.first, let last = targets.last else { return }
    guard previous.address <= last, first < row.address, previous.address < row.address else { return }
    let start = targets.partitioningIndex { $0 >= previous.address }
    let end = targets.partitioningIndex { $0 >= row.address }
    for target in targets[start..<end] { found[target] = previous }
    targets.removeSubrange(start..<end)
  }
}
