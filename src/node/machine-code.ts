// Small programs for x86-64 without compiler or library: instructions written down as bytes, put together as an executable
// file that needs nothing but the kernel.
export interface Instruction {
  /** The instruction can be jumped to by this name. */
  label?: string;
  bytes: number[];
  /** A short jump: its last byte, the distance, is filled in. */
  to?: string;
  says: string;
}

const headersSize = 64 + 56;
const loadAddress = 0x400000n;

/** The instructions as a static ELF. */
export function executable(instructions: readonly Instruction[]): Buffer {
  const code = assemble(instructions);
  return Buffer.concat([elfHeaders(code.length), code]);
}

function assemble(instructions: readonly Instruction[]): Buffer {
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const { label, bytes } of instructions) {
    if (label) offsets.set(label, offset);
    offset += bytes.length;
  }
  const code: number[] = [];
  for (const { bytes, to } of instructions) {
    code.push(...bytes);
    if (to === undefined) continue;
    const distance = (offsets.get(to) ?? Number.NaN) - code.length;
    if (!(distance >= -128 && distance <= 127)) throw new Error(`the jump to ${to} does not fit a short jump`);
    code[code.length - 1] = distance & 0xff;
  }
  return Buffer.from(code);
}

/** The file's header and that of its one segment: the whole file, mapped readable and executable. */
function elfHeaders(codeSize: number): Buffer {
  const headers = Buffer.alloc(headersSize);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // ELF, 64 bits, little endian, version 1
  headers.writeUInt16LE(2, 16); // an executable
  headers.writeUInt16LE(62, 18); // for x86-64
  headers.writeUInt32LE(1, 20); // version
  headers.writeBigUInt64LE(loadAddress + BigInt(headersSize), 24); // entry point: right behind the headers
  headers.writeBigUInt64LE(64n, 32); // where the segment's header stands
  headers.writeUInt16LE(64, 52); // size of this header
  headers.writeUInt16LE(56, 54); // size of a segment's header
  headers.writeUInt16LE(1, 56); // one segment
  headers.writeUInt32LE(1, 64); // to be loaded
  headers.writeUInt32LE(5, 68); // readable and executable
  headers.writeBigUInt64LE(loadAddress, 80); // virtual address
  headers.writeBigUInt64LE(loadAddress, 88); // physical address
  headers.writeBigUInt64LE(BigInt(headersSize + codeSize), 96); // bytes in the file
  headers.writeBigUInt64LE(BigInt(headersSize + codeSize), 104); // bytes in memory
  headers.writeBigUInt64LE(0x1000n, 112); // alignment
  return headers;
}

/** The instructions as text, one a line, for reading beside a disassembly. */
export function listing(instructions: readonly Instruction[]): string[] {
  return instructions.map(({ label = '', bytes, says }) => {
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return `${label.padEnd(6)}${hex.padEnd(16)}${says}`;
  });
}
