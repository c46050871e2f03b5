// One DNS program hands its sockets over to the next, as Node's processes do among each other: they are the same sockets, with
// whatever waits in them, so that nobody who asks notices.
//
//   the one that goes      state ►  udp ►  tcp ►        takeOffice ►            datagram ► ...  (disconnects)
//   the one that comes   ◄ ready                ◄ taken            ◄ inOffice
//
// One that is left before the end, because the other was killed, takes the office by itself if it has all, and else gives up; one that
// cannot take it dies of that: nobody holds the sockets of whom agents do not know.
import type { RemoteInfo, Socket as UdpSocket } from 'node:dgram';
import type { Server } from 'node:net';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { HeirProcess } from '../../base/exec.ts';
import type { Datagram, DnsSockets } from './dns-server.ts';
import type { ServiceRecords } from './service-records.ts';

export interface Inheritance {
  settings: ClusterSettings;
  services: ServiceRecords[];
  namespaces: string[];
  isComplete: boolean;
  sockets: DnsSockets;
}

/** What goes by as a message. */
type State = Omit<Inheritance, 'sockets'>;

type ToHeir =
  | ({ give: 'state' } & State)
  | { give: 'udp' | 'tcp' | 'office' }
  | { give: 'datagram'; response: string; port: number; address: string };
type FromHeir = 'ready' | 'taken' | 'inOffice';

export interface Successor {
  /** Where agents find the program is free: it is there from then on. */
  takeOffice(): Promise<void>;
  send(datagram: Datagram): void;
  farewell(): void;
}

/** Resolves when the new program answers with the same sockets. */
export async function handOver(command: string, args: string[], estate: Inheritance): Promise<Successor> {
  const heir = new HeirProcess(command, args);
  const give = (message: ToHeir, socket?: UdpSocket | Server) => heir.send(message, socket);
  const hear = async (word: FromHeir) => {
    try {
      await heir.says(word);
    } catch (error) {
      // It may hold the sockets.
      heir.kill();
      throw error;
    }
  };
  const { sockets, ...state } = estate;
  await hear('ready');
  give({ give: 'state', ...state });
  give({ give: 'udp' }, sockets.udp);
  give({ give: 'tcp' }, sockets.tcp);
  await hear('taken');
  return {
    takeOffice: async () => {
      give({ give: 'office' });
      await hear('inOffice');
    },
    send: ({ response, port, address }) =>
      give({ give: 'datagram', response: response.toString('base64'), port, address }),
    farewell: () => heir.disconnect(),
  };
}

/** The other side. */
export interface Heir {
  inherit(inheritance: Inheritance): { send(datagram: Datagram): void };
  listen(): Promise<void>;
}

/** Whether this program was started by one that goes. */
export const hasPredecessor = (): boolean => process.send !== undefined;

export function takeOver(heir: Heir): void {
  let state: State | undefined;
  let udp: UdpSocket | undefined;
  let send = (_: Datagram) => {};
  let stage: 'waiting' | 'taken' | 'inOffice' = 'waiting';
  /** The socket hears from the moment it is here. */
  const early: [query: Buffer, from: RemoteInfo][] = [];
  const hold = (query: Buffer, from: RemoteInfo) => early.push([query, from]);
  const say = (word: FromHeir) => process.connected && process.send?.(word);
  const takeOffice = () => {
    stage = 'inOffice';
    void heir.listen().then(() => say('inOffice'));
  };
  process.once('disconnect', () => {
    if (stage === 'taken') takeOffice();
    else if (stage === 'waiting') udp?.close();
  });
  process.on('message', (message: ToHeir, socket: unknown) => {
    switch (message.give) {
      case 'state':
        state = message;
        break;
      case 'udp':
        udp = socket as UdpSocket;
        udp.on('message', hold);
        break;
      case 'tcp': {
        if (!state || !udp) throw new Error('the handover is out of order');
        const office = heir.inherit({ ...state, sockets: { udp, tcp: socket as Server } });
        udp.off('message', hold);
        for (const [query, from] of early.splice(0)) udp.emit('message', query, from);
        send = (datagram) => office.send(datagram);
        stage = 'taken';
        say('taken');
        break;
      }
      case 'office':
        takeOffice();
        break;
      case 'datagram':
        send({ ...message, response: Buffer.from(message.response, 'base64') });
    }
  });
  say('ready');
}
