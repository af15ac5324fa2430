/// Encodes the arguments of a closure behind each other, with one context for all their descriptors.
///
/// - Throws: `notTransferable`, with the type, the place in it and the reason.
package func encodeArguments<each Argument: Encodable & Sendable>(
  _ argument: repeat each Argument, format: TransferFormat
) throws -> TransferPayload {
  var writer = TransferWriter(format, spills: true)
  for argument in repeat each argument { try writer.write(argument) }
  return try writer.payload()
}

/// Decodes what `encodeArguments` has written.
///
/// - Throws: `notTransferable`, with the type, the place in it and the reason.
package func decodeArguments<each Argument: Decodable & Sendable>(
  _ types: (repeat (each Argument).Type), from payload: TransferPayload, format: TransferFormat
) throws -> (repeat each Argument) {
  try payload.read(format) { reader in
    let arguments = (repeat try reader.read((each Argument).self))
    try reader.finish((repeat each Argument).self)
    return arguments
  }
}
