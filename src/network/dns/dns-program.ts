// A program: the cluster's DNS of this node. Its arguments are the socket file by which agents find it, and which build it is. A
// process of its own, so that lookups do not fail while the agent is away, nor wait while it is busy.
import { DnsProcess } from './dns-process.ts';
import { hasPredecessor, takeOver } from './handover.ts';

const [path = '', build = ''] = process.argv.slice(2);
// Who started it may be gone long before it ends.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const dns = new DnsProcess(path, build);
if (hasPredecessor()) {
  takeOver(dns);
} else {
  await dns.listen();
  process.stdout.write('listening\n');
}
