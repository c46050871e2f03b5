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

export function hear<T extends ToProgram | FromProgram>(socket: Socket, heard: (message: T) => void): void {
  // Both sides are of one house: what comes is of the type that is said.
  createInterface({ input: socket }).on('line', (line) => heard(JSON.parse(line) as T));
}
