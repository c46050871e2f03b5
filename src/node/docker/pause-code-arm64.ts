// The pause program's instructions for 64-bit ARM: what they do is told in pause-program.ts.
import type { Instruction } from '../machine-code.ts';

/** All instructions are words of four bytes, the lowest first. */
const word = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** A small number for a register. */
const set = (register: number, value: number, says: string): Instruction => ({
  bytes: word((0xd2800000 | (value << 5) | register) >>> 0),
  says: `mov  x${register}, #${value}`.padEnd(21) + says,
});

// System calls take their number in x8 and their arguments in x0, x1, x2, x3; they answer in x0.
const call: Instruction = { bytes: word(0xd4000001), says: 'svc  #0' };

export const pauseCodeArm64: readonly Instruction[] = [
  { bytes: word(0x92800000), says: 'mov  x0, #-1         all signals, as a mask' },
  { bytes: word(0xf81f0fe0), says: 'str  x0, [sp, #-16]! on the stack, where it stays' },
  set(0, 0, 'how = SIG_BLOCK'),
  { bytes: word(0x910003e1), says: 'mov  x1, sp          set = that mask' },
  set(2, 0, 'old set = none'),
  set(3, 8, 'size of the mask'),
  set(8, 135, 'rt_sigprocmask'),
  call,

  { label: 'reap', bytes: word(0x92800000), says: 'mov  x0, #-1         any child' },
  set(1, 0, 'its exit code = not wanted'),
  set(2, 1, 'WNOHANG'),
  set(3, 0, 'its usage = not wanted'),
  set(8, 260, 'wait4'),
  call,
  { bytes: word(0xf100001f), says: 'cmp  x0, #0' },
  { bytes: word(0x5400000c), to: 'reap', says: 'b.gt reap            one signal may stand for many children' },

  { label: 'wait', bytes: word(0x910003e0), says: 'mov  x0, sp          set = the mask again' },
  set(1, 0, 'details = none'),
  set(2, 0, 'no timeout'),
  set(3, 8, 'size of the mask'),
  set(8, 137, 'rt_sigtimedwait: the number of the next signal'),
  call,
  { bytes: word(0x71003c1f), says: 'cmp  w0, #15         SIGTERM?' },
  { bytes: word(0x54000000), to: 'exit', says: 'b.eq exit' },
  { bytes: word(0x7100081f), says: 'cmp  w0, #2          SIGINT?' },
  { bytes: word(0x54000000), to: 'exit', says: 'b.eq exit' },
  { bytes: word(0x7100441f), says: 'cmp  w0, #17         SIGCHLD?' },
  { bytes: word(0x54000000), to: 'reap', says: 'b.eq reap' },
  { bytes: word(0x5400000e), to: 'wait', says: 'b.al wait            any other signal is nothing to us' },

  { ...set(0, 0, 'exit code 0'), label: 'exit' },
  set(8, 93, 'exit'),
  call,
];
