// The program that connects inside another network namespace and hands the connected socket to the agent, so that the agent
// itself speaks to a pod's 127.0.0.1. It is given the namespace's file as its argument and the address, as the kernel has
// it, on its standard input; it says no word but the one by which Node's processes hand over sockets, and ends with 0, or
// with the number of the error that kept it from connecting.
import { executable, type Instruction, listing } from './machine-code.ts';

/** Node takes this, on descriptor 3, as a message with a socket. */
const message = [...Buffer.from('{"cmd":"NODE_HANDLE","type":"net.Socket","msg":0}\n')];

const failsIfNegative: Instruction[] = [
  { bytes: [0x85, 0xc0], says: 'test eax, eax' },
  { bytes: [0x78, 0x00], to: 'fail', says: 'js   fail' },
];

// System calls take their number in rax and their arguments in rdi, rsi, rdx; they answer in rax.
const x64: Instruction[] = [
  { bytes: [0x48, 0x8b, 0x7c, 0x24, 0x10], says: 'mov  rdi, [rsp+16]   the first argument: the file' },
  { bytes: [0xeb, 0x00], to: 'main', says: 'jmp  main' },

  { label: 'fail', bytes: [0xf7, 0xd8], says: 'neg  eax' },
  { bytes: [0x89, 0xc7], says: 'mov  edi, eax        exit code = the error' },
  { bytes: [0x6a, 0x3c], says: 'push 60' },
  { bytes: [0x58], says: 'pop  rax             exit' },
  { bytes: [0x0f, 0x05], says: 'syscall' },

  { label: 'main', bytes: [0x31, 0xf6], says: 'xor  esi, esi        for reading' },
  { bytes: [0x6a, 0x02], says: 'push 2' },
  { bytes: [0x58], says: 'pop  rax             open' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  ...failsIfNegative,
  { bytes: [0x89, 0xc7], says: 'mov  edi, eax        that file' },
  { bytes: [0xbe, 0x00, 0x00, 0x00, 0x40], says: 'mov  esi, CLONE_NEWNET' },
  { bytes: [0xb8, 0x34, 0x01, 0x00, 0x00], says: 'mov  eax, 308        setns' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  ...failsIfNegative,

  { bytes: [0x48, 0x81, 0xec, 0x80, 0x00, 0x00, 0x00], says: 'sub  rsp, 128        room for the address' },
  { bytes: [0x31, 0xff], says: 'xor  edi, edi        from standard input' },
  { bytes: [0x48, 0x89, 0xe6], says: 'mov  rsi, rsp' },
  { bytes: [0x6a, 0x1c], says: 'push 28              the longest, that of IPv6' },
  { bytes: [0x5a], says: 'pop  rdx' },
  { bytes: [0x31, 0xc0], says: 'xor  eax, eax        read' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  ...failsIfNegative,
  { bytes: [0x89, 0xc3], says: 'mov  ebx, eax        its length' },

  { bytes: [0x0f, 0xb7, 0x3c, 0x24], says: 'movzx edi, word [rsp] family = as the address begins' },
  { bytes: [0x6a, 0x01], says: 'push 1' },
  { bytes: [0x5e], says: 'pop  rsi             SOCK_STREAM' },
  { bytes: [0x31, 0xd2], says: 'xor  edx, edx' },
  { bytes: [0x6a, 0x29], says: 'push 41' },
  { bytes: [0x58], says: 'pop  rax             socket' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  ...failsIfNegative,
  { bytes: [0x89, 0xc5], says: 'mov  ebp, eax        the socket' },
  { bytes: [0x89, 0xc7], says: 'mov  edi, eax' },
  { bytes: [0x48, 0x89, 0xe6], says: 'mov  rsi, rsp' },
  { bytes: [0x89, 0xda], says: 'mov  edx, ebx' },
  { bytes: [0x6a, 0x2a], says: 'push 42' },
  { bytes: [0x58], says: 'pop  rax             connect' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  ...failsIfNegative,

  { bytes: [0x89, 0xef], says: 'mov  edi, ebp' },
  { bytes: [0x6a, 0x04], says: 'push 4' },
  { bytes: [0x5e], says: 'pop  rsi             F_SETFL' },
  { bytes: [0xba, 0x00, 0x08, 0x00, 0x00], says: 'mov  edx, O_NONBLOCK as Node wants it' },
  { bytes: [0x6a, 0x48], says: 'push 72' },
  { bytes: [0x58], says: 'pop  rax             fcntl' },
  { bytes: [0x0f, 0x05], says: 'syscall' },

  { bytes: [0x55], says: 'push rbp             cmsghdr: the socket,' },
  { bytes: [0x6a, 0x01], says: 'push 1               SOL_SOCKET,' },
  { bytes: [0xc7, 0x44, 0x24, 0x04, 0x01, 0x00, 0x00, 0x00], says: 'mov  dword [rsp+4], SCM_RIGHTS' },
  { bytes: [0x6a, 0x14], says: 'push 20              its length' },
  { bytes: [0x49, 0x89, 0xe0], says: 'mov  r8, rsp' },
  { bytes: [0x6a, message.length], says: 'push length          iovec: the message,' },
  { bytes: [0xe8, message.length, 0x00, 0x00, 0x00], says: 'call over it         which leaves its address' },
  { bytes: message, says: 'the message' },
  { bytes: [0x49, 0x89, 0xe1], says: 'mov  r9, rsp' },
  { bytes: [0x6a, 0x00], says: 'push 0               msghdr: flags,' },
  { bytes: [0x6a, 0x18], says: 'push 24              size of the cmsghdr,' },
  { bytes: [0x41, 0x50], says: 'push r8              the cmsghdr,' },
  { bytes: [0x6a, 0x01], says: 'push 1               one iovec,' },
  { bytes: [0x41, 0x51], says: 'push r9              the iovec,' },
  { bytes: [0x6a, 0x00], says: 'push 0               no' },
  { bytes: [0x6a, 0x00], says: 'push 0               name' },
  { bytes: [0x6a, 0x03], says: 'push 3' },
  { bytes: [0x5f], says: 'pop  rdi             to the agent' },
  { bytes: [0x48, 0x89, 0xe6], says: 'mov  rsi, rsp' },
  { bytes: [0x31, 0xd2], says: 'xor  edx, edx' },
  { bytes: [0x6a, 0x2e], says: 'push 46' },
  { bytes: [0x58], says: 'pop  rax             sendmsg' },
  { bytes: [0x0f, 0x05], says: 'syscall' },

  { bytes: [0x6a, 0x03], says: 'push 3' },
  { bytes: [0x5f], says: 'pop  rdi' },
  { bytes: [0x48, 0x89, 0xe6], says: 'mov  rsi, rsp' },
  { bytes: [0x6a, 0x40], says: 'push 64' },
  { bytes: [0x5a], says: 'pop  rdx' },
  { bytes: [0x31, 0xc0], says: 'xor  eax, eax        read: until the agent has taken it' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
  { bytes: [0x31, 0xff], says: 'xor  edi, edi' },
  { bytes: [0x6a, 0x3c], says: 'push 60' },
  { bytes: [0x58], says: 'pop  rax             exit' },
  { bytes: [0x0f, 0x05], says: 'syscall' },
];

/** The program as an executable file. */
export function handoverProgram(architecture: string): Buffer {
  if (architecture !== 'x64')
    throw new Error(`connecting inside a pod is written for x64 only, this host is ${architecture}`);
  return executable(x64);
}

export const handoverListing = (): string[] => listing(x64);
