// What the agent and the DNS program say to each other: lines of JSON over a Unix socket that only root can reach.
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import type { ServiceRecords } from './service-records.ts';

export type ToProgram =
  /** Where to answer, and for what. */
  | { do: 'settings'; settings: ClusterSettings }
  /** All services follow, one by one; at "complete" those that were not named are gone. */
  | { do: 'begin' | 'complete' }
  | { do: 'put'; service: ServiceRecords }
  | { do: 'drop'; key: string }
  /** All that there are. */
  | { do: 'namespaces'; names: string[] }
  /** Hand everything over to another program, and go. */
  | { do: 'replace'; command: string; args: string[] }
  | { do: 'end' };

export type FromProgram =
  /** Which program it is; and where it answers already. */
  | { is: 'here'; build: string; address?: string }
  | { is: 'listening' }
  | { is: 'failed'; reason: string }
  | { is: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: Record<string, string> };

export function tell(socket: Socket, message: ToProgram | FromProgram): boolean {
  return socket.writable && socket.write(`${JSON.stringify(message)}\n`);
}

/** What comes of a peer that ends in the midst of a line is not heard, and ends the connection. Its errors are its owner's. */
export function hear<T extends ToProgram | FromProgram>(socket: Socket, heard: (message: T) => void): void {
  const lines = createInterface({ input: socket });
  // It tells the socket's errors once more.
  lines.on('error', () => {});
  lines.on('line', (line) => {
    const message = parse<T>(line);
    if (message) heard(message);
    else socket.destroy();
  });
}

/** Both sides are of one house: what comes whole is of the type that is said. */
function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}
