// The program of the pause container: it holds a pod's namespaces, reaps the pod's orphaned processes, and ends on
// SIGTERM or SIGINT. A static ELF of two hundred bytes, so that nothing is pulled and no compiler is needed on a host.
// It handles no signal: it blocks them all and asks for the next one, so that none arrives unexpectedly.

interface Instruction {
  /** The instruction can be jumped to by this name. */
  label?: string;
  bytes: number[];
  /** A short jump: its last byte, the distance, is filled in. */
  to?: string;
  says: string;
}

// System calls take their number in rax and their arguments in rdi, rsi, rdx, r10; they answer in rax.
const x64: Instruction[] = [
  { bytes: [0x6a, 0xff], says: 'push -1              all signals, as a mask on the stack, where it stays' },
  { bytes: [0x48, 0x89, 0xe6], says: 'mov  rsi, rsp        set = that mask' },
  { bytes: [0x31, 0xff], says: 'xor  edi, edi        how = SIG_BLOCK' },
  { bytes: [0x31, 0xd2], says: 'xor  edx, edx        old set = none' },
  { bytes: [0x6a, 0x08], says: 'push 8' },
  { bytes: [0x41, 0x5a], says: 'pop  r10             size of the mask' },
  { bytes: [0x6a, 0x0e], says: 'push 14' },
  { bytes: [0x58], says: 'pop  rax             rt_sigprocmask' },
  { bytes: [0x0f, 0x05], says: 'syscall' },

  { label: 'wait', bytes: [0x48, 0x89, 0xe7], says: 'mov  rdi, rsp        set = the mask again' },
  { bytes: [0x31, 0xf6], says: 'xor  esi, esi        details = none' },
  { bytes: [0x31, 0xd2], says: 'xor  edx, edx        no timeout' },
  { bytes: [0x6a, 0x08], says: 'push 8' },
  { bytes: [0x41, 0x5a], says: 'pop  r10             size of the mask' },
  {
    bytes: [0xb8, 0x80, 0x00, 0x00, 0x00],
    says: 'mov  eax, 128        rt_sigtimedwait: the number of the next signal',
  },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  { bytes: [0x83, 0xf8, 0x0f], says: 'cmp  eax, 15         SIGTERM?' },
  { bytes: [0x74, 0x00], to: 'exit', says: 'je   exit' },
  { bytes: [0x83, 0xf8, 0x02], says: 'cmp  eax, 2          SIGINT?' },
  { bytes: [0x74, 0x00], to: 'exit', says: 'je   exit' },
  { bytes: [0x83, 0xf8, 0x11], says: 'cmp  eax, 17         SIGCHLD?' },
  { bytes: [0x75, 0x00], to: 'wait', says: 'jne  wait            any other signal is nothing to us' },

  { label: 'reap', bytes: [0x6a, 0xff], says: 'push -1' },
  { bytes: [0x5f], says: 'pop  rdi             any child' },
  { bytes: [0x31, 0xf6], says: 'xor  esi, esi        its exit code = not wanted' },
  { bytes: [0x6a, 0x01], says: 'push 1' },
  { bytes: [0x5a], says: 'pop  rdx             WNOHANG' },
  { bytes: [0x45, 0x31, 0xd2], says: 'xor  r10d, r10d      its usage = not wanted' },
  { bytes: [0x6a, 0x3d], says: 'push 61' },
  { bytes: [0x58], says: 'pop  rax             wait4' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  { bytes: [0x85, 0xc0], says: 'test eax, eax' },
  { bytes: [0x7f, 0x00], to: 'reap', says: 'jg   reap            one signal may stand for many children' },
  { bytes: [0xeb, 0x00], to: 'wait', says: 'jmp  wait' },

  { label: 'exit', bytes: [0x31, 0xff], says: 'xor  edi, edi        exit code 0' },
  { bytes: [0x6a, 0x3c], says: 'push 60' },
  { bytes: [0x58], says: 'pop  rax             exit' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
];

const headersSize = 64 + 56;
const loadAddress = 0x400000n;

/** The program as an executable file. */
export function pauseProgram(architecture: string): Buffer {
  if (architecture !== 'x64') {
    throw new Error(
      `the pause program is written for x64 only, this host is ${architecture}: choose another image for pause containers`,
    );
  }
  const code = assemble(x64);
  return Buffer.concat([elfHeaders(code.length), code]);
}

function assemble(instructions: Instruction[]): Buffer {
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
export function pauseListing(): string[] {
  return x64.map(({ label = '', bytes, says }) => {
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return `${label.padEnd(6)}${hex.padEnd(16)}${says}`;
  });
}
