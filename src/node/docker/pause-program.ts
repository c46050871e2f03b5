// The program of the pause container: it holds a pod's namespaces, reaps the pod's orphaned processes, and ends on
// SIGTERM or SIGINT. A static ELF of two hundred bytes, so that nothing is pulled and no compiler is needed on a host.
// It handles no signal: it blocks them all and asks for the next one, so that none arrives unexpectedly. What ended before
// it did so has no signal any more, and is reaped first.
import { arm64, executable, type Instruction, listing } from '../machine-code.ts';
import { pauseCodeArm64 } from './pause-code-arm64.ts';

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
  { bytes: [0x74, 0x00], to: 'reap', says: 'je   reap' },
  { bytes: [0xeb, 0x00], to: 'wait', says: 'jmp  wait            any other signal is nothing to us' },

  { label: 'exit', bytes: [0x31, 0xff], says: 'xor  edi, edi        exit code 0' },
  { bytes: [0x6a, 0x3c], says: 'push 60' },
  { bytes: [0x58], says: 'pop  rax             exit' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
];

/** The program as an executable file. */
export function pauseProgram(architecture: string): Buffer {
  if (architecture === 'x64') return executable(x64);
  if (architecture === 'arm64') return executable(pauseCodeArm64, arm64);
  throw new Error(
    `the pause program is written for x64 and arm64, this host is ${architecture}: choose another image with --pod-infra-container-image`,
  );
}

export const pauseListing = (): string[] => listing(x64);
