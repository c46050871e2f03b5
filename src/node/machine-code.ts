// Small programs without compiler or library: instructions written down as bytes, put together as an executable file that
// needs nothing but the kernel.
export interface Instruction {
  /** The instruction can be jumped to by this name. */
  label?: string;
  bytes: number[];
  /** A jump: the distance to that label is filled in. */
  to?: string;
  says: string;
}

/** What is different from one sort of processor to the other. */
export interface Machine {
  /** By which an executable says what it is for. */
  elfNumber: number;
  pageSize: number;
  /** A jump with its distance, counted from its first byte; undefined where it does not reach so far. */
  aim(bytes: readonly number[], distance: number): number[] | undefined;
}

/** Jumps are short ones: the last byte is the distance, counted from the jump's end. */
const x64: Machine = {
  elfNumber: 62,
  pageSize: 0x1000,
  aim: (bytes, distance) => {
    const fromEnd = distance - bytes.length;
    return fromEnd >= -128 && fromEnd <= 127 ? [...bytes.slice(0, -1), fromEnd & 0xff] : undefined;
  },
};

/** Jumps are on a condition: bits 5 to 23 are the distance in words. Pages are the largest that kernels are built with. */
export const arm64: Machine = {
  elfNumber: 183,
  pageSize: 0x10000,
  aim: (bytes, distance) => {
    const jump = Buffer.from(bytes);
    jump.writeUInt32LE((jump.readUInt32LE() | (((distance / 4) & 0x7ffff) << 5)) >>> 0);
    return Math.abs(distance) < 2 ** 20 ? [...jump] : undefined;
  },
};

const headersSize = 64 + 56;
const loadAddress = 0x400000n;

/** The instructions as a static ELF. */
export function executable(instructions: readonly Instruction[], machine: Machine = x64): Buffer {
  const code = assemble(instructions, machine);
  return Buffer.concat([elfHeaders(code.length, machine), code]);
}

function assemble(instructions: readonly Instruction[], { aim }: Machine): Buffer {
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const { label, bytes } of instructions) {
    if (label) offsets.set(label, offset);
    offset += bytes.length;
  }
  const code: number[] = [];
  for (const { bytes, to } of instructions) {
    const target = to === undefined ? 0 : offsets.get(to);
    const aimed = to === undefined ? bytes : target === undefined ? undefined : aim(bytes, target - code.length);
    if (!aimed) throw new Error(`no jump leads to ${to}`);
    code.push(...aimed);
  }
  return Buffer.from(code);
}

/** The file's header and that of its one segment: the whole file, mapped readable and executable. */
function elfHeaders(codeSize: number, { elfNumber, pageSize }: Machine): Buffer {
  const headers = Buffer.alloc(headersSize);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // ELF, 64 bits, little endian, version 1
  headers.writeUInt16LE(2, 16); // an executable
  headers.writeUInt16LE(elfNumber, 18);
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
  headers.writeBigUInt64LE(BigInt(pageSize), 112); // alignment
  return headers;
}

/** The instructions as text, one a line, for reading beside a disassembly. */
export function listing(instructions: readonly Instruction[]): string[] {
  return instructions.map(({ label = '', bytes, says }) => {
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return `${label.padEnd(6)}${hex.padEnd(16)}${says}`;
  });
}
